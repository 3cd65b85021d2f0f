"""What `pip install minigiants` brings is enough for the command line, and light."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("celery", "django", "docker", "numpy", "onnxruntime", "psycopg", "sklearn", "torch")
SENT = ("pyproject.toml", "README.md", "LICENSE", "client", "evaluator", "platform")


def requirements(of: Distribution) -> Iterator[Distribution]:
    """What a package needs when no extra is asked for, and what that needs."""
    for line in of.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            needed = distribution(requirement.name)
            yield needed
            yield from requirements(needed)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with nothing but the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in SENT:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(place, source)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(source)),
        ],
        check=True,
    )
    (wheel,) = folder.glob("minigiants-*.whl")
    environment = folder / "venv"
    venv.create(environment, symlinks=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (metadata,) = packages.glob("minigiants-*.dist-info")
    for needed in set(requirements(Distribution.at(metadata))):
        tops = {file.parts[0] for file in needed.files or () if file.parts[0] != ".."}
        for top in tops - {"__pycache__"}:
            target = packages / top
            if not target.exists():
                target.symlink_to(Path(str(needed.locate_file(top))))
    return environment


def run(environment: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(environment / "bin" / "python"), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(environment)},
        cwd=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_nothing_heavy_comes_with_it(clean: Path) -> None:
    script = f"from importlib.util import find_spec; print([n for n in {HEAVY} if find_spec(n)])"
    assert run(clean, "-c", script).stdout.strip() == "[]"


def test_the_command_line_runs(clean: Path) -> None:
    done = run(clean, "-m", "client", "--help")
    assert done.returncode == 0, done.stderr
    assert "submit" in done.stdout
    refused = run(clean, "-m", "client", "check", "nothing", "-c", "digits", "--json")
    assert refused.returncode == 1, refused.stderr
    assert '"path_unreadable"' in refused.stdout


def test_inspection_runs(clean: Path) -> None:
    model = ROOT / "competitions/digits/baselines/softmax-650/artifact"
    script = (
        "from pathlib import Path\n"
        "from client.local import local_files\n"
        "from evaluator.inspection import inspect_artifact\n"
        f"print(inspect_artifact(local_files(Path({str(model)!r})), format='onnx').counts)"
    )
    done = run(clean, "-c", script)
    assert "parameters=650" in done.stdout, done.stderr


def test_what_is_missing_says_what_to_install(clean: Path) -> None:
    done = run(clean, "-m", "client", "server", "up")
    assert done.returncode == 1
    assert "pip install 'minigiants[embedded]'" in done.stderr
