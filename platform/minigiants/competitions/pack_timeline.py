"""What `competition.yaml` says of time: phases, their quotas, and the zone they are told in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, AwareDatetime, Field, ValidationInfo, field_validator

from minigiants.competitions.pack_fields import Section, Slug, Title

TIMES: Final = ("opens", "closes", "reveals", "merge_deadline")


@cache
def _zones() -> frozenset[str]:
    """All names of zones. Finding them walks the zone database's folders, which takes 5 ms."""
    return frozenset(available_timezones())


def time_zones() -> list[str]:
    """The names of all time zones, in order."""
    return sorted(_zones())


def _is_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"there is no time zone {name!r}; write it like 'Europe/Berlin' or 'UTC'")
    return name


TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_is_zone)]


class Quota(Section):
    """How often a team may hand in.

    Scored submissions count against `per_day` (days are UTC) and `total`; failures that the model
    caused count against `failures_per_day` alone; faults of the platform against nothing.
    """

    per_day: int = Field(ge=1, le=1000)
    total: int | None = Field(default=None, ge=1)
    concurrent: int = Field(default=2, ge=1, le=100)
    failures_per_day: int = Field(default=20, ge=1, le=1000)


class PhaseSpec(Section):
    """A span of time with its own quota and boards.

    A time without an offset is one of the competition's `timezone`. At `reveals` the private
    boards open by themselves; without it a host opens them.
    """

    slug: Slug
    title: Title
    opens: AwareDatetime
    closes: AwareDatetime
    reveals: AwareDatetime | None = None
    quota: Quota

    @field_validator("closes")
    @classmethod
    def _ends_after_it_starts(cls, closes: datetime, info: ValidationInfo) -> datetime:
        opens = info.data.get("opens")
        if opens is not None and closes <= opens:
            raise ValueError("the phase closes before it opens")
        return closes

    @field_validator("reveals")
    @classmethod
    def _is_revealed_after_the_end(
        cls, reveals: datetime | None, info: ValidationInfo
    ) -> datetime | None:
        closes = info.data.get("closes")
        if reveals is not None and closes is not None and reveals < closes:
            raise ValueError("the private boards open while the phase still runs")
        return reveals

    def is_open(self, moment: datetime) -> bool:
        """Whether the phase takes submissions at `moment`."""
        return self.opens <= moment < self.closes


def with_zone(written: Any, zone: str) -> Any:
    """A section, or a list of them, as written; times that name no offset are placed in `zone`.

    Raises ValueError for a time that the clocks of the zone skip or show twice. What is no
    section is left to the schema to refuse.
    """
    if isinstance(written, list | tuple):
        return [_placed(section, ZoneInfo(zone)) for section in written]
    return _placed(written, ZoneInfo(zone))


def _placed(section: Any, zone: ZoneInfo) -> Any:
    if not isinstance(section, Mapping):
        return section
    moments = {name: _moment(section.get(name)) for name in TIMES}
    times = {
        name: _in_zone(moment, zone)
        for name, moment in moments.items()
        if moment is not None and moment.tzinfo is None
    }
    return {**section, **times}


def _moment(written: Any) -> datetime | None:
    """A time as YAML or JSON gives it; None for what is none, a day without its hour included."""
    if isinstance(written, str) and ":" in written:
        try:
            return datetime.fromisoformat(written)
        except ValueError:
            return None
    return written if isinstance(written, datetime) else None


def _in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    earlier, later = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if earlier.utcoffset() != later.utcoffset():
        raise ValueError(
            f"{moment:%Y-%m-%d %H:%M} is skipped or comes twice in {zone.key}, where the clocks "
            "change; give it an offset, such as +01:00"
        )
    return earlier.astimezone(UTC)
