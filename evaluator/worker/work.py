"""What the two kinds of work, predicting and scoring, have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from evaluator.contract import ClaimedJob, Failure, PredictReport, ScoreReport, Stage
from evaluator.worker.lease import Lease

J = TypeVar("J", bound=ClaimedJob)
R = TypeVar("R", bound=PredictReport | ScoreReport)


class Work(ABC, Generic[J, R]):
    """Turns a claimed job, a message of `job_type`, into a report."""

    job_type: type[J]

    @abstractmethod
    def execute(self, job: J, folder: Path, lease: Lease) -> R:
        """Do the job in its own empty folder, and say how it ended.

        Raises `Superseded` or `HandedBack` when the lease says stop. Any other exception is a
        fault of ours, and the participant's submission is not to blame.
        """

    @abstractmethod
    def prove(self, on_tick: Callable[[], None]) -> None:
        """See whether a job could begin. Raises `SandboxError` if not, and what `on_tick` raises,
        which is called about once a second.
        """

    @abstractmethod
    def fault(self, job: J, failure: Failure, stage: Stage, detail: str) -> R:
        """The report that this worker gives the job up: its fault, or handed back.

        `detail` is for hosts.
        """
