"""What the API tells hosts of those who compete."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client

from evaluator.contract import Failure
from minigiants.accounts.models import User
from minigiants.api.schemas.hosted import HostedSubmissionOut, HostedTeamOut
from minigiants.competitions.models import Competition, Host
from minigiants.submissions.lifecycle import Status
from tests.support.factories import (
    ArtifactFactory,
    SubmissionFactory,
    TeamFactory,
    UserFactory,
    member_add,
)
from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db

Counted = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def viewer() -> User:
    person: User = UserFactory()
    return person


@pytest.fixture
def host(viewer: User, bearer: Any) -> Client:
    return Client(headers=bearer(viewer, ("host",)))


def test_teams_follow_each_other_newest_first(
    host: Client, viewer: User, competition: Competition
) -> None:
    Host.objects.create(competition=competition, user=viewer, role="viewer")
    teams = [TeamFactory(competition=competition, name=f"Oaks {number}") for number in range(3)]
    TeamFactory(competition=competition, name="Elms")
    member_add(teams[0], UserFactory(username="grace"))
    SubmissionFactory(artifact=ArtifactFactory(team=teams[0]), status=Status.FAILED)
    path = f"/api/v1/host/competitions/{competition.slug}/teams?name=oAK&limit=2"
    first = host.get(path).json()
    assert [item["name"] for item in first["items"]] == ["Oaks 2", "Oaks 1"]
    second = host.get(f"{path}&cursor={first['next_cursor']}").json()
    (oldest,) = second["items"]
    assert second["next_cursor"] is None
    assert oldest["members"][1:] == ["grace"]
    assert (oldest["submissions"], oldest["best_status"]) == (1, "failed")
    assert oldest["disqualified_at"] is None


@pytest.mark.parametrize("teams", [1, 4])
def test_teams_cost_the_same_for_any_number(
    host: Client,
    viewer: User,
    competition: Competition,
    teams: int,
    django_assert_num_queries: Counted,
) -> None:
    Host.objects.create(competition=competition, user=viewer, role="viewer")
    for _ in range(teams):
        SubmissionFactory(artifact=ArtifactFactory(team=TeamFactory(competition=competition)))
    with django_assert_num_queries(7):
        answer = host.get(f"/api/v1/host/competitions/{competition.slug}/teams")
    assert len(answer.json()["items"]) == teams


def test_a_submission_is_told_with_all_that_its_team_never_sees(host: Client, viewer: User) -> None:
    submission = queued_submission()
    role = Host.objects.create(competition=submission.competition, user=viewer, role="organizer")
    pipeline = Pipeline.start()
    evaluation = submission.evaluations.get()
    pipeline.report_failure(pipeline.claim_predict(evaluation), Failure.WORKER_FAULT)
    pipeline.report_predictions(pipeline.claim_predict(evaluation, attempt=2))
    pipeline.report_scores(pipeline.claim_score(evaluation), public=0.9, private=0.8)
    told = host.get(f"/api/v1/host/submissions/{submission.pk}").json()
    assert (told["status"], told["team"]) == ("scored", submission.team.name)
    assert told["url"].endswith(
        f"/competitions/{submission.competition.slug}/manage/submissions/{submission.pk}/"
    )
    assert Client().get(told["url"]).status_code == 302
    assert told["inspection"]["counts"]["parameters"] == 650
    (run,) = told["evaluations"]
    assert run["host_log"] == "SECRET of the hidden run"
    assert run["host_detail"] == "SECRET detail for hosts"
    assert [fault["code"] for fault in run["faults"]] == ["worker_fault"]
    assert run["measurements"]["latency_seconds"] == 0.001234567
    assert run["scores"] == [
        {"metric": "accuracy", "title": "Accuracy", "public": 0.9, "private": 0.8},
        {"metric": "f1_macro", "title": "Macro F1", "public": 0.9, "private": 0.8},
    ]
    role.role = "judge"
    role.save()
    (seen,) = host.get(f"/api/v1/host/submissions/{submission.pk}").json()["evaluations"]
    assert seen == {**run, "host_log": None, "host_detail": None}


@pytest.mark.parametrize("schema", [HostedSubmissionOut, HostedTeamOut])
def test_the_examples_are_valid(schema: Any) -> None:
    (example,) = schema.model_json_schema()["examples"]
    schema.model_validate(example)
