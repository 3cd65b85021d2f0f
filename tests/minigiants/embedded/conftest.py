"""Folders for servers, where a service user can reach them and a socket's path stays short."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A fresh folder that everybody may pass; pytest's own lies below one that is closed."""
    path = Path(tempfile.mkdtemp(prefix="minigiants-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)
