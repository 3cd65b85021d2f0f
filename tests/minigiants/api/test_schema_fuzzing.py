"""Every operation against requests made from the OpenAPI document, well-formed and not.

schemathesis makes the requests and judges the answers with all its checks; the application behind
is the real one, over real connections. What is there to be named in addresses is given to it: by
guessing identities it would meet nothing but 404.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest
import requests
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import (
    GenerationConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.core.failures import Failure, FailureGroup

from minigiants.accounts.models import User
from minigiants.accounts.services import token_create
from minigiants.api.idempotency import HEADER as IDEMPOTENCY_KEY
from minigiants.api.management.commands.openapi import document
from minigiants.competitions.models import Host
from minigiants.notifications.selectors import Subject
from minigiants.notifications.webhooks import webhook_create, webhook_test
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation
from minigiants.teams.models import Team
from tests.support.asgi_server import AsgiServer
from tests.support.factories import ArtifactFactory, SubmissionFactory, UserFactory

EXAMPLES: Final = 3
"""Of each operation, persona and kind of request; the whole test stays under a minute."""

ARCHIVE: Final = "application/zip"
schemathesis.serializer.alias(ARCHIVE, "application/octet-stream")

WORDED: Final = {
    "title": "Which opset?",
    "body": "Does it run here?",
    "reason": "Row 17 had the wrong label",
    "role": "judge",
    "email": "grace@example.org",
    "text": "# Rules",
}
"""Fields in which not every text is one: it has to be seen, to be an address, to be a role."""

LAST: Final = "token_give_up"
"""After it the token opens nothing any more."""


@dataclass(frozen=True)
class Persona:
    """Who asks: what is sent with every request."""

    headers: Mapping[str, str]


@dataclass(frozen=True)
class World:
    """Who asks, and what there is to be named in addresses."""

    personas: Mapping[str, Persona]
    named: Mapping[str, Any]


@pytest.fixture
def world(asgi_server: AsgiServer, team: Team, member: User, monkeypatch: Any) -> World:
    """A participant with a token, a host with a session, and somebody unknown."""
    host = UserFactory(is_staff=True)
    Host.objects.create(competition=team.competition, user=host, role=Host.Role.OWNER)
    # Final, so that nobody waits for a change.
    submission = SubmissionFactory(artifact=ArtifactFactory(team=team), status=Status.SCORED)
    Evaluation.objects.update(smoke_log="hello")
    webhook, _ = webhook_create(user=member, subject=Subject(team=team), url="https://example.org/")
    token, _ = token_create(user=host, name="t", scopes=["read"], days=1)
    _, secret = token_create(user=member, name="t", scopes=["read", "submit"], days=1)
    browser = Client()
    browser.force_login(host)
    csrf = "a" * 32
    session = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={csrf}"
    return World(
        personas={
            "participant": Persona({"Authorization": f"Bearer {secret}"}),
            "host": Persona({"Cookie": session, "X-CSRFToken": csrf}),
            "anonymous": Persona({}),
        },
        named={
            "slug": team.competition.slug,
            "path": "train.csv",
            "phase": "main",
            "team_id": str(team.pk),
            "artifact_id": str(submission.artifact_id),
            "submission_id": str(submission.pk),
            "webhook_id": str(webhook.pk),
            "delivery_id": str(webhook_test(webhook=webhook).pk),
            "token_id": str(token.pk),
        },
    )


def _schema(base_url: str) -> Any:
    project = ProjectConfig(
        base_url=base_url,
        generation=GenerationConfig(
            deterministic=True,
            # NUL is refused everywhere (400), since PostgreSQL's texts can't hold it; tests of
            # their own show that. JSON Schema has no word for it.
            allow_x00=False,
            # Who asks is ours to say: a made-up cookie beside the real one would prove nothing.
            with_security_parameters=False,
        ),
    )
    # An attempt of a worker that is over is 410, whatever is sent.
    accepted = project.checks.positive_data_acceptance
    accepted.expected_statuses = [*accepted.expected_statuses, "410"]
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_dict(json.loads(document()), config=config)


def _named(operation: Any, world: World) -> dict[str, Any] | None:
    """What the address shall name, where all of it is there."""
    parameters = {parameter.name for parameter in operation.path_parameters}
    known = {name: world.named[name] for name in parameters & set(world.named)}
    return known or None


def _make_valid(case: Any) -> None:
    """Put right what no schema can express."""
    if case.query:
        case.query.pop("cursor", None)  # signed: only those that we gave are valid
        if {"sort", "team"} & case.query.keys() or "division" not in case.query:
            for wish in ("offset", "around"):  # of one division's board, by score
                case.query.pop(wish, None)
    if case.headers and IDEMPOTENCY_KEY in case.headers:
        case.headers[IDEMPOTENCY_KEY] = str(uuid4())  # one that came before means that request
    if isinstance(case.body, dict):
        case.body.update({field: WORDED[field] for field in WORDED.keys() & case.body.keys()})
    if isinstance(case.body, dict) and "name" in case.body:
        # Names have characters that can be seen, and those of pages stand in addresses.
        case.body["name"] = f"team-{uuid4().hex[:20]}"
    if isinstance(case.body, dict) and "url" in case.body:
        case.body.pop("kinds", None)  # some are not for teams
        case.body["url"] = "https://example.org/hook"  # what may be a name's letters is long to say


def _is_public(operation: Any) -> bool:
    return {} in operation.definition.raw.get("security", [{}])


def _ask(operation: Any, persona: Persona, world: World, mode: GenerationMode) -> None:
    """Make requests to one operation, and have the answers judged."""
    named = _named(operation, world) if mode is GenerationMode.POSITIVE else None
    with requests.Session() as session:
        session.headers.update(persona.headers)

        @settings(
            max_examples=EXAMPLES if persona.headers or _is_public(operation) else 1,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode, path_parameters=named))
        def ask(case: Any) -> None:
            if mode is GenerationMode.POSITIVE:
                _make_valid(case)
            case.call_and_validate(session=session, headers=dict(persona.headers), timeout=30)

        try:
            ask()
        except Unsatisfiable:
            # Nothing to send wrong, where there is nothing to send.
            assert mode is GenerationMode.NEGATIVE


# The server runs in this process: what it draws looks to hypothesis as if a strategy had drawn it.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize("name", ["participant", "host", "anonymous"])
def test_every_answer_is_one_that_the_document_promises(
    world: World, asgi_server: AsgiServer, settings: Any, name: str
) -> None:
    settings.API_RATE_LIMITS = dict.fromkeys(settings.API_RATE_LIMITS, (1_000_000, 60))
    operations = [found.ok() for found in _schema(asgi_server.url).get_all_operations()]
    assert len(operations) > 40
    operations.sort(key=lambda operation: operation.definition.raw["operationId"] == LAST)
    faults = [
        f"{operation.label}, {mode.value}: {fault}"
        for operation in operations
        for mode in GenerationMode
        for fault in _faults(operation, world.personas[name], world, mode)
    ]
    assert not faults, "\n\n".join(faults)


def _takes_an_archive(operation: Any) -> bool:
    return ARCHIVE in operation.definition.raw.get("requestBody", {}).get("content", {})


def _faults(operation: Any, persona: Persona, world: World, mode: GenerationMode) -> list[str]:
    """What schemathesis finds wrong with the answers."""
    if mode is GenerationMode.POSITIVE and _takes_an_archive(operation):
        return []  # no schema tells which bytes are a pack; tests of archives do
    try:
        _ask(operation, persona, world, mode)
    except (FailureGroup, Failure) as found:
        return [str(found)]
    return []
