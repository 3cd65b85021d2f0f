"""Answers the host's commands, one after the other, for one model."""

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from evaluator.harness.batches import read_batches
from evaluator.harness.channels import Channels
from evaluator.harness.commands import decode_command
from evaluator.harness.errors import ModelError
from evaluator.harness.lockstep import ByteModel, answer_in_lockstep
from evaluator.harness.out_of_memory import ran_out_of_memory
from evaluator.harness.protocol import (
    FRAME_LIMIT,
    ROWS,
    Begin,
    Complaint,
    End,
    Examine,
    Frame,
    Kind,
    Load,
    Predict,
    ProtocolError,
)
from evaluator.harness.runners import LoadOptions, Model, Runner
from evaluator.harness.seeds import set_seeds
from evaluator.harness.tasks import Task, task_for

C = TypeVar("C", Load, Predict, Examine)


class Service:
    """Holds the model between the commands that load and use it."""

    def __init__(self, channels: Channels, runner: Runner, *, device: str) -> None:
        self._channels = channels
        self._runner = runner
        self._device = device
        self._model: Model | None = None
        self._task: Task | None = None
        self._seed = 0

    def serve(self) -> int:
        """Answer until `end`, the end of the commands, or a failure.

        Returns the exit status: 0, or 1 after a failure, which has been reported.
        """
        for line in self._channels.commands:
            command = decode_command(line)
            if isinstance(command, End):
                break
            if isinstance(command, Begin):
                raise ProtocolError("begin came within a submission")
            if isinstance(command, Load):
                done = self._attempt(command, self._load, Complaint.LOAD_FAILED)
            elif isinstance(command, Examine):
                done = self._attempt(command, self._examine, Complaint.PREDICT_FAILED)
            else:
                done = self._attempt(command, self._predict, Complaint.PREDICT_FAILED)
            if not done:
                return 1
        return 0

    def _attempt(self, command: C, act: Callable[[C], None], complaint: Complaint) -> bool:
        """Run the model's code; whatever it raises becomes a word of the protocol and a log."""
        try:
            act(command)
        except ModelError as error:
            print(error, file=sys.stderr)  # noqa: T201 the log is what stderr is for
            complaint = error.complaint
        except BaseException as error:  # SystemExit and the like, raised by the model, are too
            traceback.print_exc()
            if ran_out_of_memory(error):
                complaint = Complaint.OUT_OF_MEMORY
        else:
            return True
        self._channels.end_log(command.run)
        self._channels.send(Frame(Kind.FAILED, command.run, complaint.encode()))
        return False

    def _load(self, command: Load) -> None:
        self._task = task_for(command.task_type, command.task_settings)
        self._seed = command.seed
        set_seeds(self._seed)
        self._model = self._runner.load(
            Path(command.folder),
            LoadOptions(
                task_type=command.task_type,
                settings=command.task_settings,
                inputs=self._task.inputs,
                device=self._device,
            ),
        )
        self._channels.send(Frame(Kind.LOADED, command.run))

    def _predict(self, command: Predict) -> None:
        if self._model is None or self._task is None:
            raise ProtocolError("predict came before load")
        set_seeds(self._seed)
        fitting = (FRAME_LIMIT - ROWS.size) // self._task.example_bytes
        size = max(1, min(command.batch_size, fitting))
        for batch in read_batches(Path(command.inputs), size):
            answer = self._task.answer(self._model, batch)
            self._channels.send(Frame(answer.kind, command.run, answer.payload))
        self._channels.end_log(command.run)
        self._channels.send(Frame(Kind.DONE, command.run))

    def _examine(self, command: Examine) -> None:
        if not isinstance(self._model, ByteModel):
            raise ProtocolError("examine came before load, or for no model of bytes")
        set_seeds(self._seed)
        answer_in_lockstep(self._model, command.socket)
        self._channels.end_log(command.run)
        self._channels.send(Frame(Kind.DONE, command.run))
