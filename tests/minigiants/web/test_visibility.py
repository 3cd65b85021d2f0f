"""What a person may not know of answers on no page and by no operation, whoever adds one."""

import re
from collections.abc import Iterable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver

from minigiants.accounts.models import User
from minigiants.api.routes import api
from minigiants.competitions.models import Admission, Competition
from minigiants.submissions.models import Submission
from minigiants.teams.models import Team
from minigiants.web.urls import urlpatterns
from tests.support.factories import (
    ArtifactFactory,
    SubmissionFactory,
    TeamFactory,
    member_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def submission() -> Submission:
    """Of a team whose competition has been closed to it since."""
    team: Team = TeamFactory()
    submission: Submission = SubmissionFactory(artifact=ArtifactFactory(team=team))
    Competition.objects.update(audience="invitation")
    return submission


def _routes(patterns: Iterable[object], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        assert isinstance(pattern, URLPattern | URLResolver)
        route = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route


def pages(submission: Submission) -> list[str]:
    """Every page on the competition or on the submission, as addresses."""
    found = []
    for route in _routes(urlpatterns):
        if "<str:secret>" in route:
            continue  # where those who are not in yet come in: it tells nothing before they do
        if "<slug:slug>" in route or "submission" in route:
            route = route.replace("<slug:slug>", submission.competition.slug)
            route = route.replace("<uuid:submission_id>", str(submission.pk))
            found.append("/" + re.sub(r"<\w+:\w+>", "1", route))
    assert len(found) > 8
    return found


def operations(submission: Submission) -> list[str]:
    """Every operation that reads something of the competition or of its submission."""
    paths = api.get_openapi_schema(path_prefix="api/v1/")["paths"]
    values = {
        "slug": submission.competition.slug,
        "submission_id": submission.pk,
        "artifact_id": submission.artifact_id,
        "path": "train.csv",
    }
    found = []
    for path, methods in paths.items():
        names = set(re.findall(r"{(\w+)}", path))
        if names and names <= set(values) and "get" in methods and "/worker/" not in path:
            found.append(path.format(**values))
    assert len(found) > 8
    return found


def test_an_outsider_finds_nothing(submission: Submission) -> None:
    client = Client()
    client.force_login(member_of(submission.team))
    answers = {
        path: client.get(path).status_code for path in [*pages(submission), *operations(submission)]
    }
    leaks = {path: status for path, status in answers.items() if status not in {404, 405}}
    assert leaks == {}
    listed = client.get("/competitions/").content + client.get("/").content
    listed += client.get("/api/v1/competitions").content
    assert submission.competition.title.encode() not in listed


def test_a_stranger_finds_nothing(submission: Submission) -> None:
    client = Client()
    answers = {
        path: client.get(path).status_code for path in [*pages(submission), *operations(submission)]
    }
    assert set(answers.values()) <= {302, 401, 404, 405}
    for path in pages(submission):
        assert submission.competition.title.encode() not in client.get(path).content


def test_who_is_admitted_finds_all(submission: Submission) -> None:
    user: User = member_of(submission.team)
    Admission.objects.create(competition=submission.competition, user=user, way="invitation")
    client = Client()
    client.force_login(user)
    assert client.get(f"/competitions/{submission.competition.slug}/").status_code == 200
    assert client.get(f"/submissions/{submission.pk}/").status_code == 200
    assert client.get(f"/api/v1/submissions/{submission.pk}").status_code == 200
