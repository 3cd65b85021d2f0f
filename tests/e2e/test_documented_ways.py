"""What the documents tell people to type, typed: the quickstart, the CI recipe, the action."""

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml

from client.sdk import Minigiants
from tests.support.digits import PACK
from tests.support.embedded_server import EmbeddedServer
from tests.support.participant import participant
from tests.support.waiting import wait_for

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINEAR = PACK / "baselines" / "softmax-650" / "artifact"
HIDDEN_LAYER = PACK / "baselines" / "mlp-9610" / "artifact"
SECONDS = 120


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(MINIGIANTS_SANDBOX="fallback") as running:
        running.start()
        yield running


@pytest.fixture(scope="module")
def sdk(server: EmbeddedServer) -> Iterator[Minigiants]:
    with participant(server, "digits") as sdk:
        yield sdk


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder, which is also the person's home."""
    return tmp_path


def environment(home: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "PYTHONPATH": os.pathsep.join((str(ROOT / "platform"), str(ROOT))),
        "HOME": str(home),
        **more,
    }


def typed(
    program: str, home: Path, *, stdin: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a block in `home` by bash, which stops at the first command that fails."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", program],
        cwd=home,
        env=environment(home, **more),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def blocks(document: str) -> list[tuple[str, str]]:
    """The language and text of each block of code, without what would be installed."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return [
        (
            language,
            "".join(line for line in body.splitlines(keepends=True) if "pip install" not in line),
        )
        for language, body in BLOCK.findall(text)
    ]


def test_the_quickstart_leads_onto_the_leaderboard(
    server: EmbeddedServer, sdk: Minigiants, home: Path
) -> None:
    assert sdk.token is not None
    told = blocks("quickstart.md")
    assert [language for language, _ in told] == ["sh", "python", "sh", "python", "sh"]
    addresses = {
        "export MINIGIANTS_URL=http://127.0.0.1:8000": f"export MINIGIANTS_URL={server.address}",
        "export MINIGIANTS_TOKEN=mg_…": f"export MINIGIANTS_TOKEN={sdk.token}",
    }
    said = []
    (home / "train.py").write_text(told.pop(1)[1], encoding="utf-8")
    for language, body in told:
        program = body if language == "sh" else f"python - <<'END'\n{body}END\n"
        for here, there in addresses.items():
            program = program.replace(here, there)
        done = typed(program, home, stdin=f"{sdk.token}\n", MINIGIANTS_URL=server.address)
        assert done.returncode == 0, f"{program}\n{done.stdout}{done.stderr}"
        said.append(done.stdout)
    assert "Accepted. Division: Up to 1,000 parameters." in said[1]
    assert "Scored" in said[1]
    assert "scored" in said[2]
    assert said[3].strip().endswith("scored")
    messages = [submission.raw()["message"] for submission in sdk.submissions("digits")]
    assert messages == ["", "from Python", "logistic regression"]


def test_the_recipe_for_any_ci_hands_in(
    server: EmbeddedServer, sdk: Minigiants, home: Path
) -> None:
    assert sdk.token is not None
    program = blocks("ci.md")[0][1]
    subprocess.run(["git", "init", "--quiet", str(home)], check=True)
    identity = ("-c", "user.name=ci", "-c", "user.email=ci@example.org")
    subprocess.run(
        ["git", *identity, "commit", "--quiet", "--allow-empty", "-m", "x"], cwd=home, check=True
    )
    (home / "model").mkdir()
    (home / "model" / "model.onnx").write_bytes((HIDDEN_LAYER / "model.onnx").read_bytes())
    program = program.replace("https://minigiants.example", server.address)
    done = typed(program, home, MINIGIANTS_TOKEN=sdk.token)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((home / "submission.json").read_text())
    assert told["status"] == "scored"
    assert re.fullmatch(r"[0-9a-f]{7,}", told["message"])


ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action" / "action.yml").read_text())


def act(home: Path, **given: str) -> tuple[int, dict[str, str], str]:
    """Run the action's last step as a runner would: its exit code, outputs and summary.

    The first step installs the client; here a stand-in for its Python is there already.
    """
    inputs = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
    inputs |= {name.replace("_", "-"): value for name, value in given.items()}
    interpreter = home / "minigiants" / "bin" / "python"
    if not interpreter.exists():
        interpreter.parent.mkdir(parents=True)
        interpreter.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        interpreter.chmod(0o755)
    _, step = ACTION["runs"]["steps"]
    files = {name: home / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    done = typed(
        step["run"],
        home,
        RUNNER_TEMP=str(home),
        GITHUB_ACTION_PATH=str(ROOT / "action"),
        **{name: str(file) for name, file in files.items()},
        **{name: filled(value, inputs) for name, value in step["env"].items()},
    )
    lines = files["GITHUB_OUTPUT"].read_text().splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    assert set(ACTION["outputs"]) == set(outputs), done.stderr
    return done.returncode, outputs, files["GITHUB_STEP_SUMMARY"].read_text()


def filled(template: str, inputs: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: inputs[found[1]], template)


def test_the_action_hands_in_and_tells_the_job(
    server: EmbeddedServer, sdk: Minigiants, home: Path
) -> None:
    assert sdk.token is not None
    model = home / "a model; echo $HOME"  # a name is no command
    model.mkdir()
    (model / "model.onnx").write_bytes((LINEAR / "model.onnx").read_bytes())
    given = {
        "path": str(model),
        "competition": "digits",
        "url": server.address,
        "token": sdk.token,
        "message": "`id` $(id)\nurl=elsewhere",
    }
    code, outputs, summary = act(home, **given)
    assert (code, outputs["status"], outputs["code"]) == (0, "scored", "")
    assert outputs["url"].startswith(server.address)
    assert float(outputs["score"]) == pytest.approx(295 / 300)
    assert f"| score | {outputs['score']} |" in summary
    assert sdk.submission(outputs["submission"]).raw()["message"] == given["message"]

    code, again, _ = act(home, **given)
    assert (code, again["code"]) == (1, "duplicate_submission")
    assert again["submission"] == outputs["submission"]
    assert act(home, **given, pass_duplicate="true")[0] == 0

    (model / "weights.pkl").write_bytes(b"\x80\x04.")
    code, outputs, _ = act(home, **given)
    assert (code, outputs["status"], outputs["code"]) == (2, "rejected", "pickle")


def test_the_action_s_inputs_and_outputs_are_documented() -> None:
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|", text, re.MULTILINE))
    assert listed.keys() == ACTION["inputs"].keys()
    for name, each in ACTION["inputs"].items():
        if each.get("required"):
            assert listed[name] == "required"
        elif not each["default"].startswith("${{"):
            assert listed[name] == f"`{each['default']}`"
    told = text[text.index("Outputs: ") :]
    assert set(ACTION["outputs"]) <= set(re.findall(r"`([a-z]+)`", told))


@pytest.mark.parametrize("model", [LINEAR, HIDDEN_LAYER], ids=lambda path: path.parent.name)
def test_score_gives_the_score_that_the_server_gives(
    server: EmbeddedServer, sdk: Minigiants, home: Path, hidden_digits: Path, model: Path
) -> None:
    """The baseline's row on the board, and `score` on the same images, agree to the last digit."""
    with (hidden_digits / "hidden" / "labels.csv").open(newline="") as stream:
        labels = list(csv.DictReader(stream))
    public = [number for number, row in enumerate(labels) if row["usage"].lower() == "public"]
    np.save(home / "x.npy", np.load(hidden_digits / "hidden" / "test_inputs.npy")[public])
    rows = "".join(f"{labels[number]['label']}\n" for number in public)
    (home / "y.csv").write_text(f"label\n{rows}")
    done = typed(
        f"minigiants score {model} -c digits --inputs x.npy --labels y.csv --json",
        home,
        MINIGIANTS_URL=server.address,
    )
    assert done.returncode == 0, done.stderr
    here = {score["metric"]: score["value"] for score in json.loads(done.stdout)["scores"]}
    slug = {LINEAR: "1k", HIDDEN_LAYER: "10k"}[model]

    def scores() -> list[float]:
        board = httpx.get(f"{server.address}/api/v1/competitions/digits/leaderboard").json()
        (rows,) = (each["rows"] for each in board["boards"] if each["division"]["slug"] == slug)
        return [each["score"] for each in rows if each["baseline"]]

    assert here["accuracy"] == wait_for(scores, "The baseline")[0]
