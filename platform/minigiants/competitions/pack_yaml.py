"""Reading `competition.yaml` with errors that name the line and the field."""

import difflib
import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from evaluator.task_settings import TASK_SETTINGS
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_fields import PATTERNS
from minigiants.competitions.problems import PackFault, PackRefused

MAX_FAULTS = 50
"""How many faults are told at once; whoever has more mends these first."""

Location = tuple[int | str, ...]

_MESSAGES: Final = {
    "missing": "is missing",
    "timezone_aware": "needs a time of day, such as 2026-01-31T12:00",
    "union_tag_not_found": "needs {discriminator}",
    "union_tag_invalid": "{discriminator} must be one of {expected_tags}; it is {tag!r}",
    "string_pattern_mismatch": "must match {pattern}",
    "too_short": "needs at least {min_length}",
    "string_too_short": "must not be empty",
    "string_too_long": "is longer than {max_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be greater than {gt}",
    "less_than": "must be less than {lt}",
}
"""Our words for pydantic's types of errors; its own message serves for the others."""


class _NotRead(Exception):
    """YAML that is valid but not accepted here."""

    def __init__(self, message: str, mark: Any) -> None:
        super().__init__(message)
        self.line: int = mark.line + 1


class _Loader(yaml.SafeLoader):
    """Plain data only: no tags that construct, no aliases (which can blow up), no key twice."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
            raise _NotRead("aliases are not read", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise _NotRead(f"the key {key.value!r} stands here twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_specification(text: str, file: str) -> PackSpec:
    """The specification in `text`. Raises PackRefused; `file` is what faults call it."""
    try:
        root, content = _parse(text)
    except _NotRead as error:
        raise PackRefused([PackFault(file, error.line, "", str(error))]) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise PackRefused([PackFault(file, line, "", str(error.problem))]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PackRefused([PackFault(file, None, "", f"is not YAML: {error}")]) from error
    if not isinstance(content, dict):
        raise PackRefused([PackFault(file, 1, "", "must be a mapping of fields to values")])
    spec: PackSpec | None = None
    found: list[ErrorDetails] = []
    try:
        spec = PackSpec.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False)
        for details in found:
            details["loc"] = _as_written(details["loc"], at=("split",))
    found += _faulty_settings(content)
    if spec is None or found:
        causes = _causes(found[:MAX_FAULTS], root)
        raise PackRefused([_fault(details, root, file) for details in causes])
    return spec


def located(faults: Sequence[PackFault], text: str, file: str) -> list[PackFault]:
    """Faults of `file`, which holds `text`, with the lines of the fields that they name."""
    root, _ = _parse(text)
    return [
        replace(fault, line=_line(root, _location(fault.field)))
        if fault.file == file and fault.line is None and fault.field
        else fault
        for fault in faults
    ]


def _location(field: str) -> Location:
    """What `_field` wrote, read back."""
    steps = re.findall(r"\[(\d+)\]|([^.\[\]]+)", field)
    return tuple(int(number) if number else name for number, name in steps)


def _faulty_settings(content: dict[str, Any]) -> list[ErrorDetails]:
    """What is wrong in `task.settings`, which each type of task has of its own."""
    task = content.get("task")
    known = TASK_SETTINGS.get(str(task.get("type"))) if isinstance(task, dict) else None
    if known is None or not isinstance(task, dict):
        return []
    try:
        known.model_validate(task.get("settings", {}))
    except ValidationError as error:
        for details in (found := error.errors(include_url=False)):
            details["loc"] = ("task", "settings", *_as_written(details["loc"], at=("input",)))
        return found
    return []


def _as_written(location: Location, *, at: Location) -> Location:
    """A location without the name of the kind that the union `at` is, which the document lacks."""
    if location[: len(at)] == at and len(location) > len(at):
        return (*at, *location[len(at) + 1 :])
    return location


def _parse(text: str) -> tuple[yaml.Node | None, Any]:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root is not None else None
    finally:
        loader.dispose()


def _causes(found: list[ErrorDetails], root: yaml.Node | None) -> list[ErrorDetails]:
    """What was found without what merely follows from it.

    A list whose items are wrong counts as too short as well, and a wrong cap makes the caps that
    are computed from it wrong, which nobody wrote.
    """
    locations = [details["loc"] for details in found]
    causes = [
        details
        for details in found
        if details["type"] == "missing"
        or not (
            any(_is_within(other, details["loc"]) for other in locations)
            or _depth(root, details["loc"]) < len(details["loc"])
        )
    ]
    return causes or found


def _is_within(inner: Location, outer: Location) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _fault(details: ErrorDetails, root: yaml.Node | None, file: str) -> PackFault:
    location = details["loc"]
    return PackFault(file, _line(root, location), _field(location), _message(details))


def _field(location: Location) -> str:
    """A location as people write it: divisions[0].budget."""
    field = ""
    for step in location:
        field += f"[{step}]" if isinstance(step, int) else f".{step}" if field else step
    return field


def _path(root: yaml.Node | None, location: Location) -> Iterator[yaml.Node]:
    """The nodes on the way to `location`, the document's first, as far as they are there.

    A field is stood for by its key, whose line is where people look.
    """
    node = root
    if node is not None:
        yield node
    for step in location:
        if isinstance(node, yaml.MappingNode):
            key, node = next(
                (pair for pair in node.value if pair[0].value == str(step)), (None, None)
            )
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            key = node = node.value[step] if step < len(node.value) else None
        else:
            return
        if key is None:
            return
        yield key


def _depth(root: yaml.Node | None, location: Location) -> int:
    """How many steps of `location` are in the document."""
    return sum(1 for _ in _path(root, location)) - 1


def _line(root: yaml.Node | None, location: Location) -> int | None:
    """The line, from 1, of the deepest part of `location` that is in the document."""
    nodes = list(_path(root, location))
    return nodes[-1].start_mark.line + 1 if nodes else None


def _message(details: ErrorDetails) -> str:
    kind = details["type"]
    if kind == "extra_forbidden":
        return _unknown(str(details["loc"][-1]))
    if kind == "value_error":
        return details["msg"].removeprefix("Value error, ")
    context = details.get("ctx", {})
    if context.get("pattern") in PATTERNS:
        return f"must be {PATTERNS[context['pattern']]}; it is {details['input']!r}"
    template = _MESSAGES.get(kind)
    if template is not None:
        return template.format(**context)
    message = details["msg"]
    return f"{message[:1].lower()}{message[1:]}; it is {details['input']!r}"[:300]


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, sorted(_field_names()), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"there is no such field{hint}"


@cache
def _field_names() -> set[str]:
    models: list[type[BaseModel]] = [PackSpec, *TASK_SETTINGS.values()]
    schemas = [model.model_json_schema() for model in models]
    parts = [part for schema in schemas for part in (schema, *schema.get("$defs", {}).values())]
    return {name for part in parts for name in part.get("properties", {})}
