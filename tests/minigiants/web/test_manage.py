"""The pages of hosts: who sees them, what they do, and what they leave in the log."""

import csv
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Host, Phase
from minigiants.competitions.people import competition_invite
from minigiants.leaderboards.models import Standing
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Submission
from tests.support.factories import ArtifactFactory, SubmissionFactory, UserFactory
from tests.support.pipeline import Pipeline, queued_submission, runnable_competition

pytestmark = pytest.mark.django_db
Counted = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def submission() -> Submission:
    found = queued_submission()
    Pipeline.start().run(found, public=0.9)
    return found


def host_client(submission: Submission, role: str) -> tuple[Client, User]:
    person: User = UserFactory()
    Host.objects.create(competition=submission.competition, user=person, role=role)
    client = Client()
    client.force_login(person)
    return client, person


@pytest.mark.parametrize("role", Host.Role.values)
def test_every_role_may_look(submission: Submission, role: str) -> None:
    client, _ = host_client(submission, role)
    slug = submission.competition.slug
    base = f"/competitions/{slug}/manage/"
    tabs = [f"{base}{tab}/" for tab in ("submissions", "teams", "statistics", "audit")]
    for page in (base, *tabs, f"{base}submissions/{submission.pk}/", "/hosting/"):
        assert client.get(page).status_code == 200, page
    assert f"/competitions/{slug}/manage/".encode() in client.get("/hosting/").content
    runs = role in {"owner", "organizer"}
    assert ("Unpublish" in client.get(base).text) == runs
    assert ("Give somebody a role" in client.get(base).text) == (role == "owner")


def test_hosts_have_a_tab_and_others_have_none(submission: Submission) -> None:
    slug = submission.competition.slug
    tab = f'<a href="/competitions/{slug}/manage/">Manage</a>'
    client, _ = host_client(submission, "viewer")
    assert tab in client.get(f"/competitions/{slug}/rules/").text
    assert tab not in Client().get(f"/competitions/{slug}/rules/").text
    client.force_login(UserFactory.create())
    assert tab not in client.get(f"/competitions/{slug}/rules/").text


def test_boards_are_frozen_and_revealed_from_here(submission: Submission) -> None:
    client, _ = host_client(submission, "organizer")
    slug, phase = submission.competition.slug, submission.phase.slug
    base = f"/competitions/{slug}/manage/"
    assert "hidden, moving" in client.get(base).text
    Phase.objects.update(closes_at=timezone.now() - timedelta(minutes=1))
    for act in ("freeze", "thaw", "reveal"):
        action = f"/competitions/{slug}/phases/{phase}/{act}/"
        assert f'action="{action}"' in client.get(base).text
        assert client.post(action).status_code == 302
        since = "hidden, frozen since" in client.get(base).text
        assert since == (act == "freeze")
    viewer, _ = host_client(submission, "viewer")
    text = viewer.get(base).text
    assert "Everybody sees them" in text
    assert "revealed, moving" in text
    assert "/freeze/" not in text


def test_private_boards_that_the_timeline_reveals(submission: Submission) -> None:
    client, _ = host_client(submission, "viewer")
    base = f"/competitions/{submission.competition.slug}/manage/"
    now = timezone.now()
    Phase.objects.update(reveals_at=now + timedelta(days=1))
    assert (
        f"Hosts alone see them, until {now + timedelta(days=1):%-d %b %Y}" in client.get(base).text
    )
    Phase.objects.update(reveals_at=now)
    assert "revealed, moving" in client.get(base).text


def test_baselines_are_listed_with_what_became_of_them(submission: Submission) -> None:
    client, _ = host_client(submission, "viewer")
    competition = submission.competition
    base = f"/competitions/{competition.slug}/manage/"
    listed = client.get(base).context["baselines"]
    assert [(each.baseline.title, each.submission) for each in listed] == [("Linear", None)]
    assert "Not handed in" in client.get(base).text
    person = UserFactory.create(username=f"baseline-{competition.slug}-linear")
    failed, scored = (
        SubmissionFactory(artifact=ArtifactFactory(team=submission.team), **changes)
        for changes in ({"status": Status.FAILED}, {"status": Status.SCORED, "public_score": 0.875})
    )
    Submission.objects.filter(pk__in=[failed.pk, scored.pk]).update(submitted_by=person)
    (entry,) = client.get(base).context["baselines"]
    assert entry.submission == scored
    row = re.search(r"<tr>\s*<th[^>]*>Linear</th>.*?</tr>", client.get(base).text, re.DOTALL)
    assert row is not None
    assert submission.division is not None
    for told in (submission.division.title, "0.875", "0.9", "Scored"):
        assert told in row[0], told


@pytest.mark.django_db
def test_a_baseline_that_scores_otherwise_is_told_with_its_line() -> None:
    competition = runnable_competition()
    submission = queued_submission(competition)
    client, _ = host_client(submission, "viewer")
    submission.submitted_by.username = f"baseline-{competition.slug}-linear"
    submission.submitted_by.save()
    version = submission.pack_version
    version.specification_text = yaml.safe_dump(version.specification)
    version.save()
    line = version.specification_text.splitlines().index("- folder: linear") + 1
    Pipeline.start().run(submission, public=0.875)
    page = client.get(f"/competitions/{competition.slug}/manage/").text
    assert "Not as announced" in page
    assert f"competition.yaml:{line}: baselines[0]: Linear scores 0.875" in page


def test_boards_are_downloaded_whole(submission: Submission) -> None:
    submission.team.name = "=1+1"
    submission.team.save()
    client, _ = host_client(submission, "judge")
    page = f"/competitions/{submission.competition.slug}/manage/boards/"
    text = client.get(f"/competitions/{submission.competition.slug}/manage/").text
    for wanted in ("csv", "json"):
        assert f'href="{page}?format={wanted}"' in text
        assert f'submissions/?format={wanted}"' in text
    answer = client.get(f"{page}?format=csv")
    assert f'filename="{submission.competition.slug}-boards.csv"' in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["split"], row["team"], row["rank"]) for row in rows] == [
        ("public", "'=1+1", "1"),
        ("private", "'=1+1", "1"),
    ]
    items = client.get(f"{page}?format=json").json()["items"]
    assert (items[0]["split"], items[0]["score"]) == ("public", 0.9)
    assert {item["team"] for item in items} == {"=1+1"}
    assert client.get(f"{page}?format=xml").status_code == 404
    client.force_login(UserFactory.create())
    assert client.get(page).status_code == 403


def test_others_may_not(submission: Submission) -> None:
    client = Client()
    base = f"/competitions/{submission.competition.slug}/manage/"
    assert client.get(base).status_code == 302
    client.force_login(UserFactory.create())
    assert client.get(base).status_code == 403
    assert client.get(f"{base}statistics/").status_code == 403
    assert client.post(f"{base}unpublish/").status_code == 403
    assert submission.competition.title.encode() not in client.get("/hosting/").content


def test_a_judge_disqualifies_and_reinstates(submission: Submission) -> None:
    client, _ = host_client(submission, "judge")
    base = f"/competitions/{submission.competition.slug}/manage/"
    told = {"id": str(submission.pk), "reason": "It was trained on the test set."}
    page = client.post(f"{base}disqualify/", told, follow=True)
    assert "counts no more" in page.text
    assert "Disqualified: It was trained on the test set." in page.text
    assert not Standing.objects.exists()
    assert "counts again" in client.post(f"{base}reinstate/", told, follow=True).text
    assert Standing.objects.count() == 2


def test_what_a_role_does_not_allow_is_told_and_not_done(submission: Submission) -> None:
    client, person = host_client(submission, "judge")
    base = f"/competitions/{submission.competition.slug}/manage/"
    for action, form in (
        ("set-host", {"username": person.username, "role": "owner"}),
        ("unpublish", {}),
        ("invite", {"email": "a@example.org"}),
        ("rescore", {"reason": "why not"}),
    ):
        page = client.post(f"{base}{action}/", form, follow=True)
        assert "You may not do this" in page.text, action
    assert Host.objects.get(user=person).role == "judge"
    assert client.get(base).status_code == 200


def test_an_owner_runs_it_and_the_log_tells(submission: Submission) -> None:
    client, owner = host_client(submission, "owner")
    base = f"/competitions/{submission.competition.slug}/manage/"
    other = UserFactory.create()
    client.post(f"{base}set-host/", {"username": other.username, "role": "viewer"})
    client.post(f"{base}invite/", {"email": "guest@example.org"})
    page = client.get(base).text
    assert other.username in page
    assert "guest@example.org" in page
    client.post(f"{base}unpublish/")
    assert "Not published" in client.get(base).text
    log = client.get(f"{base}audit/").text
    for action in ("host.set", "people.invite", "pack.unpublish"):
        assert action in log
    assert owner.username in log


def test_submissions_are_filtered_and_downloaded(submission: Submission) -> None:
    other = queued_submission(submission.competition)
    other.team.name = "=1+1"
    other.team.save()
    client, _ = host_client(submission, "viewer")
    page = f"/competitions/{submission.competition.slug}/manage/submissions/"
    assert submission.team.name in client.get(f"{page}?status=scored").text
    assert "=1+1" not in client.get(f"{page}?status=scored").text
    assert submission.team.name not in client.get(f"{page}?team=%3D1").text
    rows = list(csv.DictReader(io.StringIO(client.get(f"{page}?format=csv").text)))
    assert [row["team"] for row in rows] == ["'=1+1", submission.team.name]
    items = client.get(f"{page}?status=scored&format=json").json()["items"]
    assert [item["public_score"] for item in items] == [0.9]


def test_an_archive_that_is_wrong_is_told_on_the_page(submission: Submission) -> None:
    client, _ = host_client(submission, "owner")
    archive = io.BytesIO(b"no archive")
    archive.name = "pack.zip"
    page = client.post("/hosting/", {"slug": submission.competition.slug, "archive": archive})
    assert page.status_code == 422
    assert "is no ZIP file that can be read" in page.text


@pytest.mark.parametrize(
    ("page", "queries"),
    [
        ("", 22),
        ("submissions/", 13),
        ("submissions/?format=csv", 8),
        ("teams/", 12),
        ("teams/?format=csv", 7),
        ("boards/?format=csv", 6),
        ("audit/", 11),
        ("settings/", 10),
        ("pages/", 10),
        ("pages/rules/", 10),
        ("statistics/", 15),
    ],
)
def test_pages_cost_the_same_however_much_is_on_them(
    submission: Submission, page: str, queries: int, django_assert_num_queries: Counted
) -> None:
    client, owner = host_client(submission, "owner")
    competition = submission.competition
    pipeline = Pipeline.start()
    for number in range(3):
        pipeline.run(queued_submission(competition), public=number / 10)
        Host.objects.create(competition=competition, user=UserFactory.create(), role="viewer")
        competition_invite(competition=competition, actor=owner, email=f"p{number}@example.org")
    address = f"/competitions/{competition.slug}/manage/{page}"
    with django_assert_num_queries(queries):
        assert client.get(address).status_code == 200


def test_the_list_costs_the_same_however_long_it_is(
    submission: Submission, django_assert_num_queries: Counted
) -> None:
    client, owner = host_client(submission, "owner")
    for _ in range(3):
        Host.objects.create(competition=runnable_competition(), user=owner, role="viewer")
    with django_assert_num_queries(6):
        assert client.get("/hosting/").status_code == 200
