"""The pages of hosts: who sees them, what they do, and what they leave in the log."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Host, Phase
from minigiants.leaderboards.models import Standing
from minigiants.submissions.models import Submission
from tests.support.factories import UserFactory
from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db


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
    for page in (base, f"{base}submissions/", f"{base}statistics/", f"{base}audit/", "/hosting/"):
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
    assert "Its private boards are hidden" in client.get(base).text
    Phase.objects.update(closes_at=timezone.now() - timedelta(minutes=1))
    for act in ("freeze", "thaw", "reveal"):
        action = f"/competitions/{slug}/phases/{phase}/{act}/"
        assert f'action="{action}"' in client.get(base).text
        assert client.post(action).status_code == 302
    assert "Everybody sees its private boards" in client.get(base).text
    viewer, _ = host_client(submission, "viewer")
    assert "/freeze/" not in viewer.get(base).text


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
