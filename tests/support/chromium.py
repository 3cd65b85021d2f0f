"""The browser of the end-to-end tests: the system's Chromium."""

import shutil
from pathlib import Path

import pytest

from tests.support.missing import missing


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of the system's Chromium, for Playwright's `executable_path`."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing("Chromium", "apt-get install chromium, or scripts/install-test-tools as root")
    return Path(found)
