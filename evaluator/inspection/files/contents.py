"""Recognises by first bytes, or by name, files that are refused in every format."""

from collections.abc import Iterator
from contextlib import contextmanager

from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_HEAD_BYTES = 512

_NATIVE_MAGICS = (
    b"\x7fELF",
    b"MZ",
    b"\xcf\xfa\xed\xfe",
    b"\xfe\xed\xfa",
    b"\xca\xfe\xba\xbe",
    b"\0asm",
)
_ARCHIVE_MAGICS = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"\xfd7zXZ\0",
    b"BZh",
    b"7z\xbc\xaf",
    b"\x28\xb5\x2f\xfd",
    b"Rar!",
)
_SUFFIXES = {
    RefusalCode.PICKLE: (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".ckpt", ".dill", ".bin"),
    RefusalCode.NATIVE_CODE: (".so", ".pyd", ".dll", ".dylib", ".pyc", ".pyo", ".exe", ".o", ".a"),
    RefusalCode.NESTED_ARCHIVE: (
        ".zip",
        ".whl",
        ".tar",
        ".gz",
        ".tgz",
        ".xz",
        ".bz2",
        ".7z",
        ".zst",
    ),
}
_WHAT = {
    RefusalCode.PICKLE: "a pickle",
    RefusalCode.NATIVE_CODE: "compiled code",
    RefusalCode.NESTED_ARCHIVE: "a packed file",
}


@contextmanager
def refused_as_what_it_is(reader: ExactReader, *, may_be_archive: bool = False) -> Iterator[None]:
    """Where the block refuses a pickle, a program or an archive, it is refused as such instead.

    Whatever it is called: the owner reads what the file is, not what it fails to be.
    """
    try:
        yield
    except Refused:
        refuse_by_content(reader, may_be_archive=may_be_archive)
        raise


def refuse_by_content(reader: ExactReader, *, may_be_archive: bool) -> None:
    """Raises `Refused` for a file whose first bytes are a pickle's, a program's or an archive's."""
    head = reader.head(_HEAD_BYTES)
    code = None
    if _is_pickle(head):
        code = RefusalCode.PICKLE
    elif head.startswith(_NATIVE_MAGICS):
        code = RefusalCode.NATIVE_CODE
    elif not may_be_archive and (head.startswith(_ARCHIVE_MAGICS) or head[257:262] == b"ustar"):
        code = RefusalCode.NESTED_ARCHIVE
    if code is not None:
        raise Refused(code, reader.path, f"{shown(reader.path)} contains {_WHAT[code]}.")


def refuse_by_name(path: str) -> None:
    """Raises `Refused` for a file that is named like a pickle, a program or an archive."""
    for code, suffixes in _SUFFIXES.items():
        if path.lower().endswith(suffixes):
            raise Refused(code, path, f"{shown(path)} is named like {_WHAT[code]}.")


def _is_pickle(head: bytes) -> bool:
    """Whether this is a pickle of protocol 2 to 5, or what torch.save writes.

    Protocols 0 and 1 have no mark; they are ASCII text, and no loader takes them for weights. A
    safetensors file with a header of, say, 640 bytes opens like a pickle, but with { at byte 8.
    torch.save writes an archive whose first member is `data.pkl` in a folder.
    """
    if head[:1] == b"\x80" and head[1:2] in {b"\2", b"\3", b"\4", b"\5"}:
        return head[8:9] != b"{"
    return head.startswith(b"PK\x03\x04") and b"/data.pkl" in head
