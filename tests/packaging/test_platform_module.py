"""Python's own module `platform` stays what it is, though a folder here has that name.

Each case is a fresh process: in this one pytest imported the module long ago.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK = (
    "import platform, sysconfig; from pathlib import Path; "
    "found = Path(platform.__file__); "
    "assert found.parent == Path(sysconfig.get_path('stdlib')), found; "
    "assert platform.python_version(); print('the standard library')"
)
BOTH_ROOTS = os.pathsep.join([str(ROOT / "platform"), str(ROOT)])


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_folder_is_no_package() -> None:
    assert (ROOT / "platform").is_dir()
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_under_manage_py() -> None:
    assert "the standard library" in run(sys.executable, "manage.py", "shell", "-c", CHECK)


@pytest.mark.parametrize("cwd", [ROOT, ROOT / "platform"], ids=["root", "platform"])
def test_under_python_m(cwd: Path, tmp_path: Path) -> None:
    """Even with the checkout as working folder, which `-m` puts first on the path."""
    (tmp_path / "platform_check.py").write_text(CHECK)
    path = os.pathsep.join([str(tmp_path), BOTH_ROOTS])
    said = run(sys.executable, "-m", "platform_check", cwd=cwd, PYTHONPATH=path)
    assert "the standard library" in said


def test_under_celery(tmp_path: Path) -> None:
    """Celery puts the working folder first on the path when it looks for the application."""
    (tmp_path / "celery_check.py").write_text(
        f"from celery import Celery\n{CHECK}\napp = Celery('check')\n"
    )
    path = os.pathsep.join([str(tmp_path), BOTH_ROOTS])
    report = run(sys.executable, "-m", "celery", "-A", "celery_check", "report", PYTHONPATH=path)
    assert "the standard library" in report


def test_under_pytest(tmp_path: Path) -> None:
    test = tmp_path / "test_check.py"
    test.write_text(f"def test_it():\n    {CHECK}\n")
    configuration = ROOT / "pyproject.toml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider"]
    said = run(*command, "-c", configuration, "--rootdir", ROOT, test)
    assert "1 passed" in said


def test_in_a_spawned_process(tmp_path: Path) -> None:
    script = tmp_path / "spawn_check.py"
    script.write_text(
        "import multiprocessing\n\n\n"
        f"def check():\n    {CHECK}\n\n\n"
        "if __name__ == '__main__':\n"
        "    process = multiprocessing.get_context('spawn').Process(target=check)\n"
        "    process.start()\n    process.join()\n    raise SystemExit(process.exitcode)\n"
    )
    assert "the standard library" in run(sys.executable, script, PYTHONPATH=BOTH_ROOTS)


def test_with_the_package_installed_from_this_checkout(tmp_path: Path) -> None:
    """An editable install, into an environment of its own that borrows our dependencies."""
    environment = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", "--target", site, "--editable", ROOT,
    )  # fmt: skip
    said = run(python, "-c", f"import minigiants, evaluator, client; {CHECK}", cwd=tmp_path)
    assert "the standard library" in said
