"""Who may do what: every operation of the API against every kind of caller.

A row of the matrix is an operation, a request that suits it, and the answer for each persona of
`personas`. Workers' credentials have a matrix of their own in `test_worker_authorisation`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.db import transaction

from minigiants.accounts.models import User
from minigiants.accounts.services import token_create
from minigiants.api.openapi import PART_PATH
from minigiants.api.routes import api
from minigiants.artifacts.services import AnnouncedFile, upload_create
from minigiants.community.threads import thread_create
from minigiants.competitions.models import Host
from minigiants.competitions.people import competition_invite
from minigiants.competitions.policies import ALLOWED, HostAction
from minigiants.notifications.models import Delivery
from minigiants.notifications.policies import MANAGING_ROLES
from minigiants.notifications.selectors import Subject
from minigiants.notifications.webhooks import webhook_create, webhook_test
from minigiants.submissions.models import Evaluation, Rescore, Trial
from minigiants.teams.invitations import invitation_create
from minigiants.teams.models import MergeProposal, Team
from tests.minigiants.api.personas import BAD_TOKENS, HOSTS, PERSONAS, SCOPES, Cast, cast_of
from tests.support.factories import ArtifactFactory, SubmissionFactory, TeamFactory, member_of

pytestmark = pytest.mark.django_db

Expected = dict[str, int]
REFUSED_TOKENS: Expected = dict.fromkeys(BAD_TOKENS, 401)


def _everybody(status: int, **others: int) -> Expected:
    return {**dict.fromkeys(PERSONAS, status), **REFUSED_TOKENS, **others}


def _public(status: int, *, elsewhere: int = 403) -> Expected:
    return _everybody(status, elsewhere=elsewhere)


def _needs(
    scope: str,
    *,
    allowed: int,
    other: int,
    hosts: int | None = None,
    staff: int | None = None,
    members: int | None = None,
    elsewhere: int = 403,
) -> Expected:
    """For people with a session or a token with `scope`.

    `allowed` is the answer to the team's members and to a token with the scope, `other` that to
    whoever is not of the team; where hosts, staff or members are answered otherwise, say so. A
    token that is bound to another competition is told so (403) where the address names the
    competition; what belongs to another looks like what does not exist (404).
    """
    return {
        "anonymous": 401,
        "other": other,
        "member": allowed if members is None else members,
        "colleague": allowed if members is None else members,
        **dict.fromkeys(HOSTS, other if hosts is None else hosts),
        "staff": other if staff is None else staff,
        **dict.fromkeys(SCOPES, 403),
        f"scope_{scope}": allowed,
        "bound": allowed,
        "elsewhere": elsewhere,
        **REFUSED_TOKENS,
    }


def _judges(allowed: int, *, others: int = 403, elsewhere: int = 403) -> Expected:
    """For hosts who judge, and for the staff."""
    found = _needs(
        "host",
        allowed=allowed,
        other=others,
        members=others,
        hosts=allowed,
        staff=allowed,
        elsewhere=elsewhere,
    )
    return {**found, "host_viewer": others}


def _runs(allowed: int) -> Expected:
    """For hosts who run the competition, and for the staff."""
    return {**_judges(allowed), "host_judge": 403}


def _any_person(status: int) -> Expected:
    return _everybody(status, anonymous=401)


def _session(allowed: int, *, other: int | None = None) -> Expected:
    """By session alone; `other` is the answer to all but `member`."""
    others = allowed if other is None else other
    return {
        **dict.fromkeys(PERSONAS, 403),
        "anonymous": 401,
        **dict.fromkeys(("other", "colleague", "staff", *HOSTS), others),
        "member": allowed,
        **REFUSED_TOKENS,
    }


def _moderators(allowed: int) -> Expected:
    """By session, for hosts and staff."""
    return {**_session(403), **dict.fromkeys(("staff", *HOSTS), allowed)}


def _leader(allowed: int) -> Expected:
    """By session, for the team's leader; other members are told who may."""
    return {**_session(allowed, other=404), "colleague": 403}


WORKERS_ONLY = dict.fromkeys(PERSONAS, 401)


@dataclass(frozen=True)
class Operation:
    """An operation, a request that suits it, and the status that each persona gets."""

    expected: Mapping[str, int]
    body: Callable[["World"], Any] = field(default=lambda world: None)
    query: str = ""


@dataclass(frozen=True)
class World:
    """What the requests speak of."""

    slug: str
    artifact: UUID
    fresh_artifact: UUID
    submission: UUID
    evaluation: UUID
    upload: UUID
    token: UUID
    deliveries: Mapping[str, Delivery]
    invitation: UUID
    competition_invitation: UUID
    rescore: UUID
    trial: UUID
    proposal: UUID
    team: UUID
    thread: UUID
    post: UUID
    cast: Cast

    def path(self, template: str) -> str:
        """The address, with something that exists in each place."""
        values: dict[str, Any] = {
            "slug": self.slug,
            "path": "train.csv",
            "artifact_id": self.artifact,
            "submission_id": self.submission,
            "upload_id": self.upload,
            "position": 0,
            "number": 0,
            "evaluation_id": self.evaluation,
            "token_id": self.token,
            "invitation_id": self.invitation,
            "competition_invitation_id": self.competition_invitation,
            "rescore_id": self.rescore,
            "trial_id": self.trial,
            "proposal_id": self.proposal,
            "team_id": self.team,
            "phase": "main",
            "name": "rules",
            "thread_id": self.thread,
            "post_id": self.post,
            "username": self.cast.sessions["member"].username,
            "token": "not-a-signed-token",
        }
        for place, delivery in self.deliveries.items():
            values |= {f"{place}_webhook": delivery.webhook_id, f"{place}_delivery": delivery.pk}
        return template.format(**values)


def _announcement(world: World) -> Any:
    return {"competition": world.slug, "files": [{"path": "model.onnx", "size": 4}]}


def _post_body(world: World) -> Any:
    return {"title": "Hello again", "body": "There is more."}


def _hosting() -> dict[tuple[str, str], Operation]:
    """The operations of hosts: which role may do what."""

    def answers(action: HostAction, allowed: int) -> Expected:
        roles = {
            f"host_{role}": allowed if role in ALLOWED[action] else 403 for role in Host.Role.values
        }
        expected = _needs("host", allowed=allowed, other=403, members=403, staff=allowed)
        return {**expected, **roles}

    look, run, own = HostAction.LOOK, HostAction.RUN, HostAction.OWN
    base = f"{V1}/host/competitions/{{slug}}"
    return {
        # 422: what is sent is no archive, which only who may publish is told
        ("PUT", f"{base}/check"): Operation(answers(run, 422)),
        ("PUT", f"{base}/pack"): Operation(answers(run, 422)),
        ("GET", f"{base}/pack"): Operation(answers(run, 200)),
        # Founding takes a permission that here the staff alone has, whose token has the scope; no
        # bound token founds another.
        ("POST", f"{V1}/host/competitions"): Operation(
            {**_needs("host", allowed=403, other=403), "staff": 201, "scope_host": 201},
            lambda w: {"slug": "my-first", "task": "classification", "title": "My first"},
        ),
        # 409: another version serves, which only who may edit is told
        ("PUT", f"{base}/pages/{{name}}"): Operation(
            answers(run, 409), lambda w: {"version": 99, "text": "# Rules"}
        ),
        ("POST", f"{base}/pages"): Operation(
            answers(run, 409), lambda w: {"version": 99, "name": "faq", "text": "# Questions"}
        ),
        # 409: it is one of those that stay
        ("DELETE", f"{base}/pages/{{name}}"): Operation(answers(run, 409), query="?version=99"),
        ("PATCH", f"{base}/settings"): Operation(answers(run, 409), lambda w: {"version": 99}),
        ("POST", f"{base}/unpublish"): Operation(answers(run, 200)),
        ("GET", f"{base}/rescores/offer"): Operation(answers(look, 200)),
        # 409: nothing has changed, and the one that there is has ended
        ("POST", f"{base}/rescores"): Operation(answers(run, 409), lambda w: {"reason": "Fix"}),
        ("GET", f"{base}/rescores/{{rescore_id}}"): Operation(answers(run, 200)),
        ("POST", f"{base}/rescores/{{rescore_id}}/cancel"): Operation(answers(run, 409)),
        ("GET", f"{base}/trials/{{trial_id}}"): Operation(answers(run, 200)),
        ("POST", f"{base}/trials/{{trial_id}}/cancel"): Operation(answers(run, 200)),
        ("GET", f"{base}/hosts"): Operation(answers(look, 200)),
        ("PUT", f"{base}/hosts/{{username}}"): Operation(
            answers(own, 200), lambda w: {"role": "judge"}
        ),
        ("DELETE", f"{base}/hosts/{{username}}"): Operation(answers(own, 404)),
        ("GET", f"{base}/audit"): Operation(answers(look, 200)),
        ("GET", f"{base}/statistics"): Operation(answers(look, 200)),
        ("GET", f"{base}/teams"): Operation(answers(look, 200)),
        ("GET", f"{V1}/host/submissions/{{submission_id}}"): Operation(
            # what belongs to others looks like what does not exist, to the team itself too
            _needs("host", allowed=200, other=404, members=404, hosts=200, staff=200, elsewhere=404)
        ),
        ("GET", f"{base}/invitations"): Operation(answers(run, 200)),
        ("POST", f"{base}/invitations"): Operation(
            answers(run, 201), lambda w: {"email": "new@example.org"}
        ),
        ("DELETE", f"{base}/invitations/{{competition_invitation_id}}"): Operation(
            answers(run, 204)
        ),
    }


V1 = "/api/v1"
MANAGERS = tuple(persona for persona in HOSTS if persona.removeprefix("host_") in MANAGING_ROLES)


def _webhooks(place: str, *, read: str, write: str) -> dict[tuple[str, str], Operation]:
    """The operations on a team's webhooks, or on those of a competition's hosts."""

    def answers(scope: str, allowed: int) -> Expected:
        if place == "team":
            return _needs(scope, allowed=allowed, other=404)
        expected = _needs(scope, allowed=allowed, other=403, members=403, staff=allowed)
        return {**expected, **dict.fromkeys(MANAGERS, allowed)}

    base = f"{V1}/competitions/{{slug}}/{place}/webhooks"
    one = f"{base}/{{{place}_webhook}}"
    sent = f"{one}/deliveries/{{{place}_delivery}}"
    return {
        ("GET", base): Operation(answers(read, 200)),
        ("POST", base): Operation(answers(write, 201), lambda w: {"url": "https://example.org/"}),
        ("GET", one): Operation(answers(read, 200)),
        ("PATCH", one): Operation(answers(write, 200), lambda w: {"description": "x"}),
        ("DELETE", one): Operation(answers(write, 204)),
        ("POST", f"{one}/rotate"): Operation(answers(write, 200)),
        ("POST", f"{one}/test"): Operation(answers(write, 202)),
        ("GET", f"{one}/deliveries"): Operation(answers(read, 200)),
        ("GET", sent): Operation(answers(read, 200)),
        ("POST", f"{sent}/replay"): Operation(answers(write, 202)),
    }


MATRIX: dict[tuple[str, str], Operation] = {
    ("GET", f"{V1}/host/schema"): Operation(_public(200, elsewhere=200)),
    ("GET", f"{V1}/installation"): Operation(
        # it speaks of no competition, so bound tokens do not reach it
        {**_needs("admin", allowed=200, other=403, members=403, staff=200), "bound": 403}
    ),
    ("GET", f"{V1}/me"): Operation(_any_person(200)),
    ("PATCH", f"{V1}/me"): Operation(
        # it changes what is told of all competitions
        {**_needs("submit", allowed=200, other=200), "bound": 403},
        lambda world: {"wants_result_mail": True},
    ),
    ("DELETE", f"{V1}/me/token"): Operation(
        {
            **_any_person(404),  # a session has none
            **dict.fromkeys((*SCOPES, "bound", "elsewhere"), 204),
        }
    ),
    ("GET", f"{V1}/me/tokens"): Operation(_session(200)),
    ("POST", f"{V1}/me/tokens"): Operation(
        _session(201), lambda world: {"name": "CI", "scopes": ["read"], "days": 1}
    ),
    ("POST", f"{V1}/me/tokens/{{token_id}}/rotate"): Operation(
        _session(201, other=404), lambda world: {"days": 1}
    ),
    ("DELETE", f"{V1}/me/tokens/{{token_id}}"): Operation(_session(204, other=404)),
    ("GET", f"{V1}/competitions"): Operation(_public(200, elsewhere=200)),
    ("GET", f"{V1}/competitions/{{slug}}"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/limits"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/pages"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/pages/{{name}}"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/croissant"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/data"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/data/{{path}}"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/leaderboard"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/leaderboard/me"): Operation(
        _needs("read", allowed=200, other=200)
    ),
    ("GET", f"{V1}/competitions/{{slug}}/leaderboard/late"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/leaderboard/pareto"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/leaderboard/history"): Operation(_public(200)),
    ("GET", f"{V1}/competitions/{{slug}}/leaderboard/shake-up"): Operation(
        # the private board is hidden from all but those who run the competition
        {
            **_public(403),
            **dict.fromkeys((*HOSTS, "staff", *SCOPES, "bound"), 200),
        }
    ),
    ("POST", f"{V1}/competitions/{{slug}}/phases/{{phase}}/reveal"): Operation(
        _runs(409)  # the phase is still open
    ),
    ("POST", f"{V1}/competitions/{{slug}}/phases/{{phase}}/freeze"): Operation(_runs(200)),
    ("POST", f"{V1}/competitions/{{slug}}/phases/{{phase}}/thaw"): Operation(_runs(200)),
    ("POST", f"{V1}/competitions/{{slug}}/teams/{{team_id}}/disqualify"): Operation(
        _judges(200), lambda world: {"reason": "It shares an account."}
    ),
    ("POST", f"{V1}/competitions/{{slug}}/teams/{{team_id}}/reinstate"): Operation(
        _judges(200), lambda world: {"reason": "It shares none."}
    ),
    ("POST", f"{V1}/submissions/{{submission_id}}/disqualify"): Operation(
        _judges(200, others=404, elsewhere=404), lambda world: {"reason": "It holds the labels."}
    ),
    ("POST", f"{V1}/submissions/{{submission_id}}/reinstate"): Operation(
        _judges(200, others=404, elsewhere=404), lambda world: {"reason": "It holds none."}
    ),
    ("POST", f"{V1}/submissions/{{submission_id}}/select"): Operation(
        # 409: it is not scored yet
        _needs("submit", allowed=409, other=404, elsewhere=404)
    ),
    ("DELETE", f"{V1}/submissions/{{submission_id}}/select"): Operation(
        _needs("submit", allowed=200, other=404, elsewhere=404)
    ),
    ("GET", f"{V1}/competitions/{{slug}}/records"): Operation(_public(200)),
    ("POST", f"{V1}/competitions/{{slug}}/rules"): Operation(
        _needs("submit", allowed=200, other=200)
    ),
    ("GET", f"{V1}/competitions/{{slug}}/team"): Operation(_needs("read", allowed=200, other=404)),
    ("POST", f"{V1}/competitions/{{slug}}/team"): Operation(
        # 409: they have one; 403: the rules come first
        {**_session(409, other=403), "colleague": 409},
        lambda world: {"name": "Another"},
    ),
    ("PATCH", f"{V1}/competitions/{{slug}}/team"): Operation(
        _leader(200), lambda world: {"name": "Another"}
    ),
    ("POST", f"{V1}/competitions/{{slug}}/team/leader"): Operation(
        _leader(200), lambda world: {"username": world.cast.sessions["colleague"].username}
    ),
    ("DELETE", f"{V1}/competitions/{{slug}}/team/membership"): Operation(
        # a leader hands over first, and nobody leaves a team that has handed in
        {**_session(409, other=404), "colleague": 409}
    ),
    ("POST", f"{V1}/competitions/{{slug}}/team/invitations"): Operation(
        _leader(201), lambda world: {"to": "new@example.org"}
    ),
    ("POST", f"{V1}/competitions/{{slug}}/team/merges"): Operation(
        _leader(201), lambda world: {"team": "Neighbours"}
    ),
    ("GET", f"{V1}/invitations"): Operation(_needs("read", allowed=200, other=200, elsewhere=200)),
    ("DELETE", f"{V1}/invitations/{{invitation_id}}"): Operation(_leader(204)),
    ("POST", f"{V1}/invitations/{{invitation_id}}/answer"): Operation(
        # the invitation is to `other`, and nobody else knows of it
        {**_session(404), "other": 200},
        lambda world: {"accept": False},
    ),
    ("POST", f"{V1}/merges/{{proposal_id}}/answer"): Operation(
        _leader(200), lambda world: {"accept": False}
    ),
    ("GET", f"{V1}/people/{{username}}"): Operation(_public(200, elsewhere=200)),
    ("GET", f"{V1}/me/notices"): Operation(
        # they speak of all competitions
        {**_needs("read", allowed=200, other=200), "bound": 403}
    ),
    ("POST", f"{V1}/me/notices/read"): Operation(_session(200)),
    ("GET", f"{V1}/competitions/{{slug}}/threads"): Operation(_public(200)),
    ("POST", f"{V1}/competitions/{{slug}}/threads"): Operation(_session(201), _post_body),
    ("GET", f"{V1}/threads/{{thread_id}}/posts"): Operation(_public(200, elsewhere=404)),
    ("POST", f"{V1}/threads/{{thread_id}}/posts"): Operation(
        _session(201), lambda world: {"body": "A reply"}
    ),
    ("PATCH", f"{V1}/threads/{{thread_id}}"): Operation(
        _moderators(200), lambda world: {"is_locked": True, "is_pinned": True}
    ),
    ("PATCH", f"{V1}/posts/{{post_id}}"): Operation(
        _session(200, other=403), lambda world: {"body": "Changed"}
    ),
    ("DELETE", f"{V1}/posts/{{post_id}}"): Operation(_session(204, other=403)),
    ("POST", f"{V1}/posts/{{post_id}}/reports"): Operation(
        _session(201), lambda world: {"reason": "Rude"}
    ),
    ("PUT", f"{V1}/posts/{{post_id}}/hidden"): Operation(
        _moderators(204), lambda world: {"reason": "Rude"}
    ),
    ("DELETE", f"{V1}/posts/{{post_id}}/hidden"): Operation(_moderators(204)),
    ("GET", f"{V1}/competitions/{{slug}}/announcements"): Operation(_public(200)),
    ("POST", f"{V1}/competitions/{{slug}}/announcements"): Operation(
        _needs("host", allowed=201, other=403, hosts=201, staff=201, members=403),
        _post_body,
    ),
    ("GET", f"{V1}/competitions/{{slug}}/quota"): Operation(_needs("read", allowed=200, other=200)),
    ("POST", f"{V1}/uploads"): Operation(
        # who has not accepted the rules may not upload
        _needs("submit", allowed=201, other=403),
        _announcement,
    ),
    ("GET", f"{V1}/uploads/{{upload_id}}"): Operation(
        _needs("submit", allowed=200, other=404, elsewhere=404)
    ),
    ("DELETE", f"{V1}/uploads/{{upload_id}}"): Operation(
        _needs("submit", allowed=204, other=404, elsewhere=404)
    ),
    ("POST", f"{V1}/uploads/{{upload_id}}/complete"): Operation(
        # 409: its parts are missing, which only who may complete it is told
        _needs("submit", allowed=409, other=404, elsewhere=404)
    ),
    ("POST", f"{V1}/{PART_PATH}/address"): Operation(
        _needs("submit", allowed=200, other=404, elsewhere=404),
        lambda world: {"sha256": "0" * 64},
    ),
    ("PUT", f"{V1}/{PART_PATH}"): Operation(WORKERS_ONLY),
    ("GET", f"{V1}/competitions/{{slug}}/artifacts"): Operation(
        _needs("read", allowed=200, other=200)
    ),
    ("GET", f"{V1}/artifacts/{{artifact_id}}"): Operation(
        _needs("read", allowed=200, other=404, elsewhere=404)
    ),
    ("POST", f"{V1}/competitions/{{slug}}/submissions"): Operation(
        _needs("submit", allowed=201, other=404),
        lambda world: {"artifact": str(world.fresh_artifact)},
    ),
    ("GET", f"{V1}/competitions/{{slug}}/submissions"): Operation(
        _needs("read", allowed=200, other=200)
    ),
    ("GET", f"{V1}/submissions/{{submission_id}}"): Operation(
        _needs("read", allowed=200, other=404, elsewhere=404)
    ),
    ("GET", f"{V1}/submissions/{{submission_id}}/events"): Operation(
        _needs("read", allowed=200, other=404, elsewhere=404)
    ),
    ("GET", f"{V1}/submissions/{{submission_id}}/log"): Operation(
        _needs("read", allowed=200, other=404, elsewhere=404)
    ),
    ("POST", f"{V1}/submissions/{{submission_id}}/cancel"): Operation(
        _needs("submit", allowed=200, other=404, elsewhere=404)
    ),
    **_webhooks("team", read="read", write="submit"),
    **_webhooks("host", read="host", write="host"),
    **_hosting(),
    ("POST", f"{V1}/worker/presence"): Operation(WORKERS_ONLY),
    ("POST", f"{V1}/worker/evaluations/{{evaluation_id}}/claim"): Operation(WORKERS_ONLY),
    ("POST", f"{V1}/worker/evaluations/{{evaluation_id}}/heartbeat"): Operation(WORKERS_ONLY),
    ("POST", f"{V1}/worker/evaluations/{{evaluation_id}}/report"): Operation(WORKERS_ONLY),
    ("PUT", f"{V1}/worker/evaluations/{{evaluation_id}}/blob"): Operation(
        # a bearer token that is no report token is told that the attempt is over
        {
            **dict.fromkeys(PERSONAS, 401),
            **dict.fromkeys((*SCOPES, "bound", "elsewhere", *BAD_TOKENS), 410),
        }
    ),
    ("GET", f"{V1}/worker/blobs/{{token}}"): Operation(dict.fromkeys(PERSONAS, 404)),
}


def _documented() -> set[tuple[str, str]]:
    paths = api.get_openapi_schema(path_prefix="api/v1/")["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


@pytest.fixture
def world(team: Team, member: User) -> World:
    """A team with a submission under way, an upload begun, and a model to hand in."""
    cast = cast_of(team, member)
    TeamFactory(user=cast.sessions["other"])  # in another competition
    submission = SubmissionFactory(artifact=ArtifactFactory(team=team))
    Evaluation.objects.update(smoke_log="hello")
    upload = upload_create(
        user=member, competition=team.competition, files=[AnnouncedFile("model.onnx", 4)]
    )
    subjects = {"team": Subject(team=team), "host": Subject(competition=team.competition)}
    deliveries = {}
    for place, subject in subjects.items():
        webhook, _ = webhook_create(user=member, subject=subject, url="https://example.org/")
        deliveries[place] = webhook_test(webhook=webhook)
    invitation = invitation_create(
        user=member, competition=team.competition, to=cast.sessions["other"].username
    )
    neighbours = TeamFactory(competition=team.competition, name="Neighbours")
    proposal = MergeProposal.objects.create(
        team=neighbours, other=team, proposed_by=member_of(neighbours)
    )
    thread = thread_create(user=member, competition=team.competition, title="Hello", body="Hello")
    hosts_invitation = competition_invite(
        competition=team.competition,
        actor=cast.sessions["host_owner"],
        email="guest@example.org",
    )
    rescore = Rescore.objects.create(
        competition=team.competition,
        version=submission.pack_version,
        reason="Fixed.",
        state=Rescore.State.APPLIED,
    )
    trial = Trial.objects.create(
        competition=team.competition,
        version=submission.pack_version,
        started_by=cast.sessions["host_owner"],
    )
    return World(
        slug=team.competition.slug,
        artifact=submission.artifact_id,
        fresh_artifact=ArtifactFactory(team=team).pk,
        submission=submission.pk,
        evaluation=submission.evaluations.get().pk,
        upload=upload.pk,
        token=token_create(user=member, name="mine", scopes=["read"], days=1)[0].pk,
        deliveries=deliveries,
        invitation=invitation.pk,
        competition_invitation=hosts_invitation.pk,
        rescore=rescore.pk,
        trial=trial.pk,
        proposal=proposal.pk,
        team=team.pk,
        thread=thread.pk,
        post=thread.posts.get().pk,
        cast=cast,
    )


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _ask(world: World, persona: str, method: str, path: str, body: Any) -> int:
    response = world.cast.client(persona).generic(
        method,
        path,
        json.dumps(body) if body is not None else "",
        content_type="application/json",
    )
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json"
        assert set(response.json()) >= {"type", "title", "status", "code", "detail", "mend"}
        assert ("WWW-Authenticate" in response) >= (response.status_code == 401)
    return response.status_code


def test_no_operation_is_missing_from_the_matrix() -> None:
    # `{team_webhook}` and `{host_webhook}` stand for what the document calls `{webhook_id}`.
    named = {
        (method, re.sub(r"{(team|host)_(webhook|delivery)}", r"{\2_id}", path))
        for method, path in MATRIX
    }
    assert named == _documented()


@pytest.mark.parametrize(
    ("method", "path"),
    [key for key in MATRIX if not key[1].endswith(PART_PATH)],
    ids=lambda value: value.removeprefix(V1),
)
def test_each_persona_gets_what_the_matrix_says(method: str, path: str, world: World) -> None:
    operation = MATRIX[method, path]
    found = {}
    for persona in PERSONAS:
        with _undone():
            address = world.path(path) + operation.query
            found[persona] = _ask(world, persona, method, address, operation.body(world))
    assert found == dict(operation.expected)


def test_parts_are_opened_by_the_upload_s_own_token_alone(world: World) -> None:
    from minigiants.config.asgi import application

    @async_to_sync
    async def put(headers: Mapping[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(app=cast(Any, application))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.put(
                world.path(f"{V1}/{PART_PATH}"),
                content=b"abcd",
                headers={**headers, "X-Part-SHA256": "0" * 64},
            )

    for persona in PERSONAS:
        headers = dict(world.cast.headers.get(persona, {}))
        if persona in world.cast.sessions:
            client = world.cast.client(persona)
            headers["Cookie"] = f"sessionid={client.cookies['sessionid'].value}"
        response = put(headers)
        assert response.status_code == MATRIX["PUT", f"{V1}/{PART_PATH}"].expected[persona]
        assert response.headers["Content-Type"] == "application/problem+json"
