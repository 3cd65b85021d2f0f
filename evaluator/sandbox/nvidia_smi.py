"""What the driver of NVIDIA's GPUs tells of them, asked by `nvidia-smi`."""

import subprocess
from typing import Final

ALL_DEVICES: Final = "all"
"""The name of all devices together, for the container engine too."""

ANSWER_SECONDS: Final = 30
MEBIBYTE: Final = 1024**2


class NotTold(Exception):
    """There is no `nvidia-smi` here, or it can't tell, as of MIG slices."""


def ask(devices: str, *fields: str) -> list[list[str]]:
    """The fields, as `nvidia-smi --help-query-gpu` names them, of each of the devices.

    `devices` are names with commas between, or `ALL_DEVICES`. Raises `NotTold`.
    """
    command = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    if devices != ALL_DEVICES:
        command.append(f"--id={devices}")
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise NotTold(str(error)) from error
    rows = [[field.strip() for field in line.split(",")] for line in told.strip().splitlines()]
    if not rows or any(len(row) != len(fields) for row in rows):
        raise NotTold(f"nvidia-smi said {told[:200]!r}.")
    return rows


def memory_bytes(told: str) -> int:
    """A field of memory, which is told in MiB. Raises `NotTold` if it is no number."""
    try:
        return int(told) * MEBIBYTE
    except ValueError as error:
        raise NotTold(f"nvidia-smi told {told[:200]!r} of a GPU's memory.") from error
