"""What the host asks of a harness and what it accepts as an answer, for one submission.

The order is the defence: the hidden inputs are placed only after the smoke run has been answered
and its log is closed, so nothing that its participant may read can hold them.
"""

import secrets
import time
from pathlib import Path
from statistics import median

from evaluator.contract import Measurements, Stage, Strength
from evaluator.harness.protocol import (
    RUN_BYTES,
    Complaint,
    Frame,
    FrameTooLarge,
    Kind,
    Load,
    Predict,
    ProtocolError,
)
from evaluator.sandbox import verdicts
from evaluator.sandbox.base import (
    OnStage,
    SandboxCancelled,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
)
from evaluator.sandbox.exchange import Exchange, GuestEnded
from evaluator.sandbox.guest import Guest, Usage
from evaluator.sandbox.logs import LogTooLarge
from evaluator.sandbox.outputs import (
    FILE_NAME,
    InvalidPredictions,
    OutputTooLarge,
    Predictions,
    example_count,
    expected_columns,
)
from evaluator.sandbox.verdicts import ModelFailed, Verdict
from evaluator.sandbox.workspace import JobFolder

JOB_MOUNT = "/job"
MODEL, SMOKE, HIDDEN = "model", "smoke.npy", "hidden.npy"
COMPLAINTS = {
    Complaint.LOAD_FAILED: verdicts.LOAD_FAILED,
    Complaint.WRONG_OUTPUT: verdicts.WRONG_OUTPUT,
    Complaint.OUT_OF_MEMORY: verdicts.OUT_OF_MEMORY,
}


class Conversation:
    """One submission's way through a guest that has just been started."""

    def __init__(
        self,
        request: SandboxRequest,
        guest: Guest,
        job: JobFolder,
        *,
        strength: Strength,
        device: str,
        on_stage: OnStage,
        mount: str = JOB_MOUNT,
    ) -> None:
        """`mount` is where the guest sees the files of `job`."""
        self._request = request
        self._limits = request.limits
        self._guest = guest
        self._job = job
        self._strength = strength
        self._device = device
        self._on_stage = on_stage
        self._mount = mount
        self._stage = Stage.STARTING
        self._exchange = Exchange(
            guest, log_bytes=request.limits.log_bytes, on_tick=lambda: self._enter(self._stage)
        )
        self._seconds: dict[Stage, float] = {}
        self._latencies: list[float] = []
        self._usage: Usage | None = None

    def hold(self) -> SandboxResult:
        """Lead it to its end. The guest is still to be destroyed by the caller.

        Raises `SandboxCancelled` and `SandboxFault`.
        """
        self._enter(Stage.STARTING)
        self._exchange.await_ready()
        try:
            predictions = self._examine()
        except ModelFailed as failed:
            return self._failed(failed.verdict)
        except LogTooLarge:
            return self._failed(verdicts.LOG_TOO_LARGE)
        except (FrameTooLarge, OutputTooLarge):
            return self._failed(verdicts.OUTPUT_TOO_LARGE)
        except ProtocolError:
            return self._failed(verdicts.OUT_OF_TURN)
        except InvalidPredictions:
            return self._failed(verdicts.WRONG_OUTPUT)
        except GuestEnded:
            return self._failed(self._crash())
        except OSError as error:
            raise SandboxFault(f"The predictions could not be stored: {error}") from error
        return self._result(None, predictions)

    def _examine(self) -> Path:
        request, limits = self._request, self._limits
        columns = expected_columns(request.task)
        self._load()
        self._enter(Stage.SMOKE)
        smoke = Predictions(
            examples=example_count(request.smoke_inputs),
            columns=columns,
            limit=limits.output_bytes,
            file=None,
        )
        self._predict(SMOKE, limits.smoke_seconds, smoke)
        self._exchange.log.close_smoke()
        self._enter(Stage.HIDDEN)
        self._job.place(request.hidden_inputs, HIDDEN)
        with Predictions(
            examples=example_count(request.hidden_inputs),
            columns=columns,
            limit=limits.output_bytes,
            file=request.output_folder / FILE_NAME,
        ) as hidden:
            self._predict(HIDDEN, limits.hidden_seconds, hidden)
            self._usage = self._guest.usage()
            self._exchange.leave()
            if (self._usage.peak_memory_bytes or 0) > limits.memory_bytes:
                raise ModelFailed(verdicts.OUT_OF_MEMORY)
            return hidden.keep()

    def _load(self) -> None:
        request = self._request
        self._job.place(request.model_folder, MODEL)
        self._job.place(request.smoke_inputs, SMOKE)
        run = secrets.token_bytes(RUN_BYTES)
        started = self._exchange.ask(
            Load(
                run=run,
                folder=f"{self._mount}/{MODEL}",
                task_type=request.task.type,
                task_settings=request.task.settings,
                seed=request.seed,
                device=self._device,
            )
        )
        frame = self._answer(run, started + self._limits.load_seconds)
        if frame.kind is not Kind.LOADED or frame.payload:
            raise ProtocolError("something else than LOADED")
        self._seconds[Stage.STARTING] = time.monotonic() - started

    def _predict(self, inputs: str, seconds: float, answer: Predictions) -> None:
        """Have one file predicted, and check each row as it comes."""
        run = secrets.token_bytes(RUN_BYTES)
        started = last = self._exchange.ask(Predict(run=run, inputs=f"{self._mount}/{inputs}"))
        while True:
            frame = self._answer(run, started + seconds)
            now = time.monotonic()
            if frame.kind is Kind.DONE and not frame.payload:
                break
            if frame.kind is not Kind.PREDICTIONS:
                raise ProtocolError("something else than predictions")
            rows = answer.add(frame.payload)
            if self._stage is Stage.HIDDEN:
                self._latencies.append((now - last) / rows)
            last = now
        answer.require_all()
        self._seconds[self._stage] = now - started
        self._exchange.await_log(run)

    def _answer(self, run: bytes, deadline: float) -> Frame:
        """The next frame of a run; a complaint, a wrong run and the deadline end it all."""
        frame = self._exchange.receive(deadline)
        if frame is None:
            raise ModelFailed(verdicts.TIMED_OUT[self._stage])
        if frame.run != run:
            raise ProtocolError("an answer to something else")
        if frame.kind is Kind.FAILED:
            self._exchange.await_log(run)
            raise ModelFailed(self._judge(frame.payload))
        return frame

    def _judge(self, payload: bytes) -> Verdict:
        try:
            complaint = Complaint(payload.decode("ascii"))
        except ValueError as error:
            raise ProtocolError("no complaint that there is") from error
        return COMPLAINTS.get(complaint, verdicts.CRASHED[self._stage])

    def _enter(self, stage: Stage) -> None:
        self._stage = stage
        if not self._on_stage(stage):
            raise SandboxCancelled

    def _crash(self) -> Verdict:
        self._usage = self._guest.usage()
        ending = self._guest.destroy()
        if ending.out_of_memory:
            return verdicts.OUT_OF_MEMORY
        self._exchange.log.remark(f"The process ended with exit status {ending.code}.")
        return verdicts.CRASHED[self._stage]

    def _failed(self, verdict: Verdict) -> SandboxResult:
        if self._usage is None:
            self._usage = self._guest.usage()
        return self._result(verdict, None)

    def _result(self, verdict: Verdict | None, file: Path | None) -> SandboxResult:
        hidden = self._seconds.get(Stage.HIDDEN)
        examples = example_count(self._request.hidden_inputs) if file else None
        log, usage = self._exchange.log, self._usage
        return SandboxResult(
            failure=verdict.failure if verdict else None,
            failed_stage=self._stage if verdict else None,
            failure_detail=verdict.sentence(self._limits) if verdict else "",
            predictions=file,
            smoke_log=log.smoke_log,
            host_log=log.host_log,
            measurements=Measurements(
                sandbox=self._strength,
                load_seconds=self._seconds.get(Stage.STARTING),
                smoke_seconds=self._seconds.get(Stage.SMOKE),
                hidden_seconds=hidden,
                examples=examples,
                latency_seconds=median(self._latencies) if file and self._latencies else None,
                throughput=examples / hidden if examples and hidden else None,
                peak_memory_bytes=usage.peak_memory_bytes if usage else None,
                cpu_seconds=usage.cpu_seconds if usage else None,
            ),
        )
