"""Reads the headers of a NumPy archive (.npz): a ZIP file of .npy arrays.

A compressed array counts with its size unpacked, so that compression buys nothing, or with its
packed size where that is larger, so that junk in it is not free. That holds whether or not the
stream keeps what its directory promises, so it is never unpacked here beyond the array's header.
"""

from evaluator.inspection import limits
from evaluator.inspection.files.npy_header import HEAD_BYTES, add_array, parse_npy
from evaluator.inspection.files.zip_members import Member, member_head, zip_members
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.paths import path_fault
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown


def inspect_npz(reader: ExactReader, ledger: Ledger) -> None:
    """Counts the arrays of a .npz file. Raises `Refused` where it breaks a rule."""
    members = zip_members(reader)
    _check_names(reader.path, members)
    counted = 0
    for member in members:
        _check_ratio(reader.path, member)
        inside = f"{reader.path}/{member.name}"
        header = parse_npy(member_head(reader, member, HEAD_BYTES), member.size, inside)
        add_array(header, member.name.removesuffix(".npy"), reader.path, ledger)
        counted += max(member.packed, member.size) - header.data_bytes - member.packed
    ledger.add_side_bytes(reader.size + counted)


def _check_names(path: str, members: list[Member]) -> None:
    seen: set[str] = set()
    for member in members:
        name = member.name
        if name.endswith((".pkl", ".pickle")):
            what = f"{shown(path)} holds the pickle “{shown(name)}”."
            raise Refused(RefusalCode.PICKLE, path, what)
        # TensorFlow names weights “dense/kernel:0”. In front a colon would name a drive of Windows.
        fault = path_fault(name[:2] + name[2:].replace(":", "-"))
        if fault is not None:
            what = f"{shown(path)} holds “{shown(name)}”, which is no plain name ({fault})."
        elif not name.endswith(".npy"):
            what = f"{shown(path)} holds “{shown(name)}”, which is no array."
        elif name in seen:
            what = f"{shown(path)} holds “{shown(name)}” twice."
        else:
            what = ""
        if what:
            raise Refused(RefusalCode.NPZ_MEMBER, path, what)
        seen.add(name)


def _check_ratio(path: str, member: Member) -> None:
    if member.size > limits.NPZ_RATIO_FREE_BYTES and (
        member.size > limits.NPZ_MAX_RATIO * member.packed
    ):
        what = (
            f"“{shown(member.name)}” in {shown(path)} unpacks "
            f"{member.packed} bytes to {member.size}."
        )
        raise Refused(RefusalCode.ARCHIVE_BOMB, path, what)
