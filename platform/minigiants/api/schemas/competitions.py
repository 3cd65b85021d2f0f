"""Competitions: what they ask, allow and offer."""

from datetime import datetime
from typing import Any

from pydantic import Field

from minigiants.api.schemas.base import Out


class MetricOut(Out):
    """A metric. Scores are shown with `decimals` places and ranked in full precision."""

    name: str
    title: str
    params: dict[str, Any] = Field(description="Its parameters; those left out have defaults")
    higher_is_better: bool
    decimals: int


class PhaseOut(Out):
    slug: str
    title: str
    opens: datetime
    closes: datetime
    reveals: datetime | None = Field(
        description="When the private boards open by themselves; null: a host opens them"
    )


class DivisionName(Out):
    slug: str
    title: str


class BudgetOut(Out):
    """Caps; null where the division sets none. Bits count tensors, bytes everything."""

    parameters: int | None
    tensor_bits: int | None
    side_bytes: int | None
    artifact_bytes: int | None


class DivisionOut(DivisionName):
    budget: BudgetOut


class QuotaOut(Out):
    per_day: int
    total: int | None
    concurrent: int
    failures_per_day: int


class LicenceOut(Out):
    name: str
    url: str
    citation: str


class CompetitionSummary(Out):
    slug: str
    title: str
    tagline: str
    demonstration: bool
    url: str = Field(description="The competition's page")
    task: str
    phase: PhaseOut | None = Field(description="The phase that takes submissions now, if one does")
    closes: datetime = Field(description="When the last phase closes")
    ranking_metric: MetricOut
    teams: int
    submissions: int


class CompetitionDetail(CompetitionSummary):
    divisions: list[DivisionOut] = Field(description="From the tightest to the widest")
    formats: list[str]
    metrics: list[MetricOut] = Field(description="The first ranks, the others are shown")
    quota: QuotaOut | None = Field(description="Of the current phase")
    licence: LicenceOut
    phases: list[PhaseOut] = Field(description="In order; times are in UTC")
    timezone: str = Field(description="The zone in which the organizers tell times")
    late_submissions: bool = Field(description="Taken after the last phase, scored, not ranked")
    final_selections: int = Field(description="How many submissions a team may choose")
    max_team_size: int
    merge_deadline: datetime | None = Field(
        description="Until when teams may merge; null: for as long as they can change"
    )
    prizes: str
    audience: str = Field(description="public, link, invitation or email-domain")
    rules_accepted: bool | None = Field(description="By the caller; null for someone unknown")
    version: int = Field(description="Number of the pack's current version")


class CompetitionList(Out):
    items: list[CompetitionSummary]
    next_cursor: str | None


class UploadLimitsOut(Out):
    max_bytes: int
    max_files: int


class RuntimeOut(Out):
    profile: str
    seed: int
    limits: dict[str, Any] = Field(description="evaluator.contract.Limits")


class TaskOut(Out):
    type: str
    settings: dict[str, Any] = Field(description="Of the task type")


class LimitsOut(Out):
    """All that `minigiants check` and `score` need to come to the server's own verdict."""

    task: TaskOut
    metrics: list[MetricOut] = Field(description="The first ranks, the others are shown")
    upload: UploadLimitsOut
    formats: list[str]
    divisions: list[DivisionOut]
    runtime: RuntimeOut


class DataFile(Out):
    path: str
    size: int
    digest: str = Field(description="SHA-256 over the SHA-256s of its 8 MiB parts, as hex")
    url: str


class DataList(Out):
    files: list[DataFile]


class PageName(Out):
    slug: str
    title: str = Field(description="What its tab says")


class PageList(Out):
    items: list[PageName] = Field(description="In the order of the tabs")


class PageText(PageName):
    text: str = Field(description="Markdown")


class RulesOut(Out):
    accepted: bool


class QuotaState(Out):
    """Days are UTC; `renews_at` is when today's counts start anew."""

    used_today: int
    per_day: int
    used_total: int
    total: int | None
    failures_today: int
    failures_per_day: int
    running: int
    concurrent: int
    renews_at: datetime
