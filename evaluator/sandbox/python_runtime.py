"""The files of this Python that a confined harness needs, and where they lie in its root."""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import evaluator
from evaluator import harness
from evaluator.sandbox.base import SandboxUnavailable

HARNESS_ROOT = "/harness"
PACKAGES_ROOT = "/packages"
PACKAGES = {
    "onnx": ("numpy", "onnxruntime"),
    "transformers": ("numpy", "safetensors", "tokenizers", "torch", "transformers"),
}
"""What each format is run by."""

SYSTEM_PREFIXES = (Path("/usr"), Path("/usr/local"))
LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
LIBRARY_LINKS = ("/lib", "/lib64")
OWN_STATE = "/proc/self/stat"
"""Of the process that becomes the sandbox's first: by it the harness counts its threads."""

DEVICES = ("/dev/null", "/dev/urandom")
PROCESSOR = ("/proc/cpuinfo", "/sys/devices/system/cpu")
"""What onnxruntime reads to choose its instructions."""


@dataclass(frozen=True)
class PythonRuntime:
    """An interpreter with its libraries: what to show of the host, and how to start it."""

    binds: dict[str, str]
    links: dict[str, str]
    interpreter: str
    search_path: str
    formats: frozenset[str]
    """Those whose packages are all installed."""

    @classmethod
    def of_this_process(cls) -> "PythonRuntime":
        """The running interpreter, the packages of its environment, and the harness.

        Raises `SandboxUnavailable` if those of no format are all there.
        """
        interpreter = os.path.realpath(sys.executable)
        shown = {
            path for path in (*LIBRARIES, *DEVICES, *PROCESSOR, OWN_STATE) if Path(path).exists()
        }
        shown.add(interpreter)
        base = Path(sys.base_prefix).resolve()
        if base not in SYSTEM_PREFIXES:
            shown.add(str(base))
        binds = {path: path for path in shown if not shown.intersection(_parents(path))}
        links = {}
        for path in LIBRARY_LINKS:
            if Path(path).is_symlink():
                links[path] = str(Path(path).readlink())
            elif Path(path).is_dir():
                binds[path] = path
        search_path = [HARNESS_ROOT]
        formats = frozenset(name for name, needed in PACKAGES.items() if all(map(_folder, needed)))
        if not formats:
            raise SandboxUnavailable(
                "The fallback sandbox needs the package onnxruntime: "
                "pip install 'minigiants[embedded]'."
            )
        folders = {_folder(package) or "" for name in formats for package in PACKAGES[name]}
        for number, folder in enumerate(sorted(folders)):
            search_path.append(f"{PACKAGES_ROOT}/{number}")
            binds[search_path[-1]] = folder
        package = Path(evaluator.__path__[0])
        binds[f"{HARNESS_ROOT}/evaluator/__init__.py"] = str(package / "__init__.py")
        binds[f"{HARNESS_ROOT}/evaluator/harness"] = str(Path(harness.__path__[0]))
        return cls(
            binds=binds,
            links=links,
            interpreter=interpreter,
            search_path=os.pathsep.join(search_path),
            formats=formats,
        )


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in Path(path).parents]


def _folder(package: str) -> str | None:
    """The folder that holds an installed package, which is not imported; None if there is none."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    return str(Path(found.submodule_search_locations[0]).parent)
