"""By what a board can be sorted, besides the order in which it ranks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import BinaryField, F, Func, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan, LessThan

from minigiants.leaderboards.cursors import Cursor
from minigiants.leaderboards.models import Standing

INFINITY: Final = float("inf")
BY_SCORE: Final = "score"


@dataclass(frozen=True)
class Sort:
    """An order of a board's rows. Of equal values the better ranked comes first or, descending,
    last.

    `value` is what a row is sorted by, `told` the same as a cursor tells it, `heard` the way back.
    """

    title: str
    expression: Combinable
    told: Callable[[Standing], str | float]
    heard: Callable[[str | float], object]
    descending: bool = False


class _Pair(Func):
    """Two expressions that are compared one after the other."""

    function = "ROW"
    arity = 2
    output_field = BinaryField()


def _itself(value: str | float) -> object:
    return value


SORTS: Final[Mapping[str, Sort]] = {
    "parameters": Sort("Parameters", F("parameters"), lambda row: row.parameters, _itself),
    "size": Sort("Size", F("artifact_bytes"), lambda row: row.artifact_bytes, _itself),
    "latency": Sort(
        "Latency",
        Coalesce(F("latency_seconds"), INFINITY),
        lambda row: "inf" if row.latency_seconds is None else row.latency_seconds,
        float,
    ),
    "last": Sort(
        "Last entry",
        F("last_at"),
        lambda row: row.last_at.isoformat(),
        lambda value: datetime.fromisoformat(str(value)),
        descending=True,
    ),
}
SORT_NAMES: Final = (BY_SCORE, *SORTS)


def sorted_rows(rows: QuerySet[Standing], *, name: str, after: Cursor | None) -> QuerySet[Standing]:
    """`rows` in the order called `name`, from the one that follows `after`."""
    sort = SORTS[name]
    if after is not None:
        value = sort.heard(after.value)
        beyond = LessThan if sort.descending else GreaterThan
        rows = rows.filter(
            beyond(
                _Pair(sort.expression, F("place")),
                _Pair(Value(value), Value(after.place)),
            )
        )
    if sort.descending:
        return rows.order_by(sort.expression.desc(), F("place").desc())  # type: ignore[attr-defined]
    return rows.order_by(sort.expression.asc(), "place")  # type: ignore[attr-defined]
