"""The files beside an ONNX model in which it keeps tensors."""

import re
from collections.abc import Mapping, Sequence

from evaluator.inspection.artifact import ArtifactFile
from evaluator.inspection.paths import path_fault
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_KEYS = frozenset({"location", "offset", "length", "checksum"})
_NUMBER = re.compile(r"[0-9]{1,19}")


class ExternalData:
    """Which bytes of which files of the artifact the tensors of a model take."""

    def __init__(self, model: str, files: Mapping[str, ArtifactFile]) -> None:
        self._model = model
        self._files = files
        self._regions: dict[str, dict[tuple[int, int], str]] = {}

    def take(
        self, tensor: str, dtype: str, size: int, entries: Sequence[tuple[str, str]]
    ) -> tuple[str, bool]:
        """Notes the place of a tensor's `size` bytes, as the model's `entries` describe it.

        Answers with the path of the file, and whether the place is new: tied tensors share a
        place, and are counted once. Raises `Refused` for a place that is no range of a file of the
        artifact.
        """
        described = dict(entries)
        if len(described) != len(entries) or not {"location"} <= described.keys() <= _KEYS:
            raise self._malformed(f"describes “{shown(tensor)}” by {shown(str(entries))}")
        path = self._file(tensor, described["location"])
        offset = self._number(tensor, described.get("offset", "0"))
        length = self._number(tensor, described.get("length", str(size)))
        if length != size or offset + size > self._files[path].size:
            what = (
                f"The tensor “{shown(tensor)}” needs {size} bytes; the model says that {length} "
                f"bytes lie at byte {offset} of {path}, which has {self._files[path].size}."
            )
            raise Refused(RefusalCode.ONNX_EXTERNAL_DATA_RANGE, path, what)
        if not size:
            return path, True
        regions = self._regions.setdefault(path, {})
        region = (offset, offset + size)
        if region in regions and regions[region] != dtype:
            raise self._overlap(path)
        is_new = region not in regions
        regions[region] = dtype
        return path, is_new

    def untaken_bytes(self) -> dict[str, int]:
        """The files that tensors lie in, each with how many of its bytes belong to no tensor.

        Raises `Refused` where two tensors share bytes in part.
        """
        untaken = {}
        for path, regions in self._regions.items():
            taken = reached = 0
            for start, end in sorted(regions):
                if start < reached:
                    raise self._overlap(path)
                taken += end - start
                reached = end
            untaken[path] = self._files[path].size - taken
        return untaken

    def _file(self, tensor: str, location: str) -> str:
        fault = path_fault(location)
        if fault is not None:
            what = f"The model keeps “{shown(tensor)}” in “{shown(location)}” ({fault})."
            raise Refused(RefusalCode.ONNX_EXTERNAL_DATA_OUTSIDE, self._model, what)
        if location == self._model:
            raise self._malformed(f"keeps “{shown(tensor)}” as external data in itself")
        if location not in self._files:
            what = f"The model keeps “{shown(tensor)}” in {location}, which is not there."
            raise Refused(RefusalCode.ONNX_EXTERNAL_DATA_MISSING, location, what)
        return location

    def _number(self, tensor: str, digits: str) -> int:
        if not _NUMBER.fullmatch(digits):
            raise self._malformed(f"places “{shown(tensor)}” at “{shown(digits)}”")
        return int(digits)

    def _malformed(self, what: str) -> Refused:
        what = f"{self._model} {what}."
        return Refused(RefusalCode.ONNX_EXTERNAL_DATA_MALFORMED, self._model, what)

    @staticmethod
    def _overlap(path: str) -> Refused:
        what = f"Two tensors share a part of their bytes in {path}."
        return Refused(RefusalCode.ONNX_EXTERNAL_DATA_OVERLAP, path, what)
