"""The table of states, and the compare-and-set that walks it."""

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minigiants.submissions.lifecycle import (
    ACTIVE,
    FINAL,
    TRANSITIONS,
    IllegalTransition,
    Status,
    advance,
    check_transition,
)
from minigiants.submissions.models import Evaluation
from tests.support.pipeline import queued_submission

pytestmark = pytest.mark.django_db

FAR = timezone.now()


def test_every_status_has_a_place_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Status)
    assert {Status.SCORED, Status.REJECTED, Status.FAILED, Status.CANCELLED} == FINAL
    assert set(Status) - FINAL == ACTIVE


def test_every_active_status_leads_to_an_end() -> None:
    for status in ACTIVE:
        reached, frontier = set(), {status}
        while frontier:
            reached |= frontier
            frontier = {to for each in frontier for to in TRANSITIONS[each]} - reached
        assert reached & FINAL, status


@given(current=st.sampled_from(Status), to=st.sampled_from(Status))
def test_only_the_tables_ways_are_open(current: Status, to: Status) -> None:
    if to in TRANSITIONS[current]:
        check_transition(current, to)
    else:
        with pytest.raises(IllegalTransition):
            check_transition(current, to)


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    actual=st.sampled_from(sorted(ACTIVE)),
    believed=st.sampled_from(sorted(ACTIVE)),
    actual_attempt=st.integers(1, 3),
    believed_attempt=st.integers(1, 3),
    leased=st.booleans(),
    unclaimed=st.sampled_from([None, True, False]),
    data=st.data(),
)
def test_advance_moves_a_row_only_when_it_is_as_believed(
    db: None,
    actual: Status,
    believed: Status,
    actual_attempt: int,
    believed_attempt: int,
    leased: bool,
    unclaimed: bool | None,
    data: st.DataObject,
) -> None:
    evaluation = Evaluation.objects.first() or queued_submission().evaluations.get()
    Evaluation.objects.filter(pk=evaluation.pk).update(
        status=actual, attempt=actual_attempt, lease_expires_at=FAR if leased else None, worker="a"
    )
    to = data.draw(st.sampled_from(sorted(TRANSITIONS[believed])))
    moved = advance(
        Evaluation.objects.all(),
        evaluation_id=evaluation.pk,
        current=believed,
        attempt=believed_attempt,
        to=to,
        unclaimed=unclaimed,
        worker="b",
    )
    expected = (
        actual == believed
        and actual_attempt == believed_attempt
        and (unclaimed is None or unclaimed is not leased)
    )
    evaluation.refresh_from_db()
    assert moved is expected
    assert (evaluation.status, evaluation.worker) == ((to, "b") if expected else (actual, "a"))
