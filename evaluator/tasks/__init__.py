"""The task types: what a model is asked to do, and what its predictions must look like.

A new type is a module with a `TaskType`, its line in `TASK_TYPES`, and its settings in
`evaluator.task_settings`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from evaluator.contract import TaskSpec
from evaluator.tasks.base import TaskType
from evaluator.tasks.classification import Classification
from evaluator.tasks.embedding import Embedding
from evaluator.tasks.errors import InvalidTask
from evaluator.tasks.generation import Generation
from evaluator.tasks.language_modelling import LanguageModelling
from evaluator.tasks.regression import Regression

__all__ = ["TASK_TYPES", "load_task"]

TASK_TYPES: Final[Mapping[str, type[TaskType[Any]]]] = MappingProxyType(
    {
        task_type.name: task_type
        for task_type in (Classification, Regression, Generation, Embedding, LanguageModelling)
    }
)
"""Every task type by its name."""


def load_task(spec: TaskSpec) -> TaskType[Any]:
    """The task that a specification describes, its settings checked.

    Raises `InvalidTask` for an unknown type (`unknown_task`) or wrong settings
    (`invalid_settings`).
    """
    task_type = TASK_TYPES.get(spec.type)
    if task_type is None:
        known = ", ".join(sorted(TASK_TYPES))
        raise InvalidTask("unknown_task", f"There is no task type {spec.type!r}; known: {known}.")
    try:
        return task_type(task_type.Settings.model_validate(spec.settings))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        raise InvalidTask("invalid_settings", f"{spec.type}: {where}: {first['msg']}") from error
