"""Two requests at once for the same upload, and for the same part of it."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connections

from minigiants.artifacts.models import Artifact, UploadPart, UploadSession
from minigiants.artifacts.part_store import part_store
from minigiants.artifacts.parts import PartWriter
from minigiants.artifacts.problems import PartInFlight, UploadClosed, UploadIncomplete
from minigiants.artifacts.services import (
    AnnouncedFile,
    upload_abort,
    upload_complete,
    upload_create,
)
from minigiants.core.problems import Problem
from tests.support.factories import TeamFactory, member_of

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = b"def load(folder, device): ...\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
T = TypeVar("T")


@pytest.fixture
def session() -> UploadSession:
    team = TeamFactory()
    files = [AnnouncedFile("model.py", len(CONTENT))]
    return upload_create(user=member_of(team), competition=team.competition, files=files)


def writer_of(session: UploadSession) -> PartWriter:
    return PartWriter(session_id=session.pk, position=0, number=0, sha256=SHA256)


def send(session: UploadSession) -> None:
    with writer_of(session) as writer:
        if not writer.already_received:
            writer.write([CONTENT])
            writer.finish()


def complete(session: UploadSession) -> Artifact:
    return upload_complete(user=session.created_by, upload_id=session.pk)


def at_once(*calls: Callable[[], T]) -> list[T | Problem]:
    """What each call answers or raises, all begun at the same moment."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | Problem:
        barrier.wait()
        try:
            return call()
        except Problem as problem:
            return problem
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_completing_at_once_makes_one_artifact(session: UploadSession) -> None:
    send(session)
    answers = at_once(*[lambda: complete(session).pk] * 4)
    assert set(answers) == {Artifact.objects.get().pk}


def test_the_same_part_at_once_is_recorded_once(session: UploadSession) -> None:
    answers = at_once(*[lambda: send(session)] * 4)
    assert None in answers
    assert all(answer is None or isinstance(answer, PartInFlight) for answer in answers)
    assert bytes(UploadPart.objects.get().sha256).hex() == SHA256
    assert complete(session).size == len(CONTENT)


def test_completing_during_a_part_finds_it_missing(session: UploadSession) -> None:
    with writer_of(session) as writer:
        writer.write([CONTENT[:5]])
        with pytest.raises(UploadIncomplete):
            complete(session)
        writer.write([CONTENT[5:]])
        writer.finish()
    assert complete(session).size == len(CONTENT)


def test_a_part_that_comes_after_completion_changes_nothing(session: UploadSession) -> None:
    send(session)
    artifact = complete(session)
    with pytest.raises(UploadClosed):
        writer_of(session)
    assert complete(session) == artifact


def test_a_part_on_its_way_when_its_upload_is_given_up_is_not_kept(session: UploadSession) -> None:
    with writer_of(session) as writer:
        writer.write([CONTENT])
        upload_abort(user=session.created_by, upload_id=session.pk)
        with pytest.raises(UploadClosed):
            writer.finish()
    assert not UploadPart.objects.exists()
    assert session.pk not in part_store().sessions()


def test_abort_and_completion_at_once_end_in_one_of_both(session: UploadSession) -> None:
    send(session)
    completed, _ = at_once(
        lambda: complete(session).pk,
        lambda: upload_abort(user=session.created_by, upload_id=session.pk),
    )
    session.refresh_from_db()
    if isinstance(completed, Problem):
        assert (session.status, Artifact.objects.count()) == ("expired", 0)
    else:
        assert (session.status, session.artifact_id) == ("complete", completed)
