"""What a worker's process holds, looked at in processes of their own."""

import subprocess
import sys

import pytest

LOADED = "import sys, {module}; print(' '.join({{name.partition('.')[0] for name in sys.modules}}))"


def loaded(module: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(module=module)],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("evaluator.broker", {"celery", "kombu", "redis", "numpy", "sklearn", "docker"}),
        ("evaluator.worker.application", {"sklearn", "torch", "onnxruntime", "minigiants"}),
        ("evaluator.worker.predict", {"sklearn", "torch", "onnxruntime", "minigiants"}),
        ("evaluator.worker.score", {"docker", "torch", "onnxruntime", "minigiants"}),
    ],
)
def test_no_process_loads_what_it_does_not_use(module: str, forbidden: set[str]) -> None:
    assert not loaded(module) & forbidden
