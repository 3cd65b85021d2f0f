"""What the host asks of a harness and what it accepts as an answer, for one submission.

The order is the defence: the hidden inputs are placed only after the smoke run has been answered
and its log is closed, so nothing that its participant may read can hold them.
"""

import secrets
import time
from pathlib import Path
from statistics import median

from evaluator.contract import Device, Failure, Measurements, Stage, Strength
from evaluator.failure_sentences import sentence_of
from evaluator.harness.protocol import (
    RUN_BYTES,
    Command,
    Complaint,
    Frame,
    FrameTooLarge,
    Kind,
    Load,
    ProtocolError,
)
from evaluator.sandbox.base import (
    OnStage,
    SandboxCancelled,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
)
from evaluator.sandbox.environment import CODELESS_FORMATS
from evaluator.sandbox.examination import Exam, ModelFailed, Outcome
from evaluator.sandbox.examinations import examination_of
from evaluator.sandbox.exchange import Exchange, GuestEnded
from evaluator.sandbox.guest import Guest, Usage
from evaluator.sandbox.logs import LogTooLarge
from evaluator.sandbox.outputs import InvalidPredictions, OutputTooLarge
from evaluator.sandbox.workspace import JobFolder

JOB_MOUNT = "/job"
MODEL, SMOKE, HIDDEN, PREDICTIONS = "model", "smoke", "hidden", "predictions"
GLANCE_SECONDS = 0.001
COMPLAINTS = {
    Complaint.LOAD_FAILED: Failure.LOAD_FAILED,
    Complaint.PREDICT_FAILED: Failure.CRASHED,
    Complaint.WRONG_OUTPUT: Failure.INVALID_PREDICTIONS,
    Complaint.OUT_OF_MEMORY: Failure.OUT_OF_MEMORY,
    Complaint.TENSORS_MISMATCH: Failure.TENSORS_MISMATCH,
    Complaint.TOKENIZER_LOSSY: Failure.TOKENIZER_LOSSY,
    Complaint.NOT_CAUSAL: Failure.NOT_CAUSAL,
}
OF_MODELS_WITHOUT_CODE = frozenset(
    {Complaint.TENSORS_MISMATCH, Complaint.TOKENIZER_LOSSY, Complaint.NOT_CAUSAL}
)
"""What a harness finds out about formats that it loads by itself. Participant code has no such
words: each that it could choose from would tell its participant more of the hidden inputs."""
HIDDEN_FAILURES_OF_CODE = frozenset(
    {
        Failure.OUT_OF_MEMORY,
        Failure.TIMED_OUT,
        Failure.CRASHED,
        Failure.NOT_NORMALISED,
        Failure.IMPOSSIBLE_BYTE,
        Failure.INVALID_PREDICTIONS,
        Failure.OUTPUT_TOO_LARGE,
        Failure.LOG_TOO_LARGE,
    }
)
"""All ways in which a hidden run of participant code can fail, and so all that code can choose from
to tell of the hidden inputs: with success at most nine outcomes a run, seven where the task is not
language modelling."""


class Conversation:
    """One submission's way through a guest that is ready for it."""

    def __init__(
        self,
        request: SandboxRequest,
        guest: Guest,
        job: JobFolder,
        *,
        strength: Strength,
        device: Device,
        on_stage: OnStage,
        mount: str = JOB_MOUNT,
        cpu_before: float | None = 0.0,
    ) -> None:
        """`device` is what the guest was started for, `mount` where it sees the files of `job`.

        `cpu_before` is the CPU time in seconds that the guest counts and has used before the job,
        None if it is not known.
        """
        self._request = request
        self.limits = request.limits
        self._guest = guest
        self.job = job
        self._strength = strength
        self._device = device
        self._on_stage = on_stage
        self.mount = mount
        self._cpu_before = cpu_before
        self._stage = Stage.STARTING
        self._exchange = Exchange(
            guest, log_bytes=request.limits.log_bytes, on_tick=lambda: self._enter(self._stage)
        )
        self._load_seconds: float | None = None
        self._smoke: Outcome | None = None
        self._hidden: Outcome | None = None
        self._usage: Usage | None = None

    def hold(self) -> SandboxResult:
        """Lead it to its end. The guest is still to be destroyed by the caller.

        Raises `SandboxCancelled` and `SandboxFault`.
        """
        self._enter(Stage.STARTING)
        try:
            self._examine()
        except ModelFailed as failed:
            return self._failed(failed.failure)
        except LogTooLarge:
            return self._failed(Failure.LOG_TOO_LARGE)
        except (FrameTooLarge, OutputTooLarge):
            return self._failed(Failure.OUTPUT_TOO_LARGE)
        except ProtocolError:
            self._exchange.log.remark("The harness' channel carried something else.")
            return self._failed(Failure.INVALID_PREDICTIONS)
        except InvalidPredictions:
            return self._failed(Failure.INVALID_PREDICTIONS)
        except GuestEnded:
            return self._failed(self._crash())
        except OSError as error:
            raise SandboxFault(f"The predictions could not be stored: {error}") from error
        return self._result(None)

    def _examine(self) -> None:
        request, limits = self._request, self.limits
        examination = examination_of(request)
        smoke = _exam(SMOKE, request.smoke_inputs, limits.smoke_seconds)
        self._load()
        self._enter(Stage.SMOKE)
        self._smoke = examination.examine(self, smoke)
        self._exchange.log.close_smoke()
        self._enter(Stage.HIDDEN)
        hidden = _exam(
            HIDDEN, request.hidden_inputs, limits.hidden_seconds, output=request.output_folder
        )
        self._hidden = examination.examine(self, hidden)
        so_far = self._guest.usage()
        self._exchange.leave()
        # A container's counters go with it; those of a forked child come at its end.
        self._usage = self._guest.usage().completed_by(so_far)
        if (self._usage.peak_memory_bytes or 0) > limits.memory_bytes:
            raise ModelFailed(Failure.OUT_OF_MEMORY)

    def _load(self) -> None:
        request = self._request
        self.job.place(request.model_folder, MODEL)
        run = secrets.token_bytes(RUN_BYTES)
        started = self._exchange.ask(
            Load(
                run=run,
                folder=f"{self.mount}/{MODEL}",
                task_type=request.task.type,
                task_settings=request.task.settings,
                seed=request.seed,
            )
        )
        frame = self.answer(run, started + self.limits.load_seconds)
        if frame.kind is not Kind.LOADED or frame.payload:
            raise ProtocolError("something else than LOADED")
        self._load_seconds = time.monotonic() - started

    def ask(self, command: Command) -> float:
        """See `Dialogue`."""
        return self._exchange.ask(command)

    def answer(self, run: bytes, deadline: float) -> Frame:
        """See `Dialogue`."""
        frame = self._exchange.receive(deadline)
        if frame is None:
            raise ModelFailed(Failure.TIMED_OUT)
        return self._checked(frame, run)

    def glance(self, run: bytes) -> Frame | None:
        """See `Dialogue`."""
        frame = self._exchange.receive(time.monotonic() + GLANCE_SECONDS)
        return None if frame is None else self._checked(frame, run)

    def _checked(self, frame: Frame, run: bytes) -> Frame:
        if frame.run != run:
            raise ProtocolError("an answer to something else")
        if frame.kind is Kind.FAILED:
            self._exchange.await_log(run)
            raise ModelFailed(self._judge(frame.payload))
        return frame

    def end_run(self, run: bytes) -> None:
        """See `Dialogue`."""
        self._exchange.await_log(run)

    def _judge(self, payload: bytes) -> Failure:
        try:
            complaint = Complaint(payload.decode("ascii"))
        except ValueError as error:
            raise ProtocolError("no complaint that there is") from error
        brings_code = self._request.format not in CODELESS_FORMATS
        if brings_code and complaint in OF_MODELS_WITHOUT_CODE:
            raise ProtocolError("a complaint that this format does not have")
        failure = COMPLAINTS[complaint]
        if brings_code and self._stage is Stage.HIDDEN and failure not in HIDDEN_FAILURES_OF_CODE:
            raise ProtocolError("a complaint that comes too late")
        return failure

    def _enter(self, stage: Stage) -> None:
        self._stage = stage
        if not self._on_stage(stage):
            raise SandboxCancelled

    def _crash(self) -> Failure:
        self._usage = self._guest.usage()
        ending = self._guest.destroy()
        if ending.for_the_host:
            raise SandboxFault(
                "This machine ran out of memory: the kernel ended a model that was within its "
                "limit. Give the worker fewer slots, or the machine more memory."
            )
        if ending.out_of_memory:
            return Failure.OUT_OF_MEMORY
        self._exchange.log.remark(f"The process ended with exit status {ending.code}.")
        return Failure.CRASHED

    def _failed(self, failure: Failure) -> SandboxResult:
        if self._hidden is not None and self._hidden.file is not None:
            self._hidden.file.unlink()  # complete, and yet not to be believed
        if self._usage is None:
            self._usage = self._guest.usage()
        return self._result(failure)

    def _result(self, failure: Failure | None) -> SandboxResult:
        smoke, log, usage = self._smoke, self._exchange.log, self._usage
        hidden = self._hidden if failure is None else None
        return SandboxResult(
            failure=failure,
            failed_stage=self._stage if failure else None,
            failure_detail=(
                sentence_of(failure, self._stage, self.limits, self._device) if failure else ""
            ),
            predictions=hidden.file if hidden else None,
            smoke_log=log.smoke_log,
            host_log=log.host_log,
            measurements=Measurements(
                sandbox=self._strength,
                device=self._device,
                load_seconds=self._load_seconds,
                smoke_seconds=smoke.seconds if smoke else None,
                hidden_seconds=hidden.seconds if hidden else None,
                examples=hidden.examples if hidden else None,
                latency_seconds=median(hidden.latencies) if hidden and hidden.latencies else None,
                throughput=hidden.examples / hidden.seconds if hidden and hidden.seconds else None,
                peak_memory_bytes=usage.peak_memory_bytes if usage else None,
                cpu_seconds=usage.cpu_since(self._cpu_before) if usage else None,
            ),
        )


def _exam(name: str, inputs: Path, seconds: float, *, output: Path | None = None) -> Exam:
    """An exam whose files keep the ending of the inputs, by which a harness knows their kind."""
    return Exam(
        inputs=inputs,
        placed=f"{name}{inputs.suffix}",
        seconds=seconds,
        output=output / PREDICTIONS if output else None,
    )
