"""The page that hands in, opened, and files picked on it."""

from pathlib import Path

from playwright.sync_api import Page

from tests.minigiants.web.browsing import Window, log_in

BASELINES = Path(__file__).resolve().parents[3] / "competitions/digits/baselines"
MODEL = BASELINES / "softmax-650/artifact"
UPLOADS = "**/api/v1/uploads"
PARTS = "**/api/v1/uploads/*/files/*/parts/*"
PART_BYTES = 8 * 1024 * 1024


def open_page(visitor: Window, session: str) -> Page:
    log_in(visitor.page.context, session, visitor.address)
    visitor.visit("/competitions/digits/submit/")
    return visitor.page


def pick(page: Page, path: Path) -> None:
    kind = "folder" if path.is_dir() else "files"
    page.get_by_label(f"Choose {'a ' if path.is_dir() else ''}{kind}").last.set_input_files(path)
