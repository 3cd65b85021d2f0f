"""Predicting: a model runs in a sandbox, and what it predicted is stored. No label is in reach."""

from collections.abc import Callable
from pathlib import Path

from evaluator.contract import (
    PREDICTIONS,
    Failure,
    Measurements,
    PredictJob,
    PredictReport,
    SignedFile,
    Stage,
    StoredBlob,
    TaskSpec,
)
from evaluator.sandbox.base import (
    SandboxCancelled,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
    SandboxUnavailable,
)
from evaluator.tasks import load_task
from evaluator.tasks.errors import InvalidPredictions, InvalidTask
from evaluator.worker.clipping import clip_detail, clip_log
from evaluator.worker.fetching import Fetcher
from evaluator.worker.lease import Lease
from evaluator.worker.platform_client import PlatformClient
from evaluator.worker.retry import retried
from evaluator.worker.sandboxes import Sandboxes
from evaluator.worker.work import Work

UPLOAD_SECONDS = 300.0
"""How long the upload of predictions is tried again."""


class Predicting(Work[PredictJob, PredictReport]):
    """The work of a predict worker."""

    job_type = PredictJob

    def __init__(self, client: PlatformClient, fetcher: Fetcher, sandboxes: Sandboxes) -> None:
        self._client = client
        self._fetcher = fetcher
        self._sandboxes = sandboxes

    def execute(self, job: PredictJob, folder: Path, lease: Lease) -> PredictReport:
        """See `Work`."""
        if job.format == PREDICTIONS:
            return self._pass_on(job, folder, lease)
        if job.format not in self._sandboxes.formats:
            return _report(
                job,
                failure=Failure.NEEDS_CONTAINER,
                failed_stage=Stage.STARTING,
                failure_detail=f"No sandbox of this worker runs the format {job.format!r}.",
            )
        needed, there = job.limits.memory_bytes, self._sandboxes.machine.memory_bytes
        if needed > there:
            raise SandboxUnavailable(
                f"Models may use {needed} bytes of memory here, and this machine has {there}."
            )
        task = load_task(job.task)
        request = self._fetch(job, task.spec, folder, lease)
        task.count_examples(request.smoke_inputs)
        examples = task.count_examples(request.hidden_inputs)
        result = self._run(request, lease)
        if result.failure is not None or result.predictions is None:
            return _report(
                job,
                result,
                failure=result.failure or Failure.WORKER_FAULT,
                failed_stage=result.failed_stage,
                failure_detail=result.failure_detail,
            )
        try:
            task.read_predictions(result.predictions, examples)
        except InvalidPredictions as error:
            return _report(
                job,
                result,
                failure=Failure.INVALID_PREDICTIONS,
                failed_stage=Stage.HIDDEN,
                failure_detail=str(error),
            )
        return _report(job, result, predictions=self._store(job, result.predictions, lease))

    def prove(self, on_tick: Callable[[], None]) -> None:
        """See `Work`."""
        self._sandboxes.prove(on_tick)

    def fault(self, job: PredictJob, failure: Failure, stage: Stage, detail: str) -> PredictReport:
        """See `Work`."""
        return _report(job, failure=failure, failed_stage=stage, failure_detail=detail)

    def _pass_on(self, job: PredictJob, folder: Path, lease: Lease) -> PredictReport:
        """Store a file of results as the predictions. It is read where it is scored."""
        lease.proceed(Stage.FETCHING)
        if len(job.artifact) != 1:
            return _report(
                job,
                failure=Failure.INVALID_PREDICTIONS,
                failed_stage=Stage.FETCHING,
                failure_detail=f"{len(job.artifact)} files where one of results is due.",
            )
        results = folder / "predictions.csv"
        self._fetcher.fetch(job.artifact[0], results, lease)
        return _report(job, predictions=self._store(job, results, lease))

    def _fetch(self, job: PredictJob, task: TaskSpec, folder: Path, lease: Lease) -> SandboxRequest:
        if job.smoke_inputs is None or job.hidden_inputs is None:
            raise InvalidTask("no_inputs", f"The format {job.format!r} needs inputs.")
        lease.proceed(Stage.FETCHING)
        request = SandboxRequest(
            format=job.format,
            task=task,
            model_folder=folder / "model",
            smoke_inputs=_named(folder / "smoke_inputs", job.smoke_inputs),
            hidden_inputs=_named(folder / "hidden_inputs", job.hidden_inputs),
            output_folder=folder / "output",
            limits=job.limits,
            seed=job.seed,
        )
        self._fetcher.fetch_folder(job.artifact, request.model_folder, lease)
        self._fetcher.fetch(job.smoke_inputs, request.smoke_inputs, lease)
        self._fetcher.fetch(job.hidden_inputs, request.hidden_inputs, lease)
        request.output_folder.mkdir(mode=0o700)
        return request

    def _run(self, request: SandboxRequest, lease: Lease) -> SandboxResult:
        with self._sandboxes.lend() as sandbox:
            try:
                return sandbox.run(request, on_stage=lease.proceed)
            except SandboxCancelled as error:
                lease.check()
                raise SandboxFault("The sandbox stopped without being asked to") from error

    def _store(self, job: PredictJob, predictions: Path, lease: Lease) -> StoredBlob:
        lease.proceed(Stage.REPORTING)
        return retried(
            lambda: self._client.upload(job.upload_url, job.report_token, predictions),
            what="upload",
            pause=lease.pause,
            seconds=UPLOAD_SECONDS,
        )


def _named(path: Path, file: SignedFile) -> Path:
    """The path with the ending of a pack's file, which tells what kind of inputs it holds."""
    return path.with_suffix(Path(file.path).suffix)


def _report(
    job: PredictJob,
    result: SandboxResult | None = None,
    *,
    failure: Failure | None = None,
    failed_stage: Stage | None = None,
    failure_detail: str = "",
    predictions: StoredBlob | None = None,
) -> PredictReport:
    measurements: Measurements | None = result.measurements if result else None
    return PredictReport(
        attempt=job.attempt,
        report_token=job.report_token,
        failure=failure,
        failed_stage=failed_stage,
        failure_detail=clip_detail(failure_detail),
        predictions=predictions,
        measurements=measurements,
        smoke_log=clip_log(result.smoke_log) if result else "",
        host_log=clip_log(result.host_log) if result else "",
    )
