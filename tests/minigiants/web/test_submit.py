"""The page that hands in."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evaluator.inspection import INSPECTOR_VERSION
from evaluator.inspection.refusals import RefusalCode, refusal
from evaluator.inspection.verdict import Verdict, Workload
from minigiants.accounts.models import User
from minigiants.artifacts.models import Artifact
from minigiants.competitions.models import Competition
from minigiants.submissions.models import Submission
from minigiants.teams.models import Team
from tests.support.factories import (
    ArtifactFactory,
    CompetitionFactory,
    SubmissionFactory,
    TeamFactory,
    pack_spec,
)

pytestmark = pytest.mark.django_db
PAGE = "/competitions/digits/submit/"


def refuse(artifact: Artifact) -> None:
    verdict = Verdict(
        inspector_version=INSPECTOR_VERSION,
        format="python",
        refusals=(refusal(RefusalCode.PICKLE, "weights.pt", "weights.pt is a pickle."),),
    )
    artifact.inspections.update(
        verdict=verdict.model_dump(mode="json"),
        accepted=False,
        division=None,
        parameters=None,
        tensor_bits=None,
        side_bytes=None,
        artifact_bytes=None,
    )


def test_strangers_are_asked_to_log_in(client: Client, competition: Competition) -> None:
    text = client.get(PAGE).text
    assert "Log in to hand in" in text
    assert f"/accounts/login/?next={PAGE}" in text


def test_the_rules_come_first(logged_in: Client, competition: Competition) -> None:
    text = logged_in.get(PAGE).text
    assert "The rules come first" in text
    assert "data-upload" not in text


def test_quota_and_limits_are_shown(logged_in: Client, team: Team) -> None:
    text = logged_in.get(PAGE).text
    assert "<strong>5</strong> of 5" in text
    assert "0 of 50 used" in text
    assert 'data-max-bytes="33554432"' in text
    assert "needs JavaScript" in text


def test_the_verdict_is_there_before_anything_is_handed_in(logged_in: Client, team: Team) -> None:
    artifact = ArtifactFactory(team=team, parameters=9610)
    text = logged_in.get(PAGE, {"artifact": str(artifact.pk)}).text
    assert "It enters “≤ 10k parameters”" in text
    assert "9,610" in text
    assert "of 10,000" in text
    assert "Against “≤ 1k parameters”: over" in text
    assert not Submission.objects.exists()


def test_what_a_token_costs_is_shown_where_it_is_known(logged_in: Client, team: Team) -> None:
    artifact = ArtifactFactory(team=team)
    page = {"artifact": str(artifact.pk)}
    assert "Active parameters" not in logged_in.get(PAGE, page).text
    inspection = artifact.inspections.get()
    workload = Workload(unit="token", active_parameters=617, flops=1_234_000)
    inspection.verdict["workload"] = workload.model_dump()
    inspection.save()
    text = logged_in.get(PAGE, page).text
    assert "<dt>Active parameters</dt><dd>617</dd>" in text
    assert "FLOPs per token" in text
    assert ">1.23M</dd>" in text


def test_htmx_gets_the_verdict_alone(logged_in: Client, team: Team) -> None:
    artifact = ArtifactFactory(team=team)
    answer = logged_in.get(PAGE, {"artifact": str(artifact.pk)}, headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<section id="verdict"')
    assert "<html" not in answer.text


def test_a_refused_model_says_what_why_and_how_to_mend(logged_in: Client, team: Team) -> None:
    artifact = ArtifactFactory(team=team)
    refuse(artifact)
    text = logged_in.get(PAGE, {"artifact": str(artifact.pk)}).text
    assert "Inspection refuses this model" in text
    assert "weights.pt is a pickle." in text
    assert "/docs/errors#pickle" in text
    assert "Hand in</button>" not in text


def test_handing_in_leads_to_the_submission(logged_in: Client, team: Team, person: User) -> None:
    artifact = ArtifactFactory(team=team)
    answer = logged_in.post(PAGE, {"artifact": str(artifact.pk), "message": "first try"})
    submission = Submission.objects.get()
    assert answer["Location"] == f"/submissions/{submission.pk}/"
    assert submission.message == "first try"
    assert submission.submitted_by == person


def test_a_problem_is_told_beside_the_verdict(logged_in: Client, team: Team) -> None:
    artifact = ArtifactFactory(team=team)
    SubmissionFactory(artifact=artifact)
    answer = logged_in.post(PAGE, {"artifact": str(artifact.pk), "message": "again"})
    assert answer.status_code == 409
    assert "duplicate_submission" in answer.text
    assert "No quota was charged" in answer.text
    assert 'value="again"' in answer.text
    assert Submission.objects.count() == 1


def test_a_message_that_is_too_long_comes_back(logged_in: Client, team: Team) -> None:
    artifact = ArtifactFactory(team=team)
    answer = logged_in.post(PAGE, {"artifact": str(artifact.pk), "message": "x" * 201})
    assert answer.status_code == 200
    assert "at most 200 characters" in answer.text
    assert not Submission.objects.exists()


def test_models_of_others_do_not_exist(
    logged_in: Client, competition: Competition, team: Team
) -> None:
    other = ArtifactFactory(team=TeamFactory(competition=competition))
    assert logged_in.get(PAGE, {"artifact": str(other.pk)}).status_code == 404
    answer = logged_in.post(PAGE, {"artifact": str(other.pk)})
    assert answer.status_code == 404
    assert not Submission.objects.exists()


def test_models_of_another_competition_do_not_enter(
    logged_in: Client, team: Team, person: User
) -> None:
    elsewhere = ArtifactFactory(team=TeamFactory(competition=CompetitionFactory(), user=person))
    assert logged_in.get(PAGE, {"artifact": str(elsewhere.pk)}).status_code == 404


@pytest.mark.parametrize("artifact", ["", "nonsense", "../../etc"])
def test_nonsense_in_the_address_shows_no_verdict(
    logged_in: Client, team: Team, artifact: str
) -> None:
    answer = logged_in.get(PAGE, {"artifact": artifact})
    assert answer.status_code == 200
    assert "Hand in</button>" not in answer.text


def test_after_the_deadline_nothing_can_be_handed_in(logged_in: Client, person: User) -> None:
    now = timezone.now()
    over = {
        "slug": "main",
        "title": "Main",
        "opens": now - timedelta(days=9),
        "closes": now - timedelta(days=1),
        "quota": {"per_day": 5},
    }
    competition = CompetitionFactory(slug="over", spec=pack_spec(phases=[over]))
    artifact = ArtifactFactory(team=TeamFactory(competition=competition, user=person))
    address = "/competitions/over/submit/"
    text = logged_in.get(address, {"artifact": str(artifact.pk)}).text
    assert "The competition is over" in text
    assert "Hand in</button>" not in text
    answer = logged_in.post(address, {"artifact": str(artifact.pk)})
    assert answer.status_code == 409
    assert "phase_closed" in answer.text


def test_a_spent_quota_says_when_it_renews(logged_in: Client, team: Team) -> None:
    for _ in range(5):
        item = SubmissionFactory(artifact=ArtifactFactory(team=team), status="scored")
        assert item.quota_charged
    artifact = ArtifactFactory(team=team)
    answer = logged_in.post(PAGE, {"artifact": str(artifact.pk)})
    assert answer.status_code == 429
    assert "quota_exhausted" in answer.text
    assert "<strong>0</strong> of 5" in answer.text


def test_models_that_were_uploaded_before_are_offered(
    logged_in: Client, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert "Uploaded before" not in logged_in.get(PAGE).text
    fresh = ArtifactFactory(team=team)
    used = ArtifactFactory(team=team)
    SubmissionFactory(artifact=used, message="wider")
    again = SubmissionFactory(artifact=used, message="<b>again</b>")
    foreign = ArtifactFactory(team=TeamFactory(competition=team.competition))
    text = logged_in.get(PAGE).text
    assert f"?artifact={fresh.pk}" in text
    assert "not handed in yet" in text
    assert f"handed in as #{again.number}, “&lt;b&gt;again&lt;/b&gt;”" in text
    assert str(foreign.pk) not in text
    with CaptureQueriesContext(connection) as before:
        logged_in.get(PAGE)
    for _ in range(3):
        SubmissionFactory(artifact=ArtifactFactory(team=team))
    with django_assert_num_queries(len(before)):
        logged_in.get(PAGE)
