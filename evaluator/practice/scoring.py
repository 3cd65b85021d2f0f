"""Running a model in a process of its own and scoring what it predicts."""

from pathlib import Path
from tempfile import TemporaryDirectory

from evaluator.contract import Failure, Limits, Strength, TaskSpec
from evaluator.harness.protocol import CPU
from evaluator.practice.guest import OwnProcess
from evaluator.practice.labels import read_public_labels
from evaluator.practice.messages import PracticeRequest, PracticeResult, PracticeScore
from evaluator.sandbox.base import SandboxRequest, SandboxResult
from evaluator.sandbox.conversation import Conversation
from evaluator.sandbox.environment import harness_arguments, harness_environment, threads_for
from evaluator.sandbox.exchange import await_ready
from evaluator.sandbox.workspace import JobFolder
from evaluator.scoring import Scorer
from evaluator.tasks import load_task
from evaluator.tasks.errors import InvalidPredictions

CALLERS_OWN = ("HOME", "TMPDIR")
"""Variables that a sandbox sets and that here stay the caller's."""


def practise(request: PracticeRequest) -> PracticeResult:
    """Run and score one model.

    The labels are not in the model's reach, but on this machine nothing keeps it from looking: a
    good score here proves nothing to others.

    Raises `InvalidTask`, `InvalidInputs`, `InvalidLabels`, `ScoringFailed`, `SandboxFault`.
    """
    task = load_task(request.task)
    examples = task.count_examples(request.inputs)
    labels = read_public_labels(request.labels, task.label_kind, examples)
    with TemporaryDirectory(prefix="minigiants-score-") as name:
        result = run_model(
            format_name=request.format,
            task=task.spec,
            limits=request.limits,
            seed=request.seed,
            model=request.model,
            smoke_inputs=request.inputs,
            hidden_inputs=request.inputs,
            folder=Path(name),
        )
        failure, detail = result.failure, result.failure_detail
        scores: tuple[PracticeScore, ...] = ()
        if result.predictions is not None:
            try:
                predictions = task.read_predictions(result.predictions, examples)
                scorer = Scorer(task, predictions, labels)
                scores = tuple(
                    PracticeScore(metric=metric.name, value=scorer.value(metric, labels.scored))
                    for metric in request.metrics
                )
            except InvalidPredictions as error:
                failure, detail = Failure.INVALID_PREDICTIONS, str(error)
    return PracticeResult(
        failure=failure.value if failure else None,
        failed_stage=result.failed_stage.value if result.failed_stage else None,
        detail=detail,
        scores=scores,
        examples=examples,
        measurements=result.measurements,
        log=result.smoke_log + result.host_log,
    )


def run_model(
    *,
    format_name: str,
    task: TaskSpec,
    limits: Limits,
    seed: int,
    model: Path,
    smoke_inputs: Path,
    hidden_inputs: Path,
    folder: Path,
) -> SandboxResult:
    """Run a model as a worker would, but in a process of the caller's own. `folder` is scratch."""
    job, output = folder / "job", folder / "output"
    job.mkdir()
    output.mkdir()
    environment = {
        name: value
        for name, value in harness_environment(threads_for(limits)).items()
        if name not in CALLERS_OWN
    }
    guest = OwnProcess(harness_arguments(format_name, limits), environment)
    try:
        await_ready(guest, on_tick=lambda: None)
        return Conversation(
            SandboxRequest(
                format=format_name,
                task=task,
                model_folder=model,
                smoke_inputs=smoke_inputs,
                hidden_inputs=hidden_inputs,
                output_folder=output,
                limits=limits,
                seed=seed,
            ),
            guest,
            JobFolder(job),
            strength=Strength.FALLBACK,
            device=CPU,
            on_stage=lambda _stage: True,
            mount=str(job),
        ).hold()
    finally:
        guest.destroy()
