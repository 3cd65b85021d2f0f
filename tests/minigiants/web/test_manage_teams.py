"""The hosts' page of teams: who competes, with what, and who is ruled out."""

import csv
import io

import pytest
from django.test import Client

from minigiants.competitions.models import Competition, Host
from minigiants.core.models import AuditEntry
from minigiants.leaderboards.models import Standing
from minigiants.submissions.lifecycle import Status
from minigiants.teams.models import Team
from tests.support.factories import (
    ArtifactFactory,
    SubmissionFactory,
    TeamFactory,
    UserFactory,
    member_add,
    member_of,
)
from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db

PAGE = "/competitions/digits/manage/teams/"


def host(competition: Competition, role: str) -> Client:
    person = UserFactory.create()
    Host.objects.create(competition=competition, user=person, role=role)
    client = Client()
    client.force_login(person)
    return client


def test_a_team_is_told_with_its_people_and_what_it_handed_in(competition: Competition) -> None:
    client = host(competition, "viewer")
    team: Team = TeamFactory(competition=competition, user=UserFactory(username="zoe"), name="Oaks")
    member_add(team, UserFactory(username="abe"))
    for status in (Status.CANCELLED, Status.SCORED, Status.FAILED):
        last = SubmissionFactory(artifact=ArtifactFactory(team=team), status=status)
    TeamFactory(competition=competition, name="Linear", is_baseline=True)
    TeamFactory(competition=competition, name="Gone", merged_into=team)
    TeamFactory(name="Elsewhere")
    baseline, oaks = client.get(f"{PAGE}?format=json").json()["items"]
    assert (baseline["name"], baseline["is_baseline"]) == ("Linear", True)
    assert (baseline["submissions"], baseline["best_status"]) == (0, "")
    assert baseline["last_submitted_at"] is None
    assert (oaks["name"], oaks["members"]) == ("Oaks", ["zoe", "abe"])
    assert (oaks["submissions"], oaks["best_status"]) == (3, "scored")
    assert oaks["last_submitted_at"] == last.created_at.isoformat()
    text = client.get(PAGE).text
    assert "zoe, abe" in text
    assert "Baseline" in text
    assert f'href="/competitions/{competition.slug}/manage/submissions/?team=Oaks"' in text
    for absent in ("Gone", "Elsewhere"):
        assert absent not in text


def test_the_search_narrows_down_page_and_downloads(competition: Competition) -> None:
    client = host(competition, "viewer")
    for name in ("=1+1", "Red oaks", "OAKEN", "Elms"):
        TeamFactory(competition=competition, name=name)
    assert "Elms" not in client.get(f"{PAGE}?name=oak").text
    answer = client.get(f"{PAGE}?name=oak&format=csv")
    assert 'filename="digits-teams.csv"' in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["name"] for row in rows] == ["OAKEN", "Red oaks"]
    (row,) = csv.DictReader(io.StringIO(client.get(f"{PAGE}?name=%3D1&format=csv").text))
    team = Team.objects.get(name="=1+1")
    assert (row["name"], row["members"]) == ("'=1+1", member_of(team).username)
    assert "No team is called like that" in client.get(f"{PAGE}?name=nobody").text


def test_the_search_goes_on_through_the_pages(competition: Competition) -> None:
    client = host(competition, "viewer")
    for number in range(51):
        TeamFactory(competition=competition, name=f"Oaks {number}")
    first = client.get(f"{PAGE}?name=oaks")
    assert 'href="?name=oaks&amp;page=2"' in first.text
    second = client.get(f"{PAGE}?name=oaks&page=2")
    assert [team.name for team in second.context["teams"]] == ["Oaks 0"]


def test_a_judge_rules_and_comes_back_to_where_they_were(competition: Competition) -> None:
    submission = queued_submission(competition)
    client = host(competition, "judge")
    asked_on = f"{PAGE}?name=team"
    form = {
        "id": str(submission.team.pk),
        "reason": "Two accounts of one person.",
        "next": asked_on,
    }
    answer = client.post("/competitions/digits/manage/disqualify-team/", form, follow=True)
    assert answer.redirect_chain == [(asked_on, 302)]
    assert "stands on no board any more" in answer.text
    assert "Disqualified: Two accounts of one person." in answer.text
    (told,) = client.get(f"{PAGE}?format=json").json()["items"]
    assert told["disqualified_for"] == "Two accounts of one person."
    answer = client.post("/competitions/digits/manage/reinstate-team/", form, follow=True)
    assert "stands on the boards again" in answer.text
    assert "Disqualified:" not in answer.text
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["team.disqualify", "team.reinstate"]


def test_nobody_is_sent_to_another_site(competition: Competition) -> None:
    team = TeamFactory(competition=competition)
    client = host(competition, "judge")
    for address in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", ""):
        form = {"id": str(team.pk), "reason": "Why", "next": address}
        answer = client.post("/competitions/digits/manage/disqualify-team/", form)
        assert answer["Location"] == PAGE, address


def test_viewers_only_read(competition: Competition) -> None:
    team = TeamFactory(competition=competition)
    client = host(competition, "viewer")
    assert "Disqualify" not in client.get(PAGE).text
    form = {"id": str(team.pk), "reason": "Why not"}
    answer = client.post("/competitions/digits/manage/disqualify-team/", form, follow=True)
    assert "You may not do this" in answer.text
    team.refresh_from_db()
    assert team.disqualified_at is None


def test_a_ruling_takes_a_reason_and_a_team_of_this_competition(competition: Competition) -> None:
    team, elsewhere = TeamFactory(competition=competition), TeamFactory()
    client = host(competition, "judge")
    for form in (
        {"id": str(team.pk), "reason": " "},
        {"id": str(elsewhere.pk), "reason": "Why"},
        {"id": "nonsense", "reason": "Why"},
    ):
        answer = client.post("/competitions/digits/manage/disqualify-team/", form, follow=True)
        assert answer.status_code == 200
    assert not Team.objects.filter(disqualified_at__isnull=False).exists()


def test_participants_may_not_look(competition: Competition) -> None:
    client = Client()
    client.force_login(member_of(TeamFactory(competition=competition)))
    assert client.get(PAGE).status_code == 403


def test_a_team_that_is_ruled_out_leaves_the_boards() -> None:
    submission = queued_submission()
    Pipeline.start().run(submission, public=0.9)
    client = host(submission.competition, "judge")
    base = f"/competitions/{submission.competition.slug}/manage"
    assert Standing.objects.filter(team=submission.team).count() == 2
    form = {"id": str(submission.team.pk), "reason": "Why"}
    client.post(f"{base}/disqualify-team/", form)
    assert not Standing.objects.exists()
    client.post(f"{base}/reinstate-team/", form)
    assert Standing.objects.filter(team=submission.team).count() == 2
