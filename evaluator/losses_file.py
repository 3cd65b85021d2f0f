"""The file in which a score worker keeps what a score was made of, so that scores can be compared.

A ZIP archive: `about.json`, and for each split NumPy arrays, compressed. A metric that decomposes
leaves `<split>/losses.npy`, float32 [n], 0 being perfect, and `<split>/weights.npy`, float32 [n],
unless all examples weigh the same. Any other built-in metric leaves `<split>/resampled.npy`,
float64 [R]: its value in each of R bootstrap resamples of the examples, whose draws follow from
the labels alone and are the same for all submissions. Rows that count for no split are left out.

Splits are apart, so that who computes public figures never reads a private one. Once fetched,
arrays are unpacked and mapped into memory. The module imports NumPy: the web application imports
it only where statistics are computed.
"""

import io
import json
import math
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evaluator.contract import Split

VERSION: Final = 1
ABOUT: Final = "about.json"
ABOUT_BYTES: Final = 4096
ARRAY_BYTES: Final = 1024**3
"""The largest array, unpacked, that is read."""
_FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)


class InvalidLosses(Exception):
    """The file is not one of losses, or is damaged."""


class ValueOf(StrEnum):
    """How the value of a metric follows from the weighted mean of its losses."""

    MEAN = "mean"
    ONE_MINUS_MEAN = "one_minus_mean"
    ROOT_MEAN = "root_mean"

    def __call__(self, mean: Any) -> Any:
        """The metric's value, of one mean or of an array of them."""
        if self is ValueOf.ONE_MINUS_MEAN:
            return 1 - mean
        if self is ValueOf.ROOT_MEAN:
            return np.sqrt(np.maximum(mean, 0))
        return mean


class About(BaseModel):
    """What the arrays mean.

    `value_of` is there for losses; `seed`, and how many examples each split has, for resampled
    values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=VERSION, le=VERSION)
    value_of: ValueOf | None = None
    seed: int | None = Field(default=None, ge=0)
    examples: dict[Split, Annotated[int, Field(ge=1)]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SplitLosses:
    """The losses [n] of a split's examples, and their weights [n] unless all weigh the same."""

    losses: NDArray[np.float32]
    weights: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SplitResampled:
    """The values [R] of a metric that does not decompose, in resamples of a split's examples."""

    resampled: NDArray[np.float64]
    examples: int


SplitEvidence = SplitLosses | SplitResampled


def fits_float32(losses: NDArray[Any]) -> bool:
    """Whether all of them can be kept: none is beyond what float32 holds."""
    return bool((np.abs(losses) <= np.finfo(np.float32).max).all())


def write_losses(splits: Mapping[Split, SplitLosses], value_of: ValueOf) -> bytes:
    """The file of a metric that decomposes."""
    arrays: dict[str, NDArray[Any]] = {}
    for split, found in splits.items():
        arrays[f"{split}/losses.npy"] = found.losses.astype(np.float32)
        if found.weights is not None and not (found.weights == found.weights[0]).all():
            arrays[f"{split}/weights.npy"] = found.weights.astype(np.float32)
    return _packed(About(version=VERSION, value_of=value_of), arrays)


def write_resampled(splits: Mapping[Split, SplitResampled], seed: int) -> bytes:
    """The file of a metric that does not decompose, resampled by draws that `seed` made."""
    arrays = {
        f"{split}/resampled.npy": found.resampled.astype(np.float64)
        for split, found in splits.items()
    }
    examples = {split: found.examples for split, found in splits.items()}
    return _packed(About(version=VERSION, seed=seed, examples=examples), arrays)


def read_about(file: BinaryIO) -> About:
    """What the file holds. Raises `InvalidLosses`."""
    with _opened(file) as archive:
        return _about(archive)


def read_evidence(file: BinaryIO, split: Split, folder: Path) -> tuple[About, SplitEvidence]:
    """What the file holds of one split, unpacked into `folder` and mapped into memory.

    Raises `InvalidLosses`.
    """
    with _opened(file) as archive:
        about = _about(archive)
        if about.value_of is None:
            if about.examples is None or split not in about.examples:
                raise InvalidLosses(f"It says neither losses nor examples of {split}.")
            resampled = _mapped(archive, f"{split}/resampled.npy", folder, np.dtype(np.float64))
            return about, SplitResampled(resampled, about.examples[split])
        losses = _mapped(archive, f"{split}/losses.npy", folder, np.dtype(np.float32))
        weights = None
        name = f"{split}/weights.npy"
        if name in archive.namelist():
            weights = _mapped(archive, name, folder, np.dtype(np.float32))
            if weights.shape != losses.shape or not (weights > 0).all():
                raise InvalidLosses("The weights are not one positive number a loss.")
        return about, SplitLosses(losses, weights)


def _packed(about: About, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        told = json.dumps(about.model_dump(mode="json", exclude_none=True), sort_keys=True)
        _add(archive, ABOUT, told.encode())
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            _add(archive, name, member.getvalue())
    return target.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A fixed time, so that equal losses are equal bytes.
    info = zipfile.ZipInfo(name, date_time=_FIXED_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise InvalidLosses(f"It is no archive: {error}.") from error


def _about(archive: zipfile.ZipFile) -> About:
    try:
        with archive.open(ABOUT) as member:
            return About.model_validate_json(member.read(ABOUT_BYTES))
    except (KeyError, ValidationError, zipfile.BadZipFile) as error:
        raise InvalidLosses(f"{ABOUT} can't be read: {error}") from error


def _mapped(
    archive: zipfile.ZipFile, name: str, folder: Path, dtype: np.dtype[Any]
) -> NDArray[Any]:
    target = folder / name.replace("/", "-")
    try:
        if archive.getinfo(name).file_size > ARRAY_BYTES:
            raise InvalidLosses(f"{name} is larger than {ARRAY_BYTES} bytes.")
        with archive.open(name) as member, target.open("wb") as out:
            shutil.copyfileobj(member, out)
        array: NDArray[Any] = np.load(target, mmap_mode="r", allow_pickle=False)
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise InvalidLosses(f"{name} can't be read: {error}") from error
    if array.dtype != dtype or array.ndim != 1 or not len(array):
        raise InvalidLosses(f"{name} is {array.dtype} {array.shape}, not {dtype} [n].")
    if not math.isfinite(float(array.sum(dtype=np.float64))):
        raise InvalidLosses(f"{name} holds numbers that are not finite.")
    return array
