"""The form of what hosts change often: names, dates, quota, and who may see a competition."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms

from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_access import Audience
from minigiants.competitions.pack_editing import Place
from minigiants.competitions.pack_timeline import time_zones
from minigiants.competitions.problems import PackFault

TIMES: Final = {"opens": "Opens", "closes": "Closes", "reveals": "Reveals the private boards"}
QUOTA: Final = {
    "per_day": "Submissions a day",
    "total": "Submissions in all",
    "concurrent": "At the same time",
    "failures_per_day": "Failures a day",
}
OPTIONAL: Final = frozenset({"reveals", "total"})
AUDIENCES: Final = {
    Audience.PUBLIC: "Everybody",
    Audience.LINK: "Whoever has its link",
    Audience.INVITATION: "Whom a host has invited",
    Audience.EMAIL_DOMAIN: "Whoever has an address in one of the domains, and who is invited",
}


def _time(label: str, *, required: bool, help_text: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"type": "datetime-local"})
    return forms.CharField(
        label=label, required=required, max_length=32, widget=widget, help_text=help_text
    )


class SettingsForm(forms.Form):
    """Shows what a version says. Times are those of the time zone that the form names."""

    title = forms.CharField(max_length=80)
    tagline = forms.CharField(max_length=200, required=False)
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(name, name) for name in time_zones()],
        help_text="All times here are read in it: if it changes, what was 12:00 stays 12:00.",
    )
    merge_deadline = _time(
        "Teams merge until", required=False, help_text="Empty: until the last phase closes."
    )
    audience = forms.ChoiceField(label="Who may see it", choices=list(AUDIENCES.items()))
    email_domains = forms.CharField(
        label="E-mail domains",
        required=False,
        max_length=2000,
        help_text="Separated by commas. For the last choice above, and for no other.",
    )

    def __init__(self, data: Any = None, *, spec: PackSpec) -> None:
        """A form of `spec`, bound to `data` if there is any."""
        zone = ZoneInfo(spec.timezone)
        initial: dict[str, Any] = {
            "title": spec.title,
            "tagline": spec.tagline,
            "timezone": spec.timezone,
            "merge_deadline": _local(spec.teams.merge_deadline, zone),
            "audience": spec.visibility.audience.value,
            "email_domains": ", ".join(spec.visibility.email_domains),
        }
        self._places: dict[str, Place] = {
            "title": ("title",),
            "tagline": ("tagline",),
            "timezone": ("timezone",),
            "merge_deadline": ("teams", "merge_deadline"),
            "audience": ("visibility", "audience"),
            "email_domains": ("visibility", "email_domains"),
        }
        self._times = ["merge_deadline"]
        timely: dict[str, forms.Field] = {}
        self._phases: list[tuple[str, list[str]]] = []
        for number, phase in enumerate(spec.phases):
            names = [f"phases-{number}-{each}" for each in (*TIMES, *QUOTA)]
            self._phases.append((phase.title, names))
            for each, label in TIMES.items():
                name = f"phases-{number}-{each}"
                timely[name] = _time(label, required=each not in OPTIONAL)
                self._times.append(name)
                initial[name] = _local(getattr(phase, each), zone)
                self._places[name] = ("phases", number, each)
            for each, label in QUOTA.items():
                name = f"phases-{number}-{each}"
                timely[name] = forms.IntegerField(
                    label=label, required=each not in OPTIONAL, min_value=1
                )
                initial[name] = getattr(phase.quota, each)
                self._places[name] = ("phases", number, "quota", each)
        super().__init__(data, initial=initial)
        self.fields.update(timely)

    @property
    def names(self) -> list[forms.BoundField]:
        """The fields that do not belong to a phase."""
        return [self[name] for name in self.base_fields]

    @property
    def phases(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Each phase's title with its fields."""
        return [(title, [self[name] for name in names]) for title, names in self._phases]

    def values(self) -> Mapping[Place, Any]:
        """What was changed, as `settings_edit` takes it. The form must be valid."""
        told = self.cleaned_data
        # In competition.yaml some times may name an offset, and would stay where they are.
        moved = self._times if "timezone" in self.changed_data else []
        values: dict[Place, Any] = {
            self._places[name]: _value(name, told[name])
            for name in dict.fromkeys([*self.changed_data, *moved])
        }
        if "audience" in self.changed_data and told["audience"] != Audience.EMAIL_DOMAIN:
            values["visibility", "email_domains"] = None
        return values

    def show(self, faults: tuple[PackFault, ...]) -> None:
        """Put faults beside the fields that they are of, and the others above all."""
        for fault in faults:
            name = self._field(fault.field)
            self.add_error(name, fault.message if name else str(fault))

    def _field(self, place: str) -> str | None:
        steps = tuple(
            int(number) if number else word
            for number, word in re.findall(r"\[(\d+)\]|([^.\[\]]+)", place)
        )
        found = (name for name, known in self._places.items() if steps[: len(known)] == known)
        return next(found, None)


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    """As browsers write it: without seconds where there are none."""
    if moment is None:
        return ""
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S").removesuffix(":00")


def _value(name: str, told: Any) -> Any:
    if name == "email_domains":
        return [domain for domain in re.split(r"[\s,]+", told.lower()) if domain] or None
    return None if told in ("", None) else told
