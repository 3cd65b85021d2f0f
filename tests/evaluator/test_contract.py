"""What a worker may say of its machine, since the platform lists and compares it."""

from typing import Any

import pytest
from pydantic import ValidationError

from evaluator.contract import Machine

GOOD: dict[str, Any] = {
    "cpus": 2.5,
    "memory_bytes": 2**33,
    "gpu": {"kind": "NVIDIA H100 80GB HBM3", "memory_bytes": 2**36},
}


def test_a_machine_is_told() -> None:
    assert Machine.model_validate(GOOD).model_dump() == GOOD


@pytest.mark.parametrize(
    "changes",
    [
        {"cpus": 0},
        {"cpus": -1},
        {"cpus": 1e9},
        {"cpus": float("nan")},
        {"cpus": float("inf")},
        {"memory_bytes": 0},
        {"memory_bytes": 2**63},
        {"memory_bytes": 1e30},
        {"gpu": {"kind": "", "memory_bytes": 2**36}},
        {"gpu": {"kind": "x" * 65, "memory_bytes": 2**36}},
        {"gpu": {"kind": "<script>", "memory_bytes": 2**36}},
        {"gpu": {"kind": "NVIDIA\x1b[2J", "memory_bytes": 2**36}},
        {"gpu": {"kind": "NVIDIA L4\n", "memory_bytes": 2**36}},
        {"gpu": {"kind": "NVIDIA L4", "memory_bytes": -1}},
        {"gpu": {"kind": "NVIDIA L4"}},
        {"disk_bytes": 1},
    ],
)
def test_what_no_machine_has_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Machine.model_validate({**GOOD, **changes})
