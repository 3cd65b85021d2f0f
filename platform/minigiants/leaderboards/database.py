"""The database's own functions over the counted buckets, as expressions (migration 0002).

Each costs O(log n) and sees the same moment as the statement that it stands in.
"""

from typing import Any, ClassVar

from django.db.models import BigIntegerField, BinaryField, Expression, Func


class StandingsBefore(Func):
    """How many standings of a board come before a place: the rank is one more."""

    function = "board_standings_before"
    arity = 2
    output_field: ClassVar = BigIntegerField()


class PlaceAt(Func):
    """The place of the standing at an offset of a board (0: the first); null past the end."""

    function = "board_place_at"
    arity = 2
    output_field: ClassVar = BinaryField()


class FirstWithin(Func):
    """The first place of a board whose model has at most so many parameters."""

    function = "board_first_within"
    arity = 2
    output_field: ClassVar = BinaryField()


class Once(Func):
    """An expression that does not depend on the row, computed once a statement."""

    template = "(SELECT %(expressions)s)"
    arity = 1

    def __init__(self, expression: Expression, **extra: Any) -> None:
        super().__init__(expression, output_field=expression.output_field, **extra)
