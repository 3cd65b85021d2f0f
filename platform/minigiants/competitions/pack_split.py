"""What `competition.yaml` says of the split of the hidden rows into public and private ones."""

from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field

from evaluator.task_settings import ColumnName
from minigiants.competitions.pack_fields import RelativePath, Section

SPLIT_TAG: Final = "by"


class ColumnSplit(Section):
    """A column of the labels says it: `Public` or `Private`, in any case."""

    by: Literal["column"] = "column"
    column: ColumnName = "usage"


class FractionSplit(Section):
    """This fraction of the rows is public, chosen by a seed. Neither the order of the rows nor
    their content has a part in it: the ids alone.
    """

    by: Literal["fraction"]
    public: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
    seed: int = Field(ge=0, le=2**63 - 1)


class FileSplit(Section):
    """A file that the builder writes says it: a CSV with the columns `id` and `usage`."""

    by: Literal["file"]
    file: RelativePath


SplitSpec = Annotated[ColumnSplit | FractionSplit | FileSplit, Discriminator(SPLIT_TAG)]
