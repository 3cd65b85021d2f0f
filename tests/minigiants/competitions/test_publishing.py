"""A pack is published whole or not at all, and what was published stays as it was."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError

from minigiants.competitions import pack_data
from minigiants.competitions.models import (
    Competition,
    Host,
    PackFile,
    PackVersion,
    Phase,
)
from minigiants.competitions.problems import PackRefused
from minigiants.competitions.selectors import competition_get, public_files, spec_of
from minigiants.competitions.services import pack_publish
from minigiants.core.blobstore import blob_store
from minigiants.core.models import AuditEntry
from minigiants.core.problems import NotFound, NotPermitted
from tests.support.factories import SubmissionFactory, UserFactory

pytestmark = pytest.mark.django_db

MakePack = Callable[..., Path]


def publish(folder: Path) -> PackVersion:
    return pack_publish(folder=folder, actor=None)


def content_of(file: PackFile) -> bytes:
    with blob_store().open(file.digest) as stream:
        return stream.read()


def messages(folder: Path) -> list[str]:
    with pytest.raises(PackRefused) as refused:
        publish(folder)
    return [str(fault) for fault in refused.value.faults]


def test_the_first_version_serves(make_pack: MakePack) -> None:
    version = publish(make_pack())
    competition = competition_get(slug="tiny", user=None)
    assert (version.number, competition.current_version) == (1, version)
    assert competition.title == spec_of(competition).title == "Tiny"
    assert version.pages["rules"] == "# The rules\n"
    assert [phase.slug for phase in competition.phases.all()] == ["first", "second"]
    assert [division.slug for division in competition.divisions.all()] == ["small", "large"]
    files = {(file.role, file.path): content_of(file) for file in version.files.all()}
    assert set(files) == {
        ("public", "public/train.csv"),
        ("smoke_inputs", "public/smoke.npy"),
        ("hidden_inputs", "hidden/test.npy"),
        ("labels", "hidden/labels.csv"),
        ("source", "build_data.py"),
    }
    assert files["public", "public/train.csv"] == b"id,label,x,y\nt0,0,1,2\nt1,1,3,4\n"
    assert files["labels", "hidden/labels.csv"].startswith(b"id,label,usage\nh0,0,Public\n")
    entry = AuditEntry.objects.get(action="pack.publish")
    assert entry.target_id == str(competition.pk)


def test_hidden_files_are_never_public(make_pack: MakePack) -> None:
    version = publish(make_pack())
    assert [file.path for file in public_files(version=version)] == ["public/train.csv"]


def test_the_same_content_is_published_once(make_pack: MakePack) -> None:
    first = publish(make_pack())
    entries = AuditEntry.objects.count()
    assert publish(make_pack()) == first
    assert PackVersion.objects.count() == 1
    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize("part", ["specification", "page", "data"])
def test_any_change_makes_a_version(
    make_pack: MakePack, tiny_specification: str, part: str
) -> None:
    first = publish(make_pack())
    folder = make_pack(specification=tiny_specification.replace("a tiny", "one tiny"))
    if part == "specification":
        folder = make_pack(specification=tiny_specification.replace("Tiny", "Tinier"))
    elif part == "page":
        folder = make_pack()
        (folder / "pages/rules.md").write_text("Other rules")
    else:
        builder = (folder / "build_data.py").read_text()
        folder = make_pack(builder=builder.replace("t1,1,3,4", "t1,1,3,5"))
    second = publish(folder)
    assert second.number == 2
    assert Competition.objects.get().current_version == second
    first.refresh_from_db()
    assert first.spec.title == "Tiny"
    assert b"t1,1,3,4" in content_of(public_files(version=first).get())


def test_earlier_content_serves_again_as_its_own_version(
    make_pack: MakePack, tiny_specification: str
) -> None:
    first = publish(make_pack())
    publish(make_pack(specification=tiny_specification.replace("title: Tiny", "title: Other")))
    assert publish(make_pack()) == first
    competition = Competition.objects.get()
    assert (competition.current_version, competition.title) == (first, "Tiny")
    assert PackVersion.objects.count() == 2


def test_rows_keep_their_identity(make_pack: MakePack, tiny_specification: str) -> None:
    publish(make_pack())
    before = Phase.objects.get(slug="first")
    changed = tiny_specification.replace("title: First", "title: Opening")
    publish(make_pack(specification=changed.replace("slug: second", "slug: finale")))
    assert Phase.objects.get(slug="first").pk == before.pk
    assert Phase.objects.get(slug="first").title == "Opening"
    assert set(Phase.objects.values_list("slug", flat=True)) == {"first", "finale"}


def test_a_phase_with_submissions_cannot_go(make_pack: MakePack, tiny_specification: str) -> None:
    version = publish(make_pack())
    submission = SubmissionFactory.create()
    submission.phase = Phase.objects.get(slug="second")
    submission.save()
    folder = make_pack(specification=tiny_specification.replace("slug: second", "slug: finale"))
    assert messages(folder) == [
        "competition.yaml: phases: 'second' is gone, but teams have handed in to it; keep it"
    ]
    assert Competition.objects.get(slug="tiny").current_version == version
    assert not Phase.objects.filter(slug="finale").exists()


def test_all_faults_are_told_and_nothing_changes(
    make_pack: MakePack, tiny_specification: str
) -> None:
    version = publish(make_pack())
    folder = make_pack(specification=tiny_specification.replace("title: Tiny", "titel: Tiny"))
    (folder / "pages/rules.md").unlink()
    (folder / "pages/data.md").write_bytes(b"\xff")
    (folder / "pages/overview.md").write_text(" \n")
    (folder / "build_data.py").unlink()
    assert messages(folder) == [
        "competition.yaml:1: title: is missing",
        "competition.yaml:1: titel: there is no such field; did you mean 'title'?",
        "pages/data.md: is not UTF-8",
        "pages/overview.md: is empty",
        "pages/rules.md: is missing",
        "build_data.py: is missing; it builds the data",
    ]
    assert PackVersion.objects.get() == version


def test_a_baseline_without_its_model_is_refused(make_pack: MakePack) -> None:
    folder = make_pack()
    (folder / "baselines/half/artifact").rmdir()
    assert messages(folder) == [
        "competition.yaml: baselines: there is no folder baselines/half/artifact"
    ]


@pytest.mark.parametrize("slug", ["Tiny", "tiny_one", "-tiny", "x" * 33])
def test_the_folder_must_be_named_like_an_address(make_pack: MakePack, slug: str) -> None:
    (message,) = messages(make_pack(slug))
    assert "the folder's name is the competition's address" in message


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        ("raise SystemExit('the source is gone')", "exit status 1:\nthe source is gone"),
        ("import sys", "wrote no file public/train.csv, which is announced"),
        ("import time; time.sleep(60)", "took longer than 2 seconds"),
    ],
)
def test_a_builder_that_fails_publishes_nothing(
    make_pack: MakePack, monkeypatch: pytest.MonkeyPatch, builder: str, message: str
) -> None:
    monkeypatch.setattr(pack_data, "BUILD_SECONDS", 2)
    assert any(message in line for line in messages(make_pack(builder=builder)))
    assert not Competition.objects.exists()


def test_a_link_is_no_built_file(make_pack: MakePack, tmp_path: Path) -> None:
    folder = make_pack()
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    builder = (folder / "build_data.py").read_text() + (
        f"(out / 'public/train.csv').unlink()\n"
        f"(out / 'public/train.csv').symlink_to({str(secret)!r})\n"
    )
    assert "wrote no file public/train.csv" in messages(make_pack(builder=builder))[0]


def test_hidden_bytes_in_a_public_file_are_refused(make_pack: MakePack) -> None:
    folder = make_pack()
    builder = (folder / "build_data.py").read_text() + (
        "(out / 'public/train.csv').write_bytes((out / 'hidden/labels.csv').read_bytes())\n"
    )
    told = messages(make_pack(builder=builder))
    assert told == [
        "hidden/labels.csv: is hidden, but public/train.csv holds the same bytes and is public",
        "public/train.csv:2: tells the label of the hidden row 'h0', and of 3 more",
    ]
    assert not Competition.objects.exists()


def test_a_builder_sees_none_of_the_servers_variables(
    make_pack: MakePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIGIANTS_SECRET_KEY", "s3cret")
    folder = make_pack()
    builder = (folder / "build_data.py").read_text() + (
        "import os\n(out / 'public/train.csv').write_text(repr(sorted(os.environ)))\n"
    )
    version = publish(make_pack(builder=builder))
    seen = content_of(public_files(version=version).get()).decode()
    assert "'HOME'" in seen
    assert "MINIGIANTS" not in seen


def test_a_failure_while_the_rows_are_written_leaves_no_trace(
    make_pack: MakePack, tiny_specification: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = publish(make_pack())

    def fail(*_: object, **__: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr("minigiants.competitions.services.audit_write", fail)
    with pytest.raises(DatabaseError):
        publish(make_pack(specification=tiny_specification.replace("slug: first", "slug: early")))
    assert PackVersion.objects.get() == version
    assert Competition.objects.get().current_version == version
    assert set(Phase.objects.values_list("slug", flat=True)) == {"first", "second"}


def test_who_may_publish(make_pack: MakePack, tiny_specification: str) -> None:
    person = UserFactory.create()
    folder = make_pack()
    with pytest.raises(NotPermitted):
        pack_publish(folder=folder, actor=person)
    assert not Competition.objects.exists()
    staff = UserFactory.create(is_staff=True)
    pack_publish(folder=folder, actor=staff)
    changed = make_pack(specification=tiny_specification.replace("title: Tiny", "title: Other"))
    with pytest.raises(NotPermitted):
        pack_publish(folder=changed, actor=person)
    Host.objects.create(
        competition=Competition.objects.get(), user=person, role=Host.Role.ORGANIZER
    )
    assert pack_publish(folder=changed, actor=person).number == 2
    person.is_active = False
    with pytest.raises(NotPermitted):
        pack_publish(folder=changed, actor=person)


def test_an_unpublished_competition_is_not_there() -> None:
    Competition.objects.create(slug="draft", title="Draft")
    with pytest.raises(NotFound):
        competition_get(slug="draft", user=UserFactory.create())


def test_digits_publishes() -> None:
    version = pack_publish(folder=Path(settings.PACKS_ROOT) / "digits", actor=None)
    assert {file.path for file in public_files(version=version)} == {
        "public/smoke.npy",
        "public/train.csv",
        "public/train_inputs.npy",
        "public/train_labels.csv",
    }


def test_a_pack_may_lie_anywhere(make_pack: MakePack, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "tiny"
    moved.parent.mkdir()
    first = publish(make_pack())
    shutil.move(make_pack(), moved)
    assert publish(moved) == first


RULES_OF_BOARDS = ["records:\n  alpha: 0.05\n", "release:\n  rule: ladder\n"]


@pytest.mark.parametrize("changed", RULES_OF_BOARDS, ids=["records", "release"])
def test_what_records_and_releases_go_by_is_fixed_once_a_phase_has_opened(
    make_pack: MakePack, tiny_specification: str, changed: str
) -> None:
    publish(make_pack())
    (message,) = messages(make_pack(specification=tiny_specification + changed))
    assert "fixed before" in message
    ahead = tiny_specification.replace("2026-", "2126-")
    publish(make_pack(slug="ahead", specification=ahead))
    version = publish(make_pack(slug="ahead", specification=ahead + changed))
    assert version.number == 2


def test_the_ladder_without_a_step_needs_losses(
    make_pack: MakePack, tiny_specification: str
) -> None:
    joint = tiny_specification.replace("name: accuracy", "name: matthews")
    (message,) = messages(make_pack(specification=joint + "release:\n  rule: ladder\n"))
    assert "name a step" in message
    publish(make_pack(specification=joint + "release:\n  rule: ladder\n  step: 0.01\n"))
