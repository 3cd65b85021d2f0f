"""A team's submissions: the list, and the page of each."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from evaluator.contract import Measurements, Strength
from evaluator.inspection import Workload
from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.leaderboards.models import Board
from minigiants.leaderboards.statistics_models import StandingStatistics
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Submission
from minigiants.submissions.rounding import shown_measurements
from minigiants.teams.models import Team
from minigiants.web.templatetags.quantities import amount, quantity_title
from tests.minigiants.web.finished import finish
from tests.support.factories import (
    ArtifactFactory,
    SubmissionFactory,
    TeamFactory,
    UserFactory,
    member_add,
)

pytestmark = pytest.mark.django_db


def submission(team: Team, **changes: Any) -> Submission:
    return SubmissionFactory(artifact=ArtifactFactory(team=team), **changes)


def page(client: Client, pk: UUID, part: str = "") -> str:
    answer = client.get(f"/submissions/{pk}/{part}")
    assert answer.status_code == 200
    return answer.text


def test_a_queued_one_shows_its_place_and_how_to_cancel(logged_in: Client, team: Team) -> None:
    text = page(logged_in, submission(team).pk)
    assert "Position 1. No worker can take it at the moment" in text
    assert 'aria-current="step"' in text
    assert "Cancel this submission? No quota is charged." in text


def test_cancelling_a_started_one_says_what_it_costs(logged_in: Client, team: Team) -> None:
    text = page(logged_in, submission(team, status=Status.PREDICTING).pk)
    assert "It has been started, so it counts against the quota." in text
    assert 'data-final="false"' in text


def test_a_scored_one_shows_scores_gauge_and_measurements(logged_in: Client, team: Team) -> None:
    item = submission(team, message="wider")
    measured = {"sandbox": "gvisor", "latency_seconds": 0.0012345, "peak_memory_bytes": 1 << 20}
    finish(item, Status.SCORED, measurements=measured, smoke_log="loading <b>model</b>")
    text = page(logged_in, item.pk)
    for said in ("0.9633", "0.961", "1.2 ms", "977 KiB", "gvisor", "650", "of 1,000"):
        assert said in text
    assert "loading &lt;b&gt;model&lt;/b&gt;" in text
    assert 'data-final="true"' in text
    assert "minigiants submit ./model" in text.replace('<span class="word">', "").replace(
        "</span>", ""
    )
    assert "0.1234" not in text  # the private split


def test_all_that_is_measured_is_on_page_and_api(logged_in: Client, team: Team) -> None:
    """Each quantity once, with a number of its own, so that none can stand for another."""
    item = submission(team)
    measured = Measurements(
        sandbox=Strength.DOCKER,
        device="cuda",
        load_seconds=1.14,
        smoke_seconds=2.24,
        hidden_seconds=3.04,
        examples=600,
        latency_seconds=4.44,
        throughput=197.4,
        peak_memory_bytes=606 << 20,
        gpu_peak_memory_bytes=906 << 20,
        cpu_seconds=7.74,
    )
    finish(item, Status.SCORED, measurements=measured.model_dump(mode="json"))
    inspection = item.inspection
    workload = Workload(unit="token", active_parameters=808, flops=909)
    inspection.verdict["workload"] = workload.model_dump()
    inspection.save()

    text = page(logged_in, item.pk)
    for title, value in {
        "Loading": "1.1 s",
        "Smoke run": "2.2 s",
        "Hidden run": "3 s",
        "Latency, per example": "4.4 s",
        "Throughput": "200 / s",
        "Peak memory": "610 MiB",
        "Peak memory of the GPU": "906 MiB",
        "Processor time": "7.7 s",
        "Sandbox": "docker",
        "Device": "GPU",
        "Active parameters": "808",
    }.items():
        assert f"<dt>{title}</dt><dd>{value}</dd>" in text
    assert '<dd title="909">' in text
    counts = item.inspection.verdict["counts"]
    for quantity, size in counts.items():
        assert quantity_title(quantity) in text
        assert amount(size, quantity) in text

    answer = logged_in.get(f"/api/v1/submissions/{item.pk}").json()
    assert answer["measurements"] == shown_measurements(measured.model_dump(mode="json"))
    assert answer["inspection"]["counts"] == counts
    assert answer["inspection"]["workload"] == workload.model_dump()


def test_the_best_one_shows_its_interval_and_others_none(logged_in: Client, team: Team) -> None:
    best, other = submission(team), submission(team)
    for item in (best, other):
        finish(item, Status.SCORED)
    found = {"phase": best.phase, "division": best.division, "competition": team.competition}
    board = Board.objects.create(split="public", **found)
    hidden = Board.objects.create(split="private", **found)
    for each, low in ((board, 0.9412), (hidden, 0.1111)):
        StandingStatistics.objects.create(
            board=each, submission_id=best.pk, low=low, high=0.98, lowest_rank=1, highest_rank=3
        )
    text = page(logged_in, best.pk)
    assert "0.9412 to 0.9800" in text
    assert "Rank 1 to 3 by the tests" in text
    assert "0.1111" not in text
    assert "95 % interval" not in page(logged_in, other.pk)


def test_a_failed_one_says_what_why_and_how_to_mend(logged_in: Client, team: Team) -> None:
    item = submission(team)
    secret = "hidden input 42"
    finish(
        item,
        Status.FAILED,
        host_log=secret,
        host_detail=secret,
    )
    text = page(logged_in, item.pk)
    assert "The model took too long" in text
    assert "How to mend it" in text
    assert "/docs/errors#timed_out" in text
    assert "No quota was charged" in text
    assert secret not in text


def test_a_hostile_message_is_text(logged_in: Client, team: Team) -> None:
    item = submission(team, message='"><script>alert(1)</script>')
    for text in (
        page(logged_in, item.pk),
        logged_in.get("/competitions/digits/submissions/").text,
    ):
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_the_live_part_is_the_same_without_the_frame(logged_in: Client, team: Team) -> None:
    item = submission(team)
    live = page(logged_in, item.pk, "live/")
    assert live.lstrip().startswith('<div id="live"')
    assert "<html" not in live


def test_strangers_see_nothing(client: Client, team: Team) -> None:
    item = submission(team)
    for part in ("", "live/"):
        address = f"/submissions/{item.pk}/{part}"
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer["Location"] == f"/accounts/login/?next={address}"
    client.force_login(UserFactory())
    for part in ("", "live/"):
        assert client.get(f"/submissions/{item.pk}/{part}").status_code == 404
    assert client.post(f"/submissions/{item.pk}/cancel/").status_code == 404
    item.refresh_from_db()
    assert item.status == Status.QUEUED


def test_a_team_mate_sees_it(client: Client, team: Team) -> None:
    mate = UserFactory()
    member_add(team, mate)
    client.force_login(mate)
    assert "Submission #1" in page(client, submission(team).pk)


def test_cancelling_costs_no_quota(logged_in: Client, team: Team) -> None:
    item = submission(team)
    answer = logged_in.post(f"/submissions/{item.pk}/cancel/", follow=True)
    assert "The submission is cancelled. No quota was charged." in answer.text
    item.refresh_from_db()
    assert item.status == Status.CANCELLED
    again = logged_in.post(f"/submissions/{item.pk}/cancel/", follow=True)
    assert "This submission is finished" in again.text


def test_cancelling_is_a_post(logged_in: Client, team: Team) -> None:
    assert logged_in.get(f"/submissions/{submission(team).pk}/cancel/").status_code == 405


def test_the_list_is_the_own_teams(
    logged_in: Client, competition: Competition, team: Team, person: User
) -> None:
    assert "has not handed in yet" in logged_in.get("/competitions/digits/submissions/").text
    submission(team, message="mine")
    submission(TeamFactory(competition=competition), message="theirs")
    text = logged_in.get("/competitions/digits/submissions/").text
    assert "mine" in text
    assert "theirs" not in text


def test_the_list_has_pages(logged_in: Client, team: Team) -> None:
    for _ in range(26):
        submission(team)
    text = logged_in.get("/competitions/digits/submissions/").text
    assert "Page 1 of 2" in text
    assert "#26" in text
    assert "#1<" not in text
    assert "#1<" in logged_in.get("/competitions/digits/submissions/?page=2").text


def test_pages_cost_a_fixed_number_of_queries(
    logged_in: Client, team: Team, django_assert_num_queries: object
) -> None:
    item = submission(team)
    for _ in range(5):
        submission(team)
    with django_assert_num_queries(6):  # type: ignore[operator]
        logged_in.get("/competitions/digits/submissions/")
    with django_assert_num_queries(9):  # type: ignore[operator]
        logged_in.get(f"/submissions/{item.pk}/")
