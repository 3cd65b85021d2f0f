"""The page of a trial: what hosts see while baselines run, and what came of them."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from evaluator.contract import Failure
from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host
from minigiants.submissions.models import Trial
from tests.support.archived_pack import made_founder, pack_files, served, tried
from tests.support.factories import UserFactory
from tests.support.pipeline import Pipeline
from tests.support.zipped import zipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def founder() -> User:
    return made_founder()


@pytest.fixture
def client(founder: User) -> Client:
    client = Client()
    client.force_login(founder)
    return client


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    return pack_files(tmp_path)


def upload(client: Client, files: dict[str, bytes]) -> str:
    """Publish through the form. Returns the address that it leads to."""
    archive = SimpleUploadedFile("pack.zip", zipped(files).getvalue())
    answer = client.post("/hosting/", {"slug": "tiny", "archive": archive})
    assert answer.status_code == 302, answer.text
    return str(answer["Location"])


def test_an_upload_leads_to_its_trial(client: Client, files: dict[str, bytes]) -> None:
    page = upload(client, files)
    trial = Trial.objects.get()
    assert page == f"/competitions/tiny/manage/trials/{trial.pk}/"
    shown = client.get(page).text
    assert "No worker can take them at the moment" in shown
    assert 'hx-trigger="every 2s"' in shown
    assert "Give it up" in shown
    fragment = client.get(page, headers={"HX-Request": "true"}).text
    assert "<html" not in fragment
    assert "Trial of version 1" in fragment
    # Its host can look around before anything of it serves; nobody else sees anything.
    for tab in ("", "submissions/", "teams/", "statistics/", "audit/"):
        assert client.get(f"/competitions/tiny/manage/{tab}").status_code == 200, tab
    assert f'href="{page}"' in client.get("/competitions/tiny/manage/").text
    assert "Not published" in client.get("/hosting/").text
    assert Client().get("/competitions/tiny/").status_code == 404
    tried(trial)
    ended = client.get(page).text
    assert "the version serves" in ended
    assert "every 2s" not in ended
    assert Client().get("/competitions/tiny/").status_code == 200


def test_what_is_wrong_is_shown_with_its_line(client: Client, files: dict[str, bytes]) -> None:
    page = upload(client, files)
    tried(Trial.objects.get(), public=0.25)
    shown = client.get(page).text
    assert "competition.yaml:16" in shown
    assert "One scores 0.25 on the public split; 0.5 is announced" in shown
    assert "is not published" in shown
    assert "Not as announced" in shown
    assert "What was published before" not in shown  # nothing was


def test_what_may_come_from_hidden_data_is_for_those_who_run_it(
    client: Client, files: dict[str, bytes]
) -> None:
    page = upload(client, files)
    pipeline = Pipeline.start()
    job = pipeline.claim_predict(Trial.objects.get().runs.get().evaluation)
    pipeline.report_failure(job, Failure.CRASHED)
    assert "SECRET detail for hosts" in client.get(page).text
    viewer = UserFactory.create()
    Host.objects.create(competition=Competition.objects.get(), user=viewer, role=Host.Role.VIEWER)
    looking = Client()
    looking.force_login(viewer)
    shown = looking.get(page)
    assert shown.status_code == 200
    assert "SECRET" not in shown.text
    assert "Give it up" not in shown.text


def test_it_is_given_up_by_a_button(client: Client, files: dict[str, bytes]) -> None:
    page = upload(client, files)
    trial = Trial.objects.get()
    answer = client.post(
        "/competitions/tiny/manage/cancel-trial/", {"id": str(trial.pk)}, follow=True
    )
    assert "The trial of version 1 is given up" in answer.text
    assert "Given up by" in client.get(page).text
    again = client.post(
        "/competitions/tiny/manage/cancel-trial/", {"id": str(trial.pk)}, follow=True
    )
    assert "This trial has ended" in again.text


def test_a_trial_is_found_in_its_competition_alone(
    client: Client, founder: User, files: dict[str, bytes]
) -> None:
    page = upload(client, files)
    served(files, founder, slug="other")
    assert client.get(page.replace("/tiny/", "/other/")).status_code == 404
    stranger = Client()
    stranger.force_login(UserFactory.create())
    assert stranger.get(page).status_code == 404


def test_the_page_takes_as_many_queries_however_many_baselines(
    client: Client,
    files: dict[str, bytes],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(5):
        folder = f"baselines/more-{number}"
        files[f"{folder}/artifact/model.onnx"] = files["baselines/one/artifact/model.onnx"]
        files["competition.yaml"] += (
            f"  - {{folder: {folder}, title: More {number}, score: 0.5}}\n".encode()
        )
    page = upload(client, files)
    client.get(page)
    with django_assert_num_queries(14):
        client.get(page)
