"""The client is light: what it costs to import, seen from a fresh process."""

import subprocess
import sys

import pytest

HEAVY = {
    "celery",
    "client.sdk",
    "django",
    "docker",
    "httpx",
    "numpy",
    "onnxruntime",
    "pydantic",
    "rich",
    "torch",
    "typer",
}


def _modules_after(statement: str) -> set[str]:
    script = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_imports_nothing() -> None:
    assert not HEAVY & _modules_after("import client")


@pytest.mark.parametrize("statement", ["import client.sdk", "import client.cli"])
def test_the_client_needs_nothing_of_the_server(statement: str) -> None:
    loaded = _modules_after(statement)
    assert not loaded & {"celery", "django", "docker", "numpy", "onnxruntime", "torch"}
    assert not {name for name in loaded if name.startswith("minigiants")}


def test_names_come_when_they_are_asked_for() -> None:
    assert "client.sdk" in _modules_after("import client; client.Minigiants")


def test_there_are_no_other_names() -> None:
    import client

    with pytest.raises(AttributeError, match="nothing"):
        client.nothing  # noqa: B018
