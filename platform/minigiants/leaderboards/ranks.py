"""Noting ranks when a day begins, for the change that pages show."""

from datetime import date

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from minigiants.leaderboards.models import Board


def ranks_note() -> int:
    """Note the ranks of the boards that have not been noted today (UTC). Returns of how many.

    A board that has not moved for long is noted too: once a day, off every request's path.
    """
    today = timezone.now().date()
    due = Board.objects.filter(Q(ranks_noted_on__isnull=True) | Q(ranks_noted_on__lt=today))
    return sum(_note(board, today) for board in due.only("pk", "ranks_noted_on"))


@transaction.atomic
def _note(board: Board, today: date) -> bool:
    # Compare-and-set: of two dispatchers that wake at once one notes.
    unchanged = Board.objects.filter(pk=board.pk, ranks_noted_on=board.ranks_noted_on)
    if not unchanged.update(ranks_noted_on=today):
        return False
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM leaderboards_earlierrank WHERE board_id = %s", [board.pk])
        cursor.execute(
            """
            INSERT INTO leaderboards_earlierrank (board_id, team_id, rank)
            SELECT board_id, team_id, row_number() OVER (ORDER BY place)
            FROM leaderboards_standing WHERE board_id = %s
            """,
            [board.pk],
        )
    return True
