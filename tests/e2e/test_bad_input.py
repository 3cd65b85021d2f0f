"""Bad input: the same stable code on the page, from the API and from the command line.

Nothing is half stored, and no quota is charged, whichever way it came.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from typer.testing import CliRunner

from client.cli import app
from client.errors import MinigiantsError
from client.sdk import Minigiants
from evaluator.contract import Presence, Role, Strength
from minigiants.accounts.models import User
from minigiants.accounts.services import token_create
from minigiants.artifacts.models import Artifact, UploadSession
from minigiants.competitions.models import Competition, RulesAcceptance
from minigiants.competitions.selectors import current_version
from minigiants.competitions.services import rules_accept
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Submission
from minigiants.submissions.workers import presence_record
from minigiants.teams.services import team_of_user
from tests.support.asgi_server import AsgiServer
from tests.support.digits import PACK
from tests.support.factories import (
    ArtifactFactory,
    CompetitionFactory,
    SubmissionFactory,
    UserFactory,
    pack_spec,
    version_change,
)
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.django_db(transaction=True)

BASELINES = PACK / "baselines"
LINEAR = (BASELINES / "softmax-650" / "artifact" / "model.onnx").read_bytes()
CONVOLUTION = {
    name: (BASELINES / "conv-python" / "artifact" / name).read_bytes()
    for name in ("model.py", "model.safetensors")
}


@dataclass(frozen=True)
class World:
    """A person who has accepted the rules of a competition, and three ways to it."""

    person: User
    competition: Competition
    sdk: Minigiants
    page: Client

    def specify(self, **changes: Any) -> None:
        """Change the current version's specification in place."""
        version = current_version(self.competition)
        version_change(version, pack_spec(**changes).model_dump(mode="json"))


@pytest.fixture
def world(
    asgi_server: AsgiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    person = UserFactory.create()
    competition = CompetitionFactory.create(slug="tiny")
    rules_accept(user=person, competition=competition)
    _, secret = token_create(user=person, name="test", scopes=["read", "submit"], days=1)
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    monkeypatch.setenv("MINIGIANTS_URL", asgi_server.url)
    monkeypatch.setenv("MINIGIANTS_TOKEN", secret)
    page = Client()
    page.force_login(person)
    with Minigiants(asgi_server.url, secret) as sdk:
        yield World(person, competition, sdk, page)


def by_command(folder: Path) -> tuple[int, dict[str, Any]]:
    """Hand a folder in from the command line: the exit code, and what it says."""
    done = CliRunner().invoke(app, ["submit", str(folder), "-c", "tiny", "--json"])
    told: dict[str, Any] = json.loads(done.stdout)
    return done.exit_code, told.get("error") or told


def by_page(world: World, artifact: Artifact) -> str:
    """Hand an uploaded model in on the page: what it shows."""
    answer = world.page.post("/competitions/tiny/submit/", {"artifact": str(artifact.pk)})
    return answer.text


def now_closed(world: World) -> None:
    past = timezone.now() - timedelta(days=60)
    phase = pack_spec().phases[0].model_dump()
    world.specify(phases=[phase | {"opens": past, "closes": past + timedelta(days=1)}])


def quota_spent(world: World) -> None:
    team = team_of_user(user=world.person, competition=world.competition)
    for _ in range(5):
        SubmissionFactory.create(artifact=ArtifactFactory.create(team=team), status=Status.SCORED)


def handed_in_before(world: World) -> None:
    artifact = world.sdk.upload(BASELINES / "softmax-650" / "artifact", "tiny")
    world.sdk.submit(artifact.id, "tiny")


def no_container(world: World) -> None:
    presence_record(
        key=Pipeline.start().predict_key,
        presence=Presence(
            worker="w",
            role=Role.PREDICT,
            profile="cpu",
            slots=1,
            strength=Strength.FALLBACK,
            formats=("onnx",),
        ),
    )


PROBLEMS: list[tuple[str, int, Callable[[World], None], dict[str, bytes]]] = [
    ("phase_closed", 1, now_closed, {"model.onnx": LINEAR}),
    ("quota_exhausted", 3, quota_spent, {"model.onnx": LINEAR}),
    ("duplicate_submission", 1, handed_in_before, {"model.onnx": LINEAR}),
    ("needs_container", 1, no_container, CONVOLUTION),
]


@pytest.mark.parametrize(
    ("code", "exit_code", "arrange", "files"), PROBLEMS, ids=[each[0] for each in PROBLEMS]
)
def test_what_may_not_be_handed_in_says_so_in_all_three_ways(
    world: World,
    tmp_path: Path,
    code: str,
    exit_code: int,
    arrange: Callable[[World], None],
    files: dict[str, bytes],
) -> None:
    arrange(world)
    folder = written(tmp_path / "model", files)
    submissions = Submission.objects.count()
    charged = Submission.objects.filter(quota_charged=True).count()

    uploaded = world.sdk.upload(folder, "tiny")
    with pytest.raises(MinigiantsError) as caught:
        world.sdk.submit(uploaded.id, "tiny")
    assert caught.value.code == code
    assert caught.value.mend

    exited, error = by_command(folder)
    assert (exited, error["code"]) == (exit_code, code)
    assert error["mend"]

    shown = by_page(world, Artifact.objects.get(pk=uploaded.id))
    assert f"<code>{code}</code>" in shown
    assert "No quota was charged" in shown

    assert Submission.objects.count() == submissions
    assert Submission.objects.filter(quota_charged=True).count() == charged


REFUSED: dict[str, dict[str, bytes]] = {
    "pickle": {"model.onnx": LINEAR, "extra.pkl": b"\x80\x04N."},
    "onnx_malformed": {"model.onnx": LINEAR[: len(LINEAR) // 2]},
    "native_code": {"model.onnx": LINEAR, "notes.exe": b"MZ"},
    "missing_model": {"readme.md": b"# Nothing"},
}


@pytest.mark.parametrize("code", [*REFUSED, "over_budget", "format_not_accepted"])
def test_a_refused_model_says_so_in_all_three_ways(world: World, tmp_path: Path, code: str) -> None:
    files = REFUSED.get(code, {"model.onnx": LINEAR})
    if code == "over_budget":
        world.specify(divisions=[{"slug": "nano", "title": "Tiny", "budget": {"parameters": 10}}])
        world.competition.divisions.exclude(slug="nano").delete()
    if code == "format_not_accepted":
        world.specify(formats=["python"])
    folder = written(tmp_path / "model", files)

    exited, told = by_command(folder)
    assert exited == 2
    assert code in [refusal["code"] for refusal in told["refusals"]]
    assert all(refusal["mend"] for refusal in told["refusals"])

    artifact = Artifact.objects.get()
    page = world.page.get("/competitions/tiny/submit/", {"artifact": str(artifact.pk)}).text
    assert f"<code>{code}</code>" in page
    assert "Hand in</button>" not in page

    assert told["status"] == "rejected"
    api = world.sdk.submission(told["id"]).raw()
    assert code in [refusal["code"] for refusal in api["refusals"]]
    assert not Submission.objects.filter(quota_charged=True).exists()


def test_the_rules_come_first_in_all_three_ways(world: World, tmp_path: Path) -> None:
    RulesAcceptance.objects.all().delete()
    folder = written(tmp_path / "model", {"model.onnx": LINEAR})
    with pytest.raises(MinigiantsError) as caught:
        world.sdk.upload(folder, "tiny")
    assert caught.value.code == "rules_not_accepted"
    exited, error = by_command(folder)
    assert (exited, error["code"]) == (1, "rules_not_accepted")
    assert "The rules come first" in world.page.get("/competitions/tiny/submit/").text
    assert not UploadSession.objects.exists()


@pytest.mark.parametrize(
    ("code", "upload"),
    [
        ("upload_too_large", {"max_bytes": 10, "max_files": 16}),
        ("too_many_files", {"max_bytes": 10**6, "max_files": 1}),
    ],
)
def test_what_is_too_much_is_refused_before_it_is_sent(
    world: World, tmp_path: Path, code: str, upload: dict[str, int]
) -> None:
    world.specify(upload=upload)
    folder = written(tmp_path / "model", {"model.onnx": LINEAR, "notes.txt": b"notes"})
    with pytest.raises(MinigiantsError) as caught:
        world.sdk.upload(folder, "tiny")
    assert caught.value.code == code
    exited, error = by_command(folder)
    assert (exited, error["code"]) in {(1, code), (2, code)}
    assert not UploadSession.objects.exists()


def written(folder: Path, files: dict[str, bytes]) -> Path:
    """A folder with these files."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
