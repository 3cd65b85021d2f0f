"""Reading a pack: the folder that defines a competition."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from minigiants.competitions.metric_code import require_score
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_fields import Slug
from minigiants.competitions.pack_yaml import read_specification
from minigiants.competitions.problems import PackFault, PackRefused

SPECIFICATION = "competition.yaml"
BUILDER = "build_data.py"
REQUIRED_PAGES = ("overview", "data", "rules")
FILE_BYTES = 256 * 1024
"""The largest specification or page that is read."""


@dataclass(frozen=True, slots=True)
class PackFolder:
    """A pack as it lies on disk, checked. `pages` is Markdown by page name.

    `text` is competition.yaml as it is written.
    """

    folder: Path
    slug: str
    text: str
    spec: PackSpec
    pages: dict[str, str]


def read_pack(folder: Path) -> PackFolder:
    """Read and check a pack, without running anything of it.

    The folder's name is the competition's slug. Raises PackRefused with all that is wrong.
    """
    folder = folder.resolve()
    faults: list[PackFault] = []
    spec: PackSpec | None = None
    text = ""
    pages: dict[str, str] = {}
    try:
        TypeAdapter(Slug).validate_python(folder.name)
    except ValidationError:
        faults.append(
            PackFault(
                folder.name,
                None,
                "",
                "the folder's name is the competition's address: lower-case letters, digits and "
                "single hyphens, at most 32 characters",
            )
        )
    try:
        text = _text(folder, SPECIFICATION)
        spec = read_specification(text, SPECIFICATION)
    except PackRefused as refused:
        faults.extend(refused.faults)
    for name in sorted({*REQUIRED_PAGES, *(path.stem for path in folder.glob("pages/*.md"))}):
        try:
            pages[name] = _text(folder, f"pages/{name}.md")
        except PackRefused as refused:
            faults.extend(refused.faults)
    if not (folder / BUILDER).is_file():
        faults.append(PackFault(BUILDER, None, "", "is missing; it builds the data"))
    if spec is not None and spec.metric is not None:
        try:
            require_score(_text(folder, spec.metric.file), spec.metric.file)
        except PackRefused as refused:
            faults.extend(refused.faults)
    if spec is not None:
        faults.extend(
            PackFault(
                SPECIFICATION, None, "baselines", f"there is no folder {baseline.folder}/artifact"
            )
            for baseline in spec.baselines
            if not (folder / baseline.artifact).is_dir()
        )
    if faults or spec is None:
        raise PackRefused(faults)
    return PackFolder(folder=folder, slug=folder.name, text=text, spec=spec, pages=pages)


def _text(folder: Path, name: str) -> str:
    path = folder / name
    if not path.is_file():
        raise PackRefused([PackFault(name, None, "", "is missing")])
    if path.stat().st_size > FILE_BYTES:
        raise PackRefused([PackFault(name, None, "", f"is larger than {FILE_BYTES} bytes")])
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PackRefused([PackFault(name, None, "", "is not UTF-8")]) from error
    if not text.strip():
        raise PackRefused([PackFault(name, None, "", "is empty")])
    return text
