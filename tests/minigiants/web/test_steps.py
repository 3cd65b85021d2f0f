"""The steps of a submission, from its view."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from evaluator.inspection.judgement import Judgement
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.presentation import ShownChange, SubmissionView
from minigiants.web.steps import STAGES, TITLES, steps_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def view(*statuses: str, stage: str = "", reasons: dict[int, str] | None = None) -> SubmissionView:
    changes = tuple(
        ShownChange(
            id=number,
            status=status,
            at=START + timedelta(minutes=number),
            code="",
            reason=(reasons or {}).get(number, ""),
        )
        for number, status in enumerate(statuses)
    )
    return SubmissionView(
        id=uuid4(),
        number=1,
        competition="digits",
        team="t",
        message="",
        status=statuses[-1],
        stage=stage,
        is_final=False,
        is_late=False,
        is_selected=False,
        is_selectable=False,
        disqualified_for="",
        division=None,
        phase="main",
        format="onnx",
        artifact=uuid4(),
        submitted_at=START,
        updated_at=START,
        position=None,
        expected_start=None,
        retry_at=None,
        quota_charged=False,
        score=None,
        score_shown=None,
        scores=(),
        is_held_back=False,
        against_best=None,
        rank=None,
        error=None,
        judgement=Judgement(refusals=(), division=None, gauges=()),
        counts=None,
        changes=changes,
        measurements=None,
        has_log=False,
        url="",
        api_url="",
    )


@pytest.mark.parametrize(
    ("statuses", "states"),
    [
        (["queued"], ["now", "ahead", "ahead", "ahead"]),
        (["queued", "predicting"], ["done", "now", "ahead", "ahead"]),
        (["queued", "predicting", "scoring"], ["done", "done", "now", "ahead"]),
        (["queued", "predicting", "scoring", "scored"], ["done"] * 4),
        (["queued", "predicting", "failed"], ["done", "done", "stop"]),
        (["queued", "cancelled"], ["done", "stop"]),
        (["rejected"], ["stop"]),
    ],
)
def test_states(statuses: list[str], states: list[str]) -> None:
    assert [step.state for step in steps_of(view(*statuses))] == states


def test_a_step_taken_again_shows_its_last_time_and_why() -> None:
    taken = view(
        "queued", "predicting", "queued", reasons={2: "The worker was lost. It is tried again."}
    )
    steps = steps_of(taken)
    assert steps[0].state == "now"
    assert steps[0].at == START + timedelta(minutes=2)
    assert "The worker was lost" in steps[0].note
    assert steps[1].state == "ahead"
    assert steps[1].at is None


def test_the_stage_is_told_while_it_runs() -> None:
    running = view("queued", "predicting", stage="smoke")
    assert steps_of(running)[1].note == "Smoke run on public data."
    assert steps_of(replace(running, status="scoring"))[1].note == ""


def test_every_status_has_a_title() -> None:
    assert set(TITLES) == set(Status)
    assert all(STAGES.values())
