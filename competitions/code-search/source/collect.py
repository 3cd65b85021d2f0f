"""Collect the source: python collect.py LIB functions.jsonl.xz

LIB is the folder of CPython 3.11.7's standard library, and this runs with Python 3.11. Each
function or method that has a docstring becomes a line of JSON, in the order of files and lines:

    {"path": "argparse.py", "name": "ArgumentParser.parse_args", "doc": "…", "code": "…"}

`doc` is the docstring's first paragraph on one line, `code` the source without the docstring and
without indentation. Tests, bundled wheels, tables of data and applications are left out.
"""

import ast
import json
import lzma
import sys
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path

LEFT_OUT = frozenset(
    {
        "encodings",
        "ensurepip",
        "idle_test",
        "idlelib",
        "lib2to3",
        "pydoc_data",
        "site-packages",
        "test",
        "tests",
        "turtledemo",
    }
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST, outer: str = "") -> Iterator[tuple[str, Function]]:
    """The functions in a tree with their qualified names, but those inside other functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield f"{outer}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{outer}{node.name}.")
        else:
            yield from functions(node, outer)


def record(path: str, name: str, node: Function, lines: list[str]) -> dict[str, str] | None:
    """The line for a function, None for one without a docstring or with nothing beside it."""
    doc = ast.get_docstring(node)
    if not doc or len(node.body) < 2:
        return None
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    docstring = node.body[0]
    kept = lines[first - 1 : docstring.lineno - 1] + lines[docstring.end_lineno : node.end_lineno]
    return {
        "path": path,
        "name": name,
        "doc": " ".join(doc.split("\n\n")[0].split()),
        "code": textwrap.dedent("\n".join(kept)).strip("\n"),
    }


def main(library: Path, archive: Path) -> None:
    """Write the file."""
    warnings.simplefilter("ignore")
    found = []
    for file in sorted(library.rglob("*.py")):
        path = file.relative_to(library)
        if LEFT_OUT & set(path.parts):
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = text.split("\n")
        for name, node in functions(ast.parse(text)):
            line = record(path.as_posix(), name, node, lines)
            if line is not None:
                found.append(json.dumps(line, ensure_ascii=False))
    plain = "".join(f"{line}\n" for line in found).encode()
    archive.write_bytes(lzma.compress(plain, preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
