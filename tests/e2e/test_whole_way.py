"""The whole way, as people go it: sign up, hand in by browser and command line, read the board.

The server is the one that `make up` starts. The scores that it shows are held against
scikit-learn's metric on predictions that are computed here.
"""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import onnxruntime
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from sklearn.metrics import accuracy_score

from tests.support.digits import PACK
from tests.support.embedded_server import EmbeddedServer
from tests.support.mail_server import MailServer, mail_server
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.server, pytest.mark.browser]

LINEAR = PACK / "baselines" / "softmax-650" / "artifact"
HIDDEN_LAYER = PACK / "baselines" / "mlp-9610" / "artifact"
SCORED_SECONDS = 60
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def server(mails: MailServer) -> Iterator[EmbeddedServer]:
    environment = {
        "MINIGIANTS_EMAIL_URL": f"smtp://127.0.0.1:{mails.port}",
        "MINIGIANTS_SANDBOX": "fallback",
    }
    with EmbeddedServer(**environment) as running:
        running.start()
        yield running


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium), args=CHROMIUM_OPTIONS)
        yield started
        started.close()


def expected_accuracy(model: Path, data: Path) -> float:
    """Accuracy on the public split, by onnxruntime and scikit-learn alone."""
    inputs = np.load(data / "hidden" / "test_inputs.npy")
    with (data / "hidden" / "labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    public = [row["usage"].lower() == "public" for row in rows]
    labels = np.array([int(row["label"]) for row in rows])
    session = onnxruntime.InferenceSession(model / "model.onnx")
    scores = session.run(None, {session.get_inputs()[0].name: inputs})[0]
    return float(accuracy_score(labels[public], scores.argmax(axis=1)[public]))


def sign_up(page: Page, server: EmbeddedServer, mails: MailServer, name: str) -> None:
    """Make an account, confirm the address by the link in the mail, and log in."""
    address = f"{name}@example.org"
    page.goto(f"{server.address}/accounts/signup/")
    page.locator("input[name=email]").fill(address)
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password1]").fill("a very long pass phrase")
    page.locator("input[name=password2]").fill("a very long pass phrase")
    page.get_by_role("button", name="Make the account").click()
    page.wait_for_url("**/confirm-email/")
    text = wait_for(lambda: mails.text_to(address), "The mail", 20)
    link = re.search(r"http://\S+/confirm-email/\S+", text)
    assert link, text
    page.goto(link[0])
    page.get_by_role("button", name="Yes, confirm it").click()
    if "/login" in page.url:
        page.locator("input[name=login]").fill(address)
        page.locator("input[name=password]").fill("a very long pass phrase")
        page.locator("main").get_by_role("button", name="Log in").click()
    expect(page.get_by_text(name).first).to_be_visible()


def test_a_person_hands_in_by_browser_and_by_command_line(
    server: EmbeddedServer, mails: MailServer, browser: Browser, hidden_digits: Path, tmp_path: Path
) -> None:
    context = browser.new_context()
    page = context.new_page()
    failures: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            failures.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: failures.append(str(error)))
    sign_up(page, server, mails, "ada")

    page.goto(f"{server.address}/competitions/digits/rules/")
    page.get_by_role("button", name="I accept the rules").click()

    # In the browser: the larger baseline, as a folder of one's own.
    page.goto(f"{server.address}/competitions/digits/submit/")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "model.onnx").write_bytes((HIDDEN_LAYER / "model.onnx").read_bytes())
    page.get_by_label("Choose files").set_input_files(folder / "model.onnx")
    expect(page.get_by_role("heading", name="It enters")).to_be_visible(timeout=20_000)
    page.locator("input[name=message], textarea[name=message]").fill("by hand")
    page.get_by_role("button", name="Hand in").click()
    page.wait_for_url("**/submissions/*/")
    expect(page.locator("#live")).to_have_attribute(
        "data-status", "scored", timeout=SCORED_SECONDS * 1000
    )
    by_browser = expected_accuracy(HIDDEN_LAYER, hidden_digits)
    expect(page.locator("#live")).to_contain_text(f"{by_browser:.4f}")

    # From the command line: the smaller one, with a token made on the settings page.
    page.goto(f"{server.address}/settings/tokens/")
    page.get_by_label("Name").fill("laptop")
    for box in page.locator("main input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="Make the token").click()
    token = re.search(r"mg_[A-Za-z0-9_-]+", page.locator("main").inner_text())
    assert token
    done = server.client(
        "submit", str(LINEAR), "-c", "digits", "-m", "from CI", "--wait", "--json",
        token=token[0],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    by_command = expected_accuracy(LINEAR, hidden_digits)
    assert json.loads(done.stdout)["score"] == pytest.approx(by_command, abs=1e-12)

    # Both stand on the page and in the API, with the scores that scikit-learn gives.
    page.goto(f"{server.address}/competitions/digits/leaderboard/")
    board = httpx.get(f"{server.address}/api/v1/competitions/digits/leaderboard").json()
    for slug, score in (("1k", by_command), ("10k", by_browser)):
        (rows,) = (each["rows"] for each in board["boards"] if each["division"]["slug"] == slug)
        (row,) = (each for each in rows if each["team"] == "ada")
        assert row["score"] == pytest.approx(score, abs=1e-12)
        page.goto(f"{server.address}/competitions/digits/leaderboard/?division={slug}")
        shown = page.locator("tr.mine").filter(has_text=f"{score:.4f}")
        expect(shown.first).to_be_visible()
    assert failures == []
    context.close()


def test_the_baselines_of_a_fresh_server_are_evaluated(
    server: EmbeddedServer, hidden_digits: Path
) -> None:
    def rows() -> dict[str, float]:
        board = httpx.get(f"{server.address}/api/v1/competitions/digits/leaderboard").json()
        return {
            each["division"]["slug"]: row["score"]
            for each in board["boards"]
            for row in each["rows"]
            if row["baseline"]
        }

    shown = wait_for(lambda: len(rows()) == 2 and rows(), "The baselines", 30)
    assert shown == pytest.approx(
        {
            "1k": expected_accuracy(LINEAR, hidden_digits),
            "10k": expected_accuracy(HIDDEN_LAYER, hidden_digits),
        }
    )


def test_the_server_knows_that_it_is_well(server: EmbeddedServer) -> None:
    status = server.client("server", "status", "--home", str(server.home), "--json")
    assert status.returncode == 0, status.stdout + status.stderr
    told = json.loads(status.stdout)
    assert told["healthy"]
    assert {worker["strength"] for worker in told["platform"]["workers"]} == {"fallback", ""}
