"""What is picked on the page that hands in: archives, and what can be told before all is sent."""

from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from playwright.sync_api import expect

from minigiants.accounts.models import User
from minigiants.artifacts.models import Artifact, UploadSession
from minigiants.teams.models import Team
from tests.minigiants.web.browsing import browser, meanwhile, session_of, window
from tests.minigiants.web.handing_in import MODEL, PARTS, open_page, pick
from tests.support.factories import TeamFactory
from tests.support.pipeline import runnable_competition

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # WhiteNoise hands files to ASGI as synchronous iterators; Django reads them, and says so.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
]


@pytest.fixture
def team(transactional_db: None, person: User) -> Team:
    return TeamFactory(competition=runnable_competition(slug="digits"), user=person)


def zipped(target: Path, files: dict[str, bytes]) -> Path:
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        archive.mkdir("model")
        for name, content in files.items():
            archive.writestr(f"model/{name}", content)
    return target


@pytest.fixture
def refused(site: str, chromium: Path, person: User, team: Team) -> Callable[[Path, str], None]:
    """Picks an archive: the page says what is told, and nothing is sent."""

    def check(archive: Path, said: str) -> None:
        session = session_of(person)
        with browser(chromium) as started, window(started, site) as seen:
            page = open_page(seen, session)
            pick(page, archive)
            expect(page.get_by_role("alert")).to_contain_text(said)
            expect(page.get_by_text("No quota was charged")).to_be_visible()
            assert not meanwhile(UploadSession.objects.exists)

    return check


def test_a_zip_is_unpacked_in_the_browser(
    site: str, chromium: Path, person: User, team: Team, tmp_path: Path
) -> None:
    content = {path.name: path.read_bytes() for path in MODEL.iterdir()}
    archive = zipped(tmp_path / "model.ZIP", content | {".DS_Store": b"x"})
    session = session_of(person)
    with browser(chromium) as started, window(started, site) as seen:
        page = open_page(seen, session)
        pick(page, archive)
        expect(page.get_by_role("heading", name="It enters “≤ 1k parameters”")).to_be_visible()
        assert seen.faults == []
    artifact = meanwhile(Artifact.objects.get)
    stored = meanwhile(
        lambda: {file.path: file.blob.size for file in artifact.files.select_related("blob")}
    )
    assert stored == {name: len(each) for name, each in content.items()}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[: len(data) // 2], id="cut"),
        pytest.param(lambda data: data.replace(bytes(8), b"\1" * 8, 1), id="changed"),
        pytest.param(lambda data: b"no archive at all", id="none"),
    ],
)
def test_a_damaged_zip_is_told_and_sends_nothing(
    refused: Callable[[Path, str], None], tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    archive = tmp_path / "model.zip"
    with ZipFile(archive, "w") as written:
        written.writestr("weights.bin", bytes(1000))
    archive.write_bytes(damage(archive.read_bytes()))
    refused(archive, "The archive can't be opened")


def test_a_zip_bomb_is_not_unpacked(
    refused: Callable[[Path, str], None], team: Team, tmp_path: Path
) -> None:
    version = team.competition.current_version
    assert version is not None
    bomb = tmp_path / "bomb.zip"
    with ZipFile(bomb, "w", ZIP_DEFLATED) as archive, archive.open("zeros", "w") as zeros:
        for _ in range(version.spec.upload.max_bytes // 2**20 + 1):
            zeros.write(bytes(2**20))
    refused(bomb, "The archive holds more than this competition takes")


def test_what_headers_and_names_tell_is_said_while_the_files_are_sent(
    site: str, chromium: Path, person: User, team: Team, tmp_path: Path
) -> None:
    header = b'{"w":{"dtype":"F32","shape":[3,5],"data_offsets":[0,60]}}'
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(
        len(header).to_bytes(8, "little") + header + bytes(60)
    )
    (model / "broken.safetensors").write_bytes(b"\xff" * 32)
    (model / "old.pt").write_bytes(b"\x80\x04.")
    session = session_of(person)
    with browser(chromium) as started, window(started, site) as seen:
        page = open_page(seen, session)
        page.route(PARTS, lambda route: None)  # nothing arrives: there is time to read
        pick(page, model)
        forecast = page.locator("[data-forecast]")
        expect(forecast).to_contain_text("15 numbers in 1 tensors")
        expect(forecast).to_contain_text("this looks like some: old.pt")
        expect(forecast).to_contain_text("broken.safetensors has no header that can be read")
