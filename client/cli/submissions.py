"""Handing in, and following what becomes of it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from client.cli.local import Model
from client.cli.output import (
    Json,
    Slug,
    command,
    err,
    note,
    progress_bar,
    say,
    show_json,
    table,
)
from client.errors import EXIT_FAILED, EXIT_REJECTED, EXIT_SCORED, NotLoggedIn
from client.local import local_files
from client.sdk import Minigiants
from client.views import Submission

EXIT_CODES = {
    "scored": EXIT_SCORED,
    "rejected": EXIT_REJECTED,
    "failed": EXIT_FAILED,
    "cancelled": EXIT_FAILED,
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "submit")(submit)
    command(app, "submissions")(submissions)
    command(app, "status")(status)
    command(app, "cancel")(cancel)
    command(app, "select")(select)


def submit(
    *,
    path: Model,
    competition: Slug,
    message: Annotated[str, typer.Option("--message", "-m", help="A note to yourself.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the score.")] = False,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Seconds to wait at most; then exit with 5.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Send a model and hand it in.

    Exit codes with --wait: 0 scored, 2 rejected, 3 quota, 4 failed, 5 timed out, 1 other errors.
    """
    with Minigiants() as server:
        if server.token is None:
            raise NotLoggedIn(server.url)
        submission = _handed_in(server, path, competition, message)
        if not as_json:
            say(f"Submission {submission.number}: {submission.url}")
        if wait:
            submission = _followed(server, submission, timeout)
    if as_json:
        show_json(submission.raw())
    else:
        _tell_end(submission)
    return _exit_code(submission)


def _handed_in(server: Minigiants, path: Path, competition: str, message: str) -> Submission:
    files = local_files(path)
    with progress_bar("Uploading", sum(file.size for file in files)) as advance:
        artifact = server.upload(path, competition, progress=advance)
    return server.submit(artifact.id, competition, message=message)


def _followed(server: Minigiants, submission: Submission, timeout: float | None) -> Submission:
    console = err()
    with console.status("Waiting …") as spinner:
        for state in server.follow(submission, timeout=timeout):
            if state.status != submission.status:
                note(f"{submission.status} → {state.status}")
            if state.position is not None:
                spinner.update(f"Queued, position {state.position} …")
            elif state.retry_at is not None:
                spinner.update(f"Tried again at {state.retry_at:%H:%M:%S} UTC …")
            else:
                spinner.update(f"{state.status.capitalize()} …")
            submission = state
    return submission


def _tell_end(submission: Submission) -> None:
    if submission.status == "scored":
        place = f", rank {submission.rank}" if submission.rank else ""
        division = f" in {submission.division.title}" if submission.division else ""
        say(f"Scored {submission.score_shown}{division}{place}.")
    for refusal in submission.refusals:
        say(f"Rejected: {refusal.what} [{refusal.code}]")
        say(f"  → {refusal.mend}")
    if submission.error is not None:
        say(f"Failed: {submission.error.what} {submission.error.why} [{submission.error.code}]")
        say(f"  → {submission.error.mend}")


def _exit_code(submission: Submission) -> int:
    return EXIT_CODES.get(submission.status, EXIT_SCORED)


def submissions(
    *,
    competition: Slug,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List your team's submissions."""
    found: list[Submission] = []
    with Minigiants() as server:
        for submission in server.submissions(competition):
            found.append(submission)
            if len(found) == limit:
                break
    if as_json:
        show_json([submission.raw() for submission in found])
        return
    table(("no", "id", "status", "score", "division", "handed in"), [_row(s) for s in found])


def _row(submission: Submission) -> tuple[Any, ...]:
    return (
        submission.number,
        submission.id,
        submission.status,
        submission.score_shown,
        submission.division.title if submission.division else None,
        submission.submitted_at.strftime("%Y-%m-%d %H:%M"),
    )


Id = Annotated[str, typer.Argument(metavar="ID", help="The submission's id.")]


def cancel(*, submission_id: Id, as_json: Json = False) -> None:
    """Take a submission back that is not finished."""
    with Minigiants() as server:
        submission = server.cancel(submission_id)
    if as_json:
        show_json(submission.raw())
    else:
        say(f"Submission {submission.number} to {submission.competition}: {submission.status}")


def select(
    *,
    submission_id: Id,
    undo: Annotated[bool, typer.Option("--undo", help="Take the selection back.")] = False,
    as_json: Json = False,
) -> None:
    """Make a submission one of your team's final selections, which count on the private board."""
    with Minigiants() as server:
        submission = server.select(submission_id, undo=undo)
    if as_json:
        show_json(submission.raw())
    else:
        state = "not selected any more" if undo else "selected"
        say(f"Submission {submission.number} to {submission.competition}: {state}")


def status(
    *,
    submission_id: Id,
    log: Annotated[bool, typer.Option("--log", help="Show the smoke run's log.")] = False,
    as_json: Json = False,
) -> int:
    """Show how a submission stands."""
    with Minigiants() as server:
        submission = server.submission(submission_id)
        text = server.log(submission_id) if log else None
    if as_json:
        show_json({**submission.raw(), **({"log": text} if log else {})})
    else:
        say(f"Submission {submission.number} to {submission.competition}: {submission.status}")
        if submission.position is not None:
            start = submission.expected_start
            say(
                f"Position {submission.position}"
                + (f", start expected at {start:%H:%M:%S} UTC" if start else "")
            )
        if submission.retry_at is not None:
            say(
                "A fault of the platform ended the last attempt; it is tried again at "
                f"{submission.retry_at:%H:%M:%S} UTC."
            )
        _tell_end(submission)
        if text is not None:
            typer.echo(text)
    return _exit_code(submission)
