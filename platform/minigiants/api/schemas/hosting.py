"""What hosts ask for, and what they are told."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from minigiants.api.schemas.base import In, Out
from minigiants.competitions.pack_access import Audience
from minigiants.competitions.pack_fields import Slug
from minigiants.competitions.pack_folder import FILE_BYTES


class FaultOut(Out):
    """Something about a pack, and where: `line` counts from 1; null where there is none."""

    file: str
    line: int | None
    field: str
    message: str


class BaselineOut(Out):
    folder: str
    title: str
    score: float = Field(description="Announced, of the metric that ranks, on the public split")
    tolerance: float
    line: int | None = Field(description="Of competition.yaml")


class PackReportOut(Out):
    """A pack that can be published. One that can't is answered as a problem with its `faults`."""

    title: str
    warnings: list[FaultOut]
    public_rows: int
    private_rows: int
    usages: str = Field(description="A letter a row of the labels: u public, v private, d document")
    baselines: list[BaselineOut]
    specification: dict[str, Any] = Field(description="With all defaults")


class BaselineOutcome(Out):
    folder: str
    outcome: str
    detail: str


class RescoreOfferOut(Out):
    """What a rescore under the current version would do, in numbers of submissions."""

    version: int
    rescored: int = Field(description="From stored predictions")
    run_again: int = Field(description="Because what models are asked has changed")


class TrialRunOut(Out):
    """A baseline in a trial. `detail`, `why` and `log` say more where it failed."""

    folder: str
    title: str
    format: str
    division: str
    announced: float = Field(description="Of the metric that ranks, on the public split")
    tolerance: float
    status: str = Field(description="As of an evaluation, or passed_over")
    score: float | None
    is_off: bool = Field(description="Whether the score is not as announced")
    detail: str
    why: str = Field(description="May come from the hidden test set")
    log: str = Field(description="Of the hidden run, or else of the smoke run")


class TrialOut(Out):
    """A version whose baselines are run before it serves.

    `state` is running, served, refused, failed (by a fault of the platform), overtaken (something
    else was published meanwhile) or cancelled.
    """

    id: UUID
    competition: str
    version: int
    state: str
    detail: str
    faults: list[FaultOut] = Field(description="Why it was refused")
    runs: list[TrialRunOut]
    has_workers: bool = Field(description="Whether any worker is there that can run them")
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    url: str


class PublishedOut(Out):
    competition: str
    version: int
    content_hash: str
    url: str
    baselines: list[BaselineOutcome]
    rescore: RescoreOfferOut


TemplateName = Literal[
    "classification", "custom", "embedding", "generation", "language-modelling", "regression"
]
"""The types of task that there is a template for."""


class TemplateIn(In):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"slug": "my-first", "task": "classification", "title": "My first"}]
        }
    )

    slug: Slug = Field(description="The competition's address")
    task: TemplateName
    title: str = Field(min_length=1, max_length=80)


class PageIn(In):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"version": 3, "text": "# Rules\n\nBe kind.\n"}]}
    )

    version: int = Field(description="That was edited; another one that serves is not overwritten")
    text: str = Field(max_length=FILE_BYTES, description="Markdown")


class NewPageIn(PageIn):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"version": 3, "name": "faq", "text": "# Questions\n"}]}
    )

    name: Slug = Field(description="The page's address and its tab")


class QuotaIn(In):
    model_config = ConfigDict(json_schema_extra={"examples": [{"per_day": 10}]})

    per_day: int = Field(default=1, ge=1, le=1000)
    total: int | None = Field(default=None, ge=1, description="null: no limit")
    concurrent: int = Field(default=1, ge=1, le=100)
    failures_per_day: int = Field(default=1, ge=1, le=1000)


class PhaseIn(In):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"slug": "main", "closes": "2027-01-31T12:00:00Z"}]}
    )

    slug: str = Field(max_length=32, description="Of a phase that there is")
    opens: str = Field(default="", max_length=40, description="As in competition.yaml")
    closes: str = Field(default="", max_length=40)
    reveals: str | None = Field(
        default=None, max_length=40, description="null: a host reveals the private boards"
    )
    quota: QuotaIn = QuotaIn()


class TeamRulesIn(In):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"merge_deadline": "2027-01-15T12:00:00Z"}]}
    )

    merge_deadline: str | None = Field(
        default=None, max_length=40, description="null: teams merge until the last phase closes"
    )


class VisibilityIn(In):
    model_config = ConfigDict(json_schema_extra={"examples": [{"audience": "public"}]})

    audience: Audience
    email_domains: list[str] = Field(default=[], max_length=100)


class SettingsIn(In):
    """Only the fields that are there are changed; none has a default."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": 3,
                    "tagline": "Read digits with next to nothing",
                    "phases": [
                        {
                            "slug": "main",
                            "closes": "2027-01-31T12:00:00Z",
                            "quota": {"per_day": 10},
                        }
                    ],
                    "visibility": {"audience": "public"},
                }
            ]
        }
    )

    version: int = Field(description="That was edited; another one that serves is not overwritten")
    title: str = Field(default="", min_length=1, max_length=80)
    tagline: str = Field(default="", max_length=1000)
    timezone: str = Field(
        default="UTC",
        max_length=64,
        description="Of the times in competition.yaml that carry no offset",
    )
    phases: list[PhaseIn] = Field(default=[], max_length=100)
    teams: TeamRulesIn = TeamRulesIn()
    visibility: VisibilityIn | None = None


class UnpublishedOut(Out):
    competition: str
    published: bool


class RescoreIn(In):
    reason: str = Field(max_length=500, description="Participants read it")


class RankChangeOut(Out):
    """A team on one board; null where it is not on it."""

    phase: str
    division: str
    split: str
    team: str
    rank_before: int | None
    rank_after: int | None
    score_before: float | None
    score_after: float | None


class RescoreOut(Out):
    id: UUID
    version: int
    state: str = Field(description="running, applied, failed or cancelled")
    reason: str
    detail: str = Field(description="Why it failed")
    submissions: int
    done: int
    started_at: datetime
    ended_at: datetime | None
    table: list[RankChangeOut] = Field(description="Once it is applied, private boards included")


class HostIn(In):
    role: str = Field(max_length=16, description="owner, organizer, judge or viewer")


class HostOut(Out):
    username: str
    role: str


class HostList(Out):
    items: list[HostOut]


class AuditOut(Out):
    id: int
    at: datetime
    actor: str | None = Field(description="A user name; null for the platform itself")
    action: str
    detail: dict[str, Any]


class AuditList(Out):
    items: list[AuditOut] = Field(description="Newest first")


class WaitsOut(Out):
    evaluations: int
    median: float | None = Field(description="Seconds from the queue to a worker")
    p95: float | None = Field(description="Seconds, the 95th percentile")


class StatisticsDay(Out):
    day: date = Field(description="In UTC; days on which nothing happened are left out")
    submissions: int
    scored: int
    teams: int = Field(description="That handed in on this day")
    joined: int = Field(description="Teams that were founded on this day")
    waits: WaitsOut = Field(description="Of what was queued on this day")
    best: float | None = Field(description="The best public score until its end")
    best_by_division: dict[str, float | None] = Field(
        description="The same by the slugs of the divisions"
    )


class FailureCountOut(Out):
    code: str = Field(description="A code of a failure, or refused_at_inspection")
    count: int


class StatisticsOut(Out):
    days: list[StatisticsDay]
    failures: list[FailureCountOut] = Field(description="The most frequent first")
    waits: WaitsOut


class CompetitionInvitationIn(In):
    email: str = Field(max_length=254)


class CompetitionInvitationOut(Out):
    id: UUID
    email: str
    state: str = Field(description="open, accepted, revoked or expired")
    expires_at: datetime


class CompetitionInvitationList(Out):
    items: list[CompetitionInvitationOut]
    link: str = Field(description="Of a competition that goes by link; else empty")
