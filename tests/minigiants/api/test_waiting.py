"""Long polls and server-sent events, over real connections."""

import gc
import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from minigiants.accounts.models import ApiToken, User
from minigiants.accounts.services import token_revoke
from minigiants.api import waiting
from minigiants.api.places import Place
from minigiants.api.problems import TooManyWaiting
from minigiants.api.rate_limits import shared_redis
from minigiants.competitions.models import PackFile
from minigiants.competitions.selectors import current_version
from minigiants.submissions.models import StateChange, Submission
from minigiants.submissions.services import submission_cancel
from minigiants.teams.models import Team
from tests.support.asgi_server import AsgiServer
from tests.support.factories import ArtifactFactory, SubmissionFactory, stored_blob

WAITERS = 24
"""Twice as many as the pool has database connections."""


@pytest.fixture
def http(
    asgi_server: AsgiServer, team: Team, member: User, bearer: Callable[..., dict[str, str]]
) -> Any:
    """A client of the running server with a token of `member`."""
    limits = httpx.Limits(max_connections=WAITERS + 8)
    with httpx.Client(
        base_url=f"{asgi_server.url}/api/v1", headers=bearer(member), timeout=30, limits=limits
    ) as client:
        yield client


@pytest.fixture
def submission(team: Team) -> Submission:
    """A submission in the queue."""
    return SubmissionFactory(artifact=ArtifactFactory(team=team))


def _events(lines: Any) -> Any:
    """The events of a stream, each as its fields."""
    fields: dict[str, str] = {}
    for line in lines:
        if not line and fields:
            yield fields
            fields = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


def test_a_poll_without_wait_answers_at_once_and_knows_what_you_have(
    http: httpx.Client, submission: Submission
) -> None:
    first = http.get(f"/submissions/{submission.pk}")
    assert first.status_code == 200
    assert first.json()["status"] == "queued"
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = http.get(
        f"/submissions/{submission.pk}", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_poll_ends_when_the_state_changes(
    http: httpx.Client, submission: Submission, member: User
) -> None:
    known = http.get(f"/submissions/{submission.pk}").headers["ETag"]
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(
            http.get, f"/submissions/{submission.pk}", params={"wait": 25, "known": known}
        )
        with pytest.raises(TimeoutError):
            poll.result(0.5)
        submission_cancel(user=member, submission_id=submission.pk)
        answer = poll.result(5)
    assert answer.json()["status"] == "cancelled"
    assert answer.elapsed.total_seconds() < 5


def test_a_poll_ends_when_its_time_is_over(http: httpx.Client, submission: Submission) -> None:
    answer = http.get(f"/submissions/{submission.pk}", params={"wait": 0.3})
    assert answer.json()["status"] == "queued"
    assert 0.3 <= answer.elapsed.total_seconds() < 5


def test_a_poll_does_not_wait_for_what_is_final_or_already_other(
    http: httpx.Client, submission: Submission, member: User
) -> None:
    stale = {"wait": "25", "known": "2020-01-01T00:00:00Z"}
    assert http.get(f"/submissions/{submission.pk}", params=stale).elapsed.total_seconds() < 5
    submission_cancel(user=member, submission_id=submission.pk)
    final = http.get(f"/submissions/{submission.pk}")
    for known in (final.headers["ETag"], final.json()["updated_at"], ""):
        answer = http.get(f"/submissions/{submission.pk}", params={"wait": 25, "known": known})
        assert answer.elapsed.total_seconds() < 5


def test_many_who_wait_leave_the_server_free(
    http: httpx.Client, submission: Submission, member: User
) -> None:
    with ThreadPoolExecutor(WAITERS) as pool:
        polls = [
            pool.submit(http.get, f"/submissions/{submission.pk}", params={"wait": 25})
            for _ in range(WAITERS)
        ]
        with pytest.raises(TimeoutError):
            polls[-1].result(2)
        other = http.get("/competitions")
        assert other.status_code == 200
        assert other.elapsed.total_seconds() < 3
        submission_cancel(user=member, submission_id=submission.pk)
        assert {poll.result(20).json()["status"] for poll in polls} == {"cancelled"}


def test_the_stream_tells_every_state_and_ends_after_the_last(
    http: httpx.Client, submission: Submission, member: User
) -> None:
    with http.stream("GET", f"/submissions/{submission.pk}/events") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        events = _events(stream.iter_lines())
        first = next(events)
        submission_cancel(user=member, submission_id=submission.pk)
        rest = list(events)
    states = [json.loads(event["data"])["status"] for event in (first, *rest)]
    assert states[0] == "queued"
    assert states[-1] == "cancelled"
    assert first["event"] == "state"
    ids = list(StateChange.objects.filter(submission=submission).values_list("pk", flat=True))
    assert (int(first["id"]), int(rest[-1]["id"])) == (min(ids), max(ids))


def test_the_stream_goes_on_after_the_last_event_seen(
    http: httpx.Client, submission: Submission, member: User
) -> None:
    seen = StateChange.objects.get(submission=submission).pk
    submission_cancel(user=member, submission_id=submission.pk)
    with http.stream(
        "GET", f"/submissions/{submission.pk}/events", headers={"Last-Event-ID": str(seen)}
    ) as stream:
        (event,) = _events(stream.iter_lines())
    assert json.loads(event["data"])["status"] == "cancelled"
    assert int(event["id"]) > seen


def test_the_stream_ends_when_its_token_is_revoked(
    http: httpx.Client, submission: Submission, member: User
) -> None:
    with http.stream("GET", f"/submissions/{submission.pk}/events") as stream:
        events = _events(stream.iter_lines())
        assert json.loads(next(events)["data"])["status"] == "queued"
        token_revoke(user=member, token_id=ApiToken.objects.get().pk)
        assert list(events) == []


@pytest.mark.parametrize("header", ["x", "-1", "1" * 19, "²"])
def test_a_wrong_last_event_id_is_a_problem(
    http: httpx.Client, submission: Submission, header: str
) -> None:
    answer = http.get(
        f"/submissions/{submission.pk}/events", headers={b"Last-Event-ID": header.encode()}
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_input"


def test_data_is_streamed_whole(http: httpx.Client, team: Team) -> None:
    slug = team.competition.slug
    (file,) = http.get(f"/competitions/{slug}/data").json()["files"]
    answer = http.get(f"/competitions/{slug}/data/{file['path']}")
    assert answer.content == b"x,y\n1,2\n"
    assert answer.headers["Content-Length"] == str(file["size"])
    assert answer.headers["ETag"] == f'"{file["digest"]}"'
    again = http.get(
        f"/competitions/{slug}/data/{file['path']}",
        headers={"If-None-Match": answer.headers["ETag"]},
    )
    assert again.status_code == 304


def test_who_leaves_early_leaves_nothing_behind(
    http: httpx.Client, submission: Submission, team: Team
) -> None:
    big = stored_blob(bytes(6 * 1024 * 1024))
    PackFile.objects.create(
        version=current_version(team.competition),
        role=PackFile.Role.PUBLIC,
        path="big.npy",
        digest=big.digest,
        size=big.size,
    )
    paths = (
        f"/competitions/{team.competition.slug}/data/big.npy",
        f"/submissions/{submission.pk}/events",
    )
    for path in paths:
        with http.stream("GET", path) as stream:
            next(stream.iter_raw())
    with pytest.raises(httpx.ReadTimeout):
        http.get(f"/submissions/{submission.pk}", params={"wait": 2}, timeout=0.3)
    assert http.get(f"/submissions/{submission.pk}").status_code == 200
    gc.collect()


def test_who_has_too_many_requests_waiting_is_told_so(
    http: httpx.Client, submission: Submission, settings: Any, member: User
) -> None:
    settings.API_PLACES = 1
    path = f"/submissions/{submission.pk}"
    with http.stream("GET", f"{path}/events") as stream:
        events = _events(stream.iter_lines())
        next(events)
        for refused in (http.get(path, params={"wait": 5}), http.get(f"{path}/events")):
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_waiting")
            assert refused.headers["Retry-After"] == "1"
        assert http.get(path).status_code == 200  # who does not wait needs no place
        submission_cancel(user=member, submission_id=submission.pk)
        list(events)
    other = SubmissionFactory(artifact=ArtifactFactory(team=submission.team))
    assert http.get(f"/submissions/{other.pk}", params={"wait": 0.1}).status_code == 200


def test_a_place_lapses_with_its_process(settings: Any) -> None:
    settings.API_PLACES = 1
    person = secrets.token_hex(8)
    lost = Place(person)
    lost.take()
    lost.take()  # renewing needs no second one
    with pytest.raises(TooManyWaiting):
        Place(person).take()
    shared_redis().zadd(f"places:{person}", {lost._name: 0})  # its time is over
    Place(person).take()


def test_a_silent_stream_is_kept_alive(
    http: httpx.Client, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "RECHECK_SECONDS", 0.05)
    monkeypatch.setattr(waiting, "KEEP_ALIVE_SECONDS", 0.1)
    with http.stream("GET", f"/submissions/{submission.pk}/events") as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith(":")) == ": still here"


def test_a_stream_ends_after_its_time_and_goes_on_where_it_was(
    http: httpx.Client, submission: Submission, monkeypatch: pytest.MonkeyPatch, member: User
) -> None:
    monkeypatch.setattr(waiting, "RECHECK_SECONDS", 0.05)
    monkeypatch.setattr(waiting, "STREAM_SECONDS", 0.1)
    path = f"/submissions/{submission.pk}/events"
    with http.stream("GET", path) as stream:
        (first,) = _events(stream.iter_lines())
    submission_cancel(user=member, submission_id=submission.pk)
    with http.stream("GET", path, headers={"Last-Event-ID": first["id"]}) as stream:
        (second,) = _events(stream.iter_lines())
    assert json.loads(second["data"])["status"] == "cancelled"
    # Whatever came in between is told by the changes.
    assert [c["status"] for c in json.loads(second["data"])["changes"]] == ["queued", "cancelled"]


def test_without_redis_waiting_goes_by_the_database(
    http: httpx.Client, submission: Submission, settings: Any, member: User
) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    shared_redis.cache_clear()
    try:
        with ThreadPoolExecutor(1) as pool:
            poll = pool.submit(http.get, f"/submissions/{submission.pk}", params={"wait": 25})
            with pytest.raises(TimeoutError):
                poll.result(0.5)
            Submission.objects.filter(pk=submission.pk).update(status="cancelled")
            assert poll.result(20).json()["status"] == "cancelled"
    finally:
        shared_redis.cache_clear()
