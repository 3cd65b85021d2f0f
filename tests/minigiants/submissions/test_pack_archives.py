"""Packs that come as archives: published, given back, and refused where they are hostile."""

import io
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from minigiants.accounts.models import User
from minigiants.competitions import pack_archive
from minigiants.competitions.models import Competition, Host, PackVersion
from minigiants.competitions.pack_archive import export_write
from minigiants.competitions.problems import PackRefused
from minigiants.core.problems import NotPermitted
from minigiants.submissions.baselines import baselines_catch_up
from minigiants.submissions.hosting import archive_check, archive_publish
from minigiants.submissions.models import Submission
from tests.support.archived_pack import SPECIFICATION, made_founder, pack_files, served
from tests.support.factories import UserFactory
from tests.support.zipped import zipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """A pack that publishes, by the names of its files."""
    return pack_files(tmp_path)


@pytest.fixture
def founder() -> User:
    """Somebody who may found competitions."""
    return made_founder()


def publish(files: Mapping[str, bytes], actor: User) -> PackVersion:
    return served(files, actor)


def messages(files: Mapping[str, bytes], actor: User) -> list[str]:
    with pytest.raises(PackRefused) as refused:
        publish(files, actor)
    return [str(fault) for fault in refused.value.faults]


def test_who_founds_a_competition_owns_it(files: dict[str, bytes], founder: User) -> None:
    version = publish(files, founder)
    host = Host.objects.get()
    assert (host.user, host.role, version.number) == (founder, Host.Role.OWNER, 1)
    submission = Submission.objects.get()
    assert (submission.team.name, submission.team.is_baseline) == ("One", True)
    assert publish(files, founder) == version


def test_only_who_may_founds_or_publishes(files: dict[str, bytes], founder: User) -> None:
    with pytest.raises(NotPermitted):
        publish(files, UserFactory.create())
    assert not Competition.objects.exists()
    publish(files, UserFactory.create(is_staff=True))
    Host.objects.all().delete()
    with pytest.raises(NotPermitted):
        publish(files, founder)


def test_a_check_changes_nothing_and_tells_what_baselines_need(
    files: dict[str, bytes], founder: User
) -> None:
    report = archive_check(slug="tiny", archive=zipped(files), actor=founder)
    assert (report.public_rows, report.private_rows) == (2, 2)
    assert sorted(report.usages) == ["u", "u", "v", "v"]
    assert [(each.folder, each.line) for each in report.baselines] == [("baselines/one", 16)]
    assert report.warnings[0].line == 6
    assert not Competition.objects.exists()


def test_faults_of_the_data_have_their_line_in_the_specification(
    files: dict[str, bytes], founder: User
) -> None:
    text = SPECIFICATION.replace("formats: [onnx]", "formats: [predictions]")
    text = text.replace("parameters: 100", "artifact_bytes: 3")
    text = text.replace("smoke_inputs: smoke.npy, hidden_inputs: test.npy, ", "")
    files["competition.yaml"] = text.encode()
    data, baseline = messages(files, founder)
    assert data.startswith("competition.yaml:6: divisions[0].budget.artifact_bytes: nothing can")
    assert baseline.startswith("competition.yaml:16: baselines[0]: One is refused by inspection")


def test_what_is_exported_publishes_the_same(
    files: dict[str, bytes], founder: User, tmp_path: Path
) -> None:
    version = publish(files, founder)
    export_write(version=version, target=tmp_path / "first.zip")
    export_write(version=version, target=tmp_path / "second.zip")
    first = (tmp_path / "first.zip").read_bytes()
    assert first == (tmp_path / "second.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
    again = archive_publish(slug="twin", archive=io.BytesIO(first), actor=founder)
    assert again.version.content_hash == version.content_hash


def test_baselines_are_found_again_without_the_folder_they_came_from(
    files: dict[str, bytes], founder: User
) -> None:
    publish(files, founder)
    Submission.objects.update(status="failed")
    baselines_catch_up()
    assert Submission.objects.count() == 2


def member(name: str, *, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def add_many(archive: zipfile.ZipFile, count: int) -> None:
    for number in range(count):
        archive.writestr(member(f"many/{number}"), b"")


HOSTILE: dict[str, tuple[Callable[[zipfile.ZipFile], object], str]] = {
    "climbs": (lambda z: z.writestr(member("../evil.md"), b"x"), "does not stay within the pack"),
    "deep": (lambda z: z.writestr(member("pages/../../evil"), b"x"), "does not stay within"),
    "absolute": (lambda z: z.writestr(member("/etc/evil"), b"x"), "does not stay within"),
    "backslash": (lambda z: z.writestr(member("a\\..\\evil"), b"x"), "does not stay within"),
    "drive": (lambda z: z.writestr(member("C:evil"), b"x"), "does not stay within"),
    "link": (
        lambda z: z.writestr(member("pages/link.md", mode=stat.S_IFLNK | 0o777), b"/etc/passwd"),
        "is a link or a device",
    ),
    "device": (
        lambda z: z.writestr(member("pages/fifo.md", mode=stat.S_IFIFO | 0o644), b""),
        "is a link or a device",
    ),
    "twice": (lambda z: z.writestr(member("Competition.yaml"), b"x"), "is there twice"),
    "file and folder": (
        lambda z: z.writestr(member("pages/data.md/x"), b"x"),
        "is a file and a folder",
    ),
    "bzip2": (
        lambda z: z.writestr(member("notes.txt"), b"x" * 99, compress_type=zipfile.ZIP_BZIP2),
        "another method than deflate",
    ),
    "bomb": (lambda z: z.writestr(member("zeros"), bytes(3_000_000)), "unpacks to more than"),
    "many": (lambda z: add_many(z, 60), "files; 50 are allowed"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(
    files: dict[str, bytes],
    founder: User,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
) -> None:
    monkeypatch.setattr(pack_archive, "MAX_UNPACKED_BYTES", 2_000_000)
    monkeypatch.setattr(pack_archive, "MAX_MEMBERS", 50)
    spoil, message = HOSTILE[name]
    archive = zipped(files)
    with zipfile.ZipFile(archive, "a") as opened:
        spoil(opened)
    with pytest.raises(PackRefused) as refused:
        archive_publish(slug="tiny", archive=archive, actor=founder)
    assert message in str(refused.value)
    assert not Competition.objects.exists()
    assert not Path("/etc/evil").exists()


def test_the_size_that_a_member_claims_is_not_believed(
    files: dict[str, bytes], founder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_archive, "MAX_UNPACKED_BYTES", 2_000_000)
    honest = zipped({**files, "zeros": bytes(3_000_000)}).getvalue()
    lying = honest.replace((3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(PackRefused):
        archive_publish(slug="tiny", archive=io.BytesIO(lying), actor=founder)
    assert not Competition.objects.exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_archive_is_refused(founder: User, content: bytes) -> None:
    with pytest.raises(PackRefused, match="is no ZIP file that can be read"):
        archive_publish(slug="tiny", archive=io.BytesIO(content), actor=founder)


def test_a_refused_version_leaves_the_published_one_serving(
    files: dict[str, bytes], founder: User
) -> None:
    version = publish(files, founder)
    files["built/labels.csv"] = b"id,label\na,0\na,1\nc,0\nd,1\n"
    assert messages(files, founder) == ["labels.csv:3: id: the id 'a' stands on line 2 already"]
    assert Competition.objects.get().current_version == version
