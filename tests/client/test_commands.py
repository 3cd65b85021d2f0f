"""The command line, against a real server, as a CI job uses it."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from client import config
from client.cli import app
from minigiants.accounts.models import ApiToken, User
from minigiants.competitions.models import Competition, RulesAcceptance
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, StateChange, Submission
from minigiants.teams.services import team_of_user
from tests.support.asgi_server import AsgiServer
from tests.support.factories import ArtifactFactory, SubmissionFactory

pytestmark = pytest.mark.django_db(transaction=True)
DIGITS = Path(__file__).resolve().parents[2] / "competitions" / "digits" / "baselines"


def run(*arguments: str, stdin: str | None = None) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False)


def answer(*arguments: str, code: int = 0) -> Any:
    """The JSON that a command prints; it must exit with `code`."""
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def model() -> Path:
    """A real ONNX model of 650 parameters."""
    return DIGITS / "softmax-650" / "artifact"


def test_login_keeps_the_token_where_only_its_owner_reads(
    asgi_server: AsgiServer, person: User, token: str
) -> None:
    result = run("login", "--url", asgi_server.url + "/", stdin=token + "\n")
    assert result.exit_code == 0, result.output
    assert token not in result.output
    assert person.username in result.stdout
    file = config.credentials_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert answer("whoami")["username"] == person.username
    assert answer("logout")["forgotten"] is True
    assert token not in file.read_text()
    assert answer("whoami", code=1)["error"]["code"] == "not_logged_in"


def test_a_wrong_token_is_not_kept(asgi_server: AsgiServer) -> None:
    result = run("login", "--url", asgi_server.url, "--token", "mg_" + "x" * 43)
    assert result.exit_code == 1
    what, mend, link = result.stderr.strip().splitlines()
    assert "[invalid_token]" in what
    assert mend.strip().startswith("→")
    assert link.strip() == f"See {asgi_server.url}/docs/errors#invalid_token"
    assert not config.credentials_file().exists()


def test_a_token_is_sent_to_its_own_server_only(monkeypatch: pytest.MonkeyPatch) -> None:
    config.remember("http://one.example", "mg_one")
    assert config.server_url() == "http://one.example"
    assert config.token_for("http://two.example") is None
    monkeypatch.setenv("MINIGIANTS_TOKEN", "mg_env")
    assert config.token_for("http://two.example") == "mg_env"


def test_competitions_rules_data_and_leaderboard(
    logged_in: str, competition: Competition, tmp_path: Path
) -> None:
    assert [c["slug"] for c in answer("competitions")] == ["tiny"]
    assert "tiny" in run("competitions").stdout
    RulesAcceptance.objects.all().delete()
    assert answer("rules", "tiny")["accepted"] is False
    assert answer("rules", "tiny", "--accept")["accepted"] is True
    assert RulesAcceptance.objects.count() == 1
    folder = tmp_path / "data"
    assert answer("data", "tiny", "-o", str(folder))["files"] == [str(folder / "train.csv")]
    assert (folder / "train.csv").read_bytes() == b"x,y\n1,2\n"
    (folder / "train.csv").write_bytes(b"spoilt!\n")
    run("data", "tiny", "-o", str(folder))
    assert (folder / "train.csv").read_bytes() == b"x,y\n1,2\n"
    assert answer("leaderboard", "tiny")["boards"][0]["rows"] == []
    assert run("leaderboard", "tiny").exit_code == 0


def test_a_competition_that_is_not_there(logged_in: str) -> None:
    assert answer("leaderboard", "nothing", code=1)["error"]["code"] == "not_found"


def test_check_comes_to_the_server_s_verdict(
    logged_in: str, competition: Competition, model: Path
) -> None:
    here = answer("check", str(model), "-c", "tiny")
    from client.sdk import Minigiants

    with Minigiants() as server:
        there = server.upload(model, "tiny").inspection.raw()
    assert here == there
    assert here["division"]["slug"] == "nano"


def test_check_tells_what_an_example_costs(logged_in: str, competition: Competition) -> None:
    folder = DIGITS / "softmax-650" / "artifact"
    workload = answer("check", str(folder), "-c", "tiny")["workload"]
    assert workload == {"unit": "example", "active_parameters": 650, "flops": 2 * 64 * 10}
    shown = run("check", str(folder), "-c", "tiny").stdout
    assert "Active parameters: 650. FLOPs per example: 1,280." in " ".join(shown.split())


def test_check_and_server_refuse_alike(
    logged_in: str, competition: Competition, tmp_path: Path
) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "model.py").write_text("def load(folder, device): ...\n")
    (folder / "weights.pkl").write_bytes(b"\x80\x04.")
    here = answer("check", str(folder), "-c", "tiny", code=2)
    from client.sdk import Minigiants

    with Minigiants() as server:
        there = server.upload(folder, "tiny").inspection.raw()
    assert here == there
    assert here["refusals"]
    shown = run("check", str(folder), "-c", "tiny")
    assert shown.exit_code == 2
    assert f"[{here['refusals'][0]['code']}]" in shown.stdout


def test_too_large_is_said_before_anything_is_sent(
    logged_in: str, competition: Competition, tmp_path: Path
) -> None:
    big = tmp_path / "big.npy"
    with big.open("wb") as stream:
        stream.truncate(33 * 1024**2)
    assert answer("check", str(big), "-c", "tiny", code=2)["error"]["code"] == "upload_too_large"


def test_submit_hands_in(logged_in: str, competition: Competition, model: Path) -> None:
    view = answer("submit", str(model), "-c", "tiny", "-m", "from CI")
    assert (view["status"], view["message"], view["number"]) == ("queued", "from CI", 1)
    assert Submission.objects.get().message == "from CI"
    again = answer("submit", str(model), "-c", "tiny", code=1)["error"]
    assert (again["code"], again["submission"]) == ("duplicate_submission", view["id"])
    listed = answer("submissions", "-c", "tiny")
    assert [item["id"] for item in listed] == [view["id"]]
    assert answer("status", view["id"])["status"] == "queued"
    assert run("submissions", "-c", "tiny").exit_code == 0


def test_submit_waits_no_longer_than_told(
    logged_in: str, competition: Competition, model: Path
) -> None:
    error = answer("submit", str(model), "-c", "tiny", "--wait", "--timeout", "0.5", code=5)[
        "error"
    ]
    assert error["code"] == "timed_out"
    assert error["submission"]["status"] == "queued"


def test_a_submission_is_taken_back(logged_in: str, competition: Competition, model: Path) -> None:
    view = answer("submit", str(model), "-c", "tiny")
    assert answer("cancel", view["id"])["status"] == "cancelled"
    assert answer("cancel", view["id"], code=1)["error"]["code"] == "not_cancellable"
    assert "cancelled" in run("status", view["id"]).stdout


def test_a_submission_is_selected_and_deselected(
    logged_in: str, competition: Competition, person: User
) -> None:
    team = team_of_user(user=person, competition=competition)
    submission = SubmissionFactory(artifact=ArtifactFactory(team=team), status=Status.SCORED)
    for arguments, selected in (((), True), (("--undo",), False)):
        answer("select", str(submission.pk), *arguments)
        submission.refresh_from_db()
        assert (submission.selected_at is not None) is selected
    assert ": selected" in run("select", str(submission.pk)).stdout


def test_a_mistyped_command_is_no_rejected_model() -> None:
    for arguments in (("submit",), ("submit", ".", "-c", "tiny", "--wate"), ("sumbit",)):
        assert run(*arguments).exit_code == 64


def test_a_refused_model_ends_with_2(
    logged_in: str, competition: Competition, tmp_path: Path
) -> None:
    (tmp_path / "model.py").write_text("x = 1\n")
    (tmp_path / "weights.pkl").write_bytes(b"\x80\x04.")
    for name in ("model.py", "weights.pkl"):
        (tmp_path / "bad").mkdir(exist_ok=True)
        (tmp_path / name).rename(tmp_path / "bad" / name)
    result = run("submit", str(tmp_path / "bad"), "-c", "tiny", "--wait")
    assert result.exit_code == 2
    assert "Rejected" in result.stdout
    assert "→" in result.stdout


def test_a_spent_quota_ends_with_3(
    logged_in: str, competition: Competition, person: User, model: Path
) -> None:
    team = team_of_user(user=person, competition=competition)
    for _ in range(5):
        SubmissionFactory(artifact=ArtifactFactory(team=team), status=Status.SCORED)
    error = answer("submit", str(model), "-c", "tiny", code=3)["error"]
    assert error["code"] == "quota_exhausted"
    assert error["renews_at"]


@pytest.mark.parametrize(
    ("status", "code"), [("scored", 0), ("failed", 4), ("cancelled", 4), ("queued", 0)]
)
def test_status_exits_by_the_state(
    logged_in: str, competition: Competition, person: User, status: str, code: int
) -> None:
    team = team_of_user(user=person, competition=competition)
    submission = SubmissionFactory(artifact=ArtifactFactory(team=team), status=Status(status))
    Evaluation.objects.update(failure="timed_out" if status == "failed" else "", smoke_log="hi")
    result = run("status", str(submission.pk), "--log")
    assert result.exit_code == code, result.output
    assert status in result.stdout
    assert "hi" in result.stdout
    if status == "failed":
        assert "[timed_out]" in result.stdout
    assert StateChange.objects.count() == 1


def test_nothing_goes_without_a_token(
    asgi_server: AsgiServer, competition: Competition, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIGIANTS_URL", asgi_server.url)
    assert answer("submit", str(model), "-c", "tiny", code=1)["error"]["code"] == "not_logged_in"
    assert [c["slug"] for c in answer("competitions")] == ["tiny"]


def test_a_read_token_can_t_submit(logged_in: str, competition: Competition, model: Path) -> None:
    ApiToken.objects.update(scopes=["read"])
    error = answer("submit", str(model), "-c", "tiny", code=1)["error"]
    assert (error["code"], error["scope"]) == ("scope_missing", "submit")


def test_output_has_no_colour_where_no_terminal_is(
    logged_in: str, competition: Competition
) -> None:
    for arguments in (("competitions",), ("leaderboard", "nothing")):
        assert "\x1b" not in run(*arguments).output
