"""Collects what is counted and refused while the files of an artifact are read."""

import heapq
from collections.abc import Iterator
from contextlib import contextmanager

from evaluator.inspection.limits import MAX_REFUSALS, MAX_TENSOR_SUMMARIES
from evaluator.inspection.refusals import Refusal, Refused, shown
from evaluator.inspection.verdict import Counts, TensorSummary, Workload

_Described = tuple[str, str, str, tuple[int, ...], int]
"""A tensor's name, path, type, shape and parameters."""


class Ledger:
    """The running totals of one inspection."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []
        self.tensor_count = 0
        self.workload: Workload | None = None
        """What a token or an example costs, where the format can tell."""
        self._parameters = 0
        self._tensor_bytes = 0
        self._side_bytes = 0
        self._biggest: list[tuple[int, int, _Described]] = []

    def add_tensor(
        self,
        *,
        name: str,
        path: str,
        dtype: str,
        shape: tuple[int, ...],
        parameters: int,
        size: int,
    ) -> None:
        """Counts a tensor whose data occupies `size` bytes of the file `path`."""
        self.tensor_count += 1
        self._parameters += parameters
        self._tensor_bytes += size
        # Among tensors of one size the earlier one goes first, and names are never compared.
        rank = (size, -self.tensor_count)
        if len(self._biggest) == MAX_TENSOR_SUMMARIES and rank < self._biggest[0][:2]:
            return
        described = (name, path, dtype, shape, parameters)
        if len(self._biggest) == MAX_TENSOR_SUMMARIES:
            heapq.heapreplace(self._biggest, (*rank, described))
        else:
            heapq.heappush(self._biggest, (*rank, described))

    def add_side_bytes(self, size: int) -> None:
        """Counts bytes that are no tensor data."""
        self._side_bytes += size

    def refuse(self, refusal: Refusal) -> None:
        """Notes a refusal. Beyond the first `MAX_REFUSALS` more would tell nothing new."""
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals.append(refusal)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Turns a `Refused` inside the block into a noted refusal, and ends the block."""
        try:
            yield
        except Refused as refused:
            self.refuse(refused.refusal)

    @property
    def tensors(self) -> tuple[TensorSummary, ...]:
        """The biggest tensors, biggest first."""
        return tuple(
            TensorSummary(
                name=shown(name),
                path=shown(path),
                dtype=dtype,
                shape=shape,
                parameters=parameters,
                size=size,
            )
            for size, _, (name, path, dtype, shape, parameters) in sorted(
                self._biggest, reverse=True
            )
        )

    @property
    def counts(self) -> Counts:
        """The totals."""
        return Counts(
            parameters=self._parameters,
            tensor_bits=8 * self._tensor_bytes,
            side_bytes=self._side_bytes,
            artifact_bytes=self._tensor_bytes + self._side_bytes,
        )
