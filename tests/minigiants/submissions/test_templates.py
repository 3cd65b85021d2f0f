"""Competitions from templates: whoever may found one needs nobody's help."""

from typing import get_args

import pytest
from django.test import Client

from minigiants.api.schemas.hosting import TemplateName
from minigiants.competitions.models import Competition, Host
from minigiants.core.problems import Conflict, InvalidInput, NotPermitted
from minigiants.submissions.baselines import Outcome
from minigiants.submissions.models import Submission
from minigiants.submissions.templates import TEMPLATES, template_publish
from tests.support.archived_pack import made_founder
from tests.support.factories import CompetitionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("task", TEMPLATES)
def test_each_template_is_published_for_its_founder_alone(task: str) -> None:
    founder = made_founder()
    version = template_publish(slug="mine", task=task, title="Mine: all", actor=founder).version
    competition = version.competition
    assert (competition.title, competition.audience) == ("Mine: all", "invitation")
    assert version.spec.task.type == task
    assert Host.objects.get().user == founder
    assert Client().get("/competitions/mine/").status_code == 404
    client = Client()
    client.force_login(founder)
    assert client.get("/competitions/mine/").status_code == 200


@pytest.mark.parametrize("task", ["classification", "custom", "regression"])
def test_a_baseline_without_code_is_handed_in(task: str) -> None:
    published = template_publish(slug="mine", task=task, title="Mine", actor=made_founder())
    assert [(each.outcome, each.detail) for each in published.baselines] == [
        (Outcome.HANDED_IN, "")
    ]
    assert Submission.objects.get().team.is_baseline


@pytest.mark.parametrize(
    ("slug", "task", "error"),
    [
        ("Mine!", "classification", InvalidInput),
        ("x" * 33, "classification", InvalidInput),
        ("../mine", "classification", InvalidInput),
        ("mine", "origami", InvalidInput),
        ("mine", "common", InvalidInput),
        ("mine", "../common", InvalidInput),
        ("taken", "classification", Conflict),
    ],
)
def test_what_can_not_be_founded(slug: str, task: str, error: type[Exception]) -> None:
    CompetitionFactory(slug="taken")
    with pytest.raises(error):
        template_publish(
            slug=slug, task=task, title="Mine", actor=UserFactory.create(is_staff=True)
        )
    assert Competition.objects.count() == 1


def test_the_api_names_them_all() -> None:
    assert get_args(TemplateName) == TEMPLATES


def test_founding_takes_the_permission() -> None:
    with pytest.raises(NotPermitted):
        template_publish(
            slug="mine", task="classification", title="Mine", actor=UserFactory.create()
        )


def test_from_the_page_to_its_pages() -> None:
    client = Client()
    client.force_login(made_founder())
    assert "Begin from a template" in client.get("/hosting/").text
    told = {"task": "classification", "title": "My <first>", "slug": "mine"}
    page = client.post("/hosting/begin/", told, follow=True)
    assert page.redirect_chain[-1][0] == "/competitions/mine/manage/"
    assert "My &lt;first&gt;" in page.text
    again = client.post("/hosting/begin/", told)
    assert again.status_code == 422
    assert "is taken" in again.text
    assert client.post("/hosting/begin/", {**told, "slug": "No!"}).status_code == 422
    other = Client()
    other.force_login(UserFactory.create())
    assert "Begin from a template" not in other.get("/hosting/").text
    refused = other.post("/hosting/begin/", {**told, "slug": "theirs"})
    assert refused.status_code == 422
    assert not Competition.objects.filter(slug="theirs").exists()
