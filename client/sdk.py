"""The SDK: everything that the API offers a participant, typed."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from client import config
from client.downloads import download_verified
from client.errors import EXIT_TIMED_OUT, MinigiantsError
from client.local import local_files
from client.progress import Progress
from client.transport import Transport
from client.uploads import Uploader
from client.views import Artifact, Competition, DataFile, Me, Submission

WAIT_SECONDS: Final = 30
PAGE: Final = 100
ZIP: Final = "application/zip"


class TimedOut(MinigiantsError):
    """The submission was not finished in time. It goes on; only the waiting has ended."""

    def __init__(self, submission: Submission, seconds: float) -> None:
        super().__init__(
            f"After {seconds:.0f} s the submission is still {submission.status}.",
            mend=f"It goes on. Look later: minigiants status {submission.id}",
            code="timed_out",
            exit_code=EXIT_TIMED_OUT,
        )
        self.submission = submission

    def as_dict(self) -> dict[str, Any]:
        """The error, with the submission as it stood."""
        return {**super().as_dict(), "submission": self.submission.raw()}


class Minigiants:
    """A server, as one person sees it. Without arguments: as the command line is logged in."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        transport: Transport | None = None,
    ) -> None:
        self.url = (url or config.server_url()).rstrip("/")
        self.token = token or config.token_for(self.url)
        self._transport = transport or Transport(self.url, self.token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def me(self) -> Me:
        """Who the token belongs to."""
        return Me.model_validate(self._transport.get("/me"))

    def competitions(self) -> list[Competition]:
        """Every published competition."""
        return [Competition.model_validate(item) for item in self._items("/competitions")]

    def competition(self, slug: str) -> Competition:
        """One competition, with all that it tells."""
        return Competition.model_validate(self._transport.get(f"/competitions/{slug}"))

    def limits(self, slug: str) -> dict[str, Any]:
        """What a model may be there, and how it would be run and scored."""
        limits: dict[str, Any] = self._transport.get(f"/competitions/{slug}/limits")
        return limits

    def quota(self, slug: str) -> dict[str, Any]:
        """What your team has used, and what it still may."""
        quota: dict[str, Any] = self._transport.get(f"/competitions/{slug}/quota")
        return quota

    def accept_rules(self, slug: str) -> None:
        """Accept the rules as they stand now. Read them first."""
        self._transport.post(f"/competitions/{slug}/rules")

    def data_files(self, slug: str) -> list[DataFile]:
        """The public data files."""
        files = self._transport.get(f"/competitions/{slug}/data")["files"]
        return [DataFile.model_validate(file) for file in files]

    def download(
        self, slug: str, file: DataFile, folder: Path, *, progress: Progress | None = None
    ) -> Path:
        """Fetch a data file into `folder`, unless it is there already, and verify its digest."""
        return download_verified(self._transport, slug, file, folder, progress)

    def leaderboard(
        self, slug: str, *, phase: str | None = None, division: str | None = None, limit: int = 50
    ) -> dict[str, Any]:
        """The first rows of the public boards."""
        board: dict[str, Any] = self._transport.get(
            f"/competitions/{slug}/leaderboard", phase=phase, division=division, limit=limit
        )
        return board

    def upload(self, path: Path, competition: str, *, progress: Progress | None = None) -> Artifact:
        """Send the model in `path`, a folder or one file. An interrupted upload goes on."""
        return Uploader(self._transport, competition, progress=progress).send(local_files(path))

    def submit(self, artifact_id: str, competition: str, *, message: str = "") -> Submission:
        """Hand an uploaded model in."""
        body = {"artifact": artifact_id, "message": message}
        return Submission.model_validate(
            self._transport.post(f"/competitions/{competition}/submissions", body)
        )

    def submissions(self, competition: str) -> Iterator[Submission]:
        """Your team's submissions, the newest first."""
        items = self._items(f"/competitions/{competition}/submissions")
        yield from (Submission.model_validate(item) for item in items)

    def _items(self, path: str) -> Iterator[Any]:
        """The rows of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self._transport.get(path, cursor=cursor, limit=PAGE)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def submission(self, submission_id: str) -> Submission:
        """A submission as it stands."""
        return Submission.model_validate(self._transport.get(f"/submissions/{submission_id}"))

    def log(self, submission_id: str) -> str:
        """What the model wrote in its smoke run on public data."""
        return self._transport.get_text(f"/submissions/{submission_id}/log")

    def cancel(self, submission_id: str) -> Submission:
        """Take a submission back."""
        return Submission.model_validate(
            self._transport.post(f"/submissions/{submission_id}/cancel")
        )

    def select(self, submission_id: str, *, undo: bool = False) -> Submission:
        """Make a submission one of your team's final selections; with `undo` take that back."""
        path = f"/submissions/{submission_id}/select"
        answer = self._transport.delete(path) if undo else self._transport.post(path)
        return Submission.model_validate(answer)

    def pack_check(self, slug: str, archive: Path) -> dict[str, Any]:
        """Have the server check a pack's archive as publishing would."""
        found: dict[str, Any] = self._transport.put_file(
            f"/host/competitions/{slug}/check", archive, ZIP
        )
        return found

    def pack_publish(self, slug: str, archive: Path) -> dict[str, Any]:
        """Publish a pack's archive, whole or not at all."""
        found: dict[str, Any] = self._transport.put_file(
            f"/host/competitions/{slug}/pack", archive, ZIP
        )
        return found

    def trial(self, slug: str, trial_id: str) -> dict[str, Any]:
        """How the baselines of a pack do that serves once they score as announced."""
        found: dict[str, Any] = self._transport.get(f"/host/competitions/{slug}/trials/{trial_id}")
        return found

    def trial_cancel(self, slug: str, trial_id: str) -> dict[str, Any]:
        """Give a running trial up; what serves goes on."""
        found: dict[str, Any] = self._transport.post(
            f"/host/competitions/{slug}/trials/{trial_id}/cancel"
        )
        return found

    def pack_export(self, slug: str, target: Path) -> None:
        """Fetch a competition's pack, hidden data included, into the file `target`."""
        with target.open("wb") as file:

            def write(chunk: bytes) -> None:
                file.write(chunk)

            self._transport.download(f"/host/competitions/{slug}/pack", write)

    def unpublish(self, slug: str) -> dict[str, Any]:
        """Take a competition out of sight."""
        answer: dict[str, Any] = self._transport.post(f"/host/competitions/{slug}/unpublish")
        return answer

    def rescore_offer(self, slug: str) -> dict[str, Any]:
        """How many scores follow other labels, metric or inputs than the current version's."""
        offer: dict[str, Any] = self._transport.get(f"/host/competitions/{slug}/rescores/offer")
        return offer

    def rescore_start(self, slug: str, reason: str) -> dict[str, Any]:
        """Score them all again. `reason` is what participants read."""
        started: dict[str, Any] = self._transport.post(
            f"/host/competitions/{slug}/rescores", {"reason": reason}
        )
        return started

    def rescore(self, slug: str, rescore_id: str) -> dict[str, Any]:
        """How far a rescore is, and what it has changed."""
        found: dict[str, Any] = self._transport.get(
            f"/host/competitions/{slug}/rescores/{rescore_id}"
        )
        return found

    def rescore_cancel(self, slug: str, rescore_id: str) -> dict[str, Any]:
        """Give a running rescore up."""
        found: dict[str, Any] = self._transport.post(
            f"/host/competitions/{slug}/rescores/{rescore_id}/cancel"
        )
        return found

    def follow(
        self, submission: Submission, *, timeout: float | None = None
    ) -> Iterator[Submission]:
        """Each new state of a submission, up to its final one, by long polls.

        Raises TimedOut after `timeout` seconds; None waits as long as it takes.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not submission.is_final:
            left = WAIT_SECONDS if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise TimedOut(submission, timeout or 0)
            current = Submission.model_validate(
                self._transport.get(
                    f"/submissions/{submission.id}",
                    wait=min(left, WAIT_SECONDS),
                    known=submission.updated_at,
                )
            )
            if current != submission:
                yield current
            submission = current

    def wait(self, submission: Submission, *, timeout: float | None = None) -> Submission:
        """The final state of a submission. Raises TimedOut."""
        for state in self.follow(submission, timeout=timeout):
            submission = state
        return submission
