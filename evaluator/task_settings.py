"""The settings of each task type: what a competition may say in `task.settings`.

The web application checks them when a competition is published, and the workers before they use
them, so this module imports nothing heavy.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

TEXT_BYTES: Final = 65_536
"""The longest text, in bytes of UTF-8, that a competition may give or ask for."""

DOCUMENT_BYTES: Final = 4096
"""The longest document of language modelling, in bytes of UTF-8."""

ClassName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^\S(.*\S)?$")]
ColumnName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^\S(.*\S)?$")]
Length = Annotated[int, Field(ge=1, le=2**31 - 1)]
TextBytes = Annotated[int, Field(ge=1, le=TEXT_BYTES)]


class TaskSettings(BaseModel):
    """Base of the settings of a task type: frozen, and closed to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ArrayInput(TaskSettings):
    """What one example looks like: its shape without the leading axis n, and its elements."""

    shape: tuple[Length, ...] = Field(min_length=1, max_length=8)
    dtype: Literal["float32", "float16", "uint8", "int32", "int64"] = "float32"


class TextLimits(TaskSettings):
    """How long a text may be, in bytes of UTF-8."""

    max_bytes: TextBytes


class TextInput(TaskSettings):
    """Each example is a text."""

    text: TextLimits


def _kind_of_input(value: object) -> str:
    text = "text" in value if isinstance(value, Mapping) else isinstance(value, TextInput)
    return "text" if text else "array"


Input = Annotated[
    Annotated[ArrayInput, Tag("array")] | Annotated[TextInput, Tag("text")],
    Discriminator(_kind_of_input),
]


class ClassificationSettings(TaskSettings):
    """How many classes, what an example looks like, and what the classes are called."""

    classes: int = Field(ge=2, le=100_000)
    input: Input
    class_names: tuple[ClassName, ...] | None = None

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        if self.class_names is not None:
            if len(self.class_names) != self.classes:
                raise ValueError(f"class_names must name all {self.classes} classes")
            if len(set(self.class_names)) != self.classes:
                raise ValueError("class_names must differ from each other")
        return self


class RegressionSettings(TaskSettings):
    """What an example looks like, and how many numbers are asked for each."""

    input: Input
    targets: int = Field(default=1, ge=1, le=1000)


class GenerationSettings(TaskSettings):
    """The prompts, the longest answer in bytes of UTF-8, and how the labels give references.

    Without `several_references` a label is the one reference text; with it, a JSON list of texts.
    """

    input: TextInput
    max_bytes: TextBytes
    several_references: bool = False


class EmbeddingSettings(TaskSettings):
    """The texts, the longest vector that a model may answer, and how two vectors compare."""

    input: TextInput
    max_dimensions: int = Field(default=1024, ge=1, le=16_384)
    similarity: Literal["cosine", "dot"] = "cosine"


class LanguageModellingSettings(TaskSettings):
    """How many documents a model of participants' code is asked to predict side by side."""

    documents_in_step: int = Field(default=128, ge=64, le=256)


class CustomSettings(TaskSettings):
    """What a submission's columns are, beside `id`. Left out, the metric alone judges them."""

    columns: tuple[ColumnName, ...] | None = Field(default=None, min_length=1, max_length=4095)


TASK_SETTINGS: Final[Mapping[str, type[TaskSettings]]] = MappingProxyType(
    {
        "classification": ClassificationSettings,
        "regression": RegressionSettings,
        "generation": GenerationSettings,
        "embedding": EmbeddingSettings,
        "language-modelling": LanguageModellingSettings,
        "custom": CustomSettings,
    }
)
"""The settings of every task type by its name."""


RESULTS_AS_FILE: Final = frozenset({"classification", "regression", "custom"})
"""The task types whose results can be handed in as a file, in the format `predictions`."""


def complete_settings(task_type: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a task, its defaults included, as JSON knows them.

    Raises KeyError for an unknown task type and pydantic's ValidationError for wrong settings.
    """
    return TASK_SETTINGS[task_type].model_validate(settings).model_dump(mode="json")
