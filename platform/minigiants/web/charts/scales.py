"""Scales: where a value stands on an axis, and at which values an axis has ticks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

_STEPS: Final = (1, 2, 5, 10)
_SPANS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600),
        *(86_400 * days for days in (1, 2, 7, 14, 30, 91, 182, 365, 3650)),
    )
)


def midnight(day: date) -> datetime:
    """When a day in UTC begins."""
    return datetime.combine(day, time.min, UTC)


@dataclass(frozen=True)
class Linear:
    """From `low` to `high` in equal steps; `start` and `end` are the places of both in pixels."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], *, start: float, end: float) -> "Linear":
        """A scale that holds all `values` with some room at both ends."""
        low, high = min(values), max(values)
        room = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
        return cls(low - room, high + room, start, end)

    def at(self, value: float) -> float:
        """The place of `value`, at the nearer end where it lies beyond."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)

    def ticks(self, count: int = 5) -> list[float]:
        """About `count` round values."""
        raw = (self.high - self.low) / count
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * step for step in _STEPS if power * step >= raw * 0.999)
        first = math.ceil(self.low / step)
        return [number * step for number in range(first, math.floor(self.high / step) + 1)]


@dataclass(frozen=True)
class Logarithmic:
    """From `low` to `high`, both above zero, in equal factors."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], *, start: float, end: float) -> "Logarithmic":
        """A scale that holds all `values` with some room at both ends."""
        low, high = min(values), max(values)
        room = (high / low) ** 0.06 if high > low else 1.5
        return cls(low / room, high * room, start, end)

    def at(self, value: float) -> float:
        """The place of `value`."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)

    def ticks(self) -> list[float]:
        """The powers of ten; where those are fewer than three, 1, 2 and 5 times each."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for steps in ((1,), (1, 2, 5), (1, 1.2, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
            found = [
                step * 10.0**power
                for power in powers
                for step in steps
                if self.low <= step * 10.0**power <= self.high
            ]
            if len(found) >= 3:
                break
        return found


@dataclass(frozen=True)
class Timeline:
    """From one moment to another."""

    first: datetime
    last: datetime
    start: float
    end: float

    def at(self, moment: datetime) -> float:
        """The place of `moment`."""
        share = (moment - self.first) / max(self.last - self.first, timedelta(seconds=1))
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)

    def ticks(self, count: int = 5) -> list[datetime]:
        """At most `count` or so round moments, in UTC."""
        span = self.last - self.first
        step = next((step for step in _SPANS if span / step <= count), _SPANS[-1])
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        number = -(-(self.first - epoch) // step)
        found = []
        while epoch + number * step <= self.last:
            found.append(epoch + number * step)
            number += 1
        return found

    def label(self, moment: datetime) -> str:
        """A tick's text: the hour within a few days, the day within two years, else the month."""
        if self.last - self.first < timedelta(days=3):
            return f"{moment:%-d %b %H:%M}"
        return (
            f"{moment:%-d %b}"
            if self.last - self.first < timedelta(days=700)
            else f"{moment:%b %Y}"
        )
