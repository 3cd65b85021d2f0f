"""Competitions, their rules, limits and quota."""

from typing import Annotated

from django.conf import settings
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.text import capfirst
from ninja import Path, Router

from minigiants.accounts.models import Scope, User
from minigiants.api.authentication import ApiRequest, person_of, public, required
from minigiants.api.idempotency import idempotent
from minigiants.api.pagination import DEFAULT_LIMIT, CursorParam, LimitParam, in_order
from minigiants.api.schemas.competitions import (
    BudgetOut,
    CompetitionDetail,
    CompetitionList,
    CompetitionSummary,
    DivisionOut,
    LicenceOut,
    LimitsOut,
    MetricOut,
    PageList,
    PageName,
    PageText,
    PhaseOut,
    QuotaOut,
    QuotaState,
    RulesOut,
    RuntimeOut,
    TaskOut,
    UploadLimitsOut,
)
from minigiants.api.token_reach import Reach
from minigiants.competitions.models import Competition
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.selectors import (
    competition_get,
    competition_list,
    current_version,
    page_get,
    pages_of,
    rules_accepted,
    spec_of,
)
from minigiants.competitions.services import rules_accept
from minigiants.submissions.models import Submission
from minigiants.submissions.selectors import quota_of
from minigiants.teams.models import Team
from minigiants.teams.selectors import competing_teams

router = Router(tags=["competitions"])


def _counted(rows: QuerySet[Competition]) -> QuerySet[Competition]:
    return rows.annotate(
        team_count=_count(competing_teams()), submission_count=_count(Submission.objects.all())
    )


def _count(rows: QuerySet[Team] | QuerySet[Submission]) -> Coalesce:
    """How many of `rows` belong to a competition, counted apart: a join would multiply them."""
    of_one = rows.filter(competition=OuterRef("pk")).order_by().values("competition")
    return Coalesce(Subquery(of_one.annotate(rows=Count("pk")).values("rows")), 0)


def _summary(competition: Competition) -> dict[str, object]:
    spec = spec_of(competition)
    phase = spec.phase_at(timezone.now())
    return {
        "slug": competition.slug,
        "title": spec.title,
        "tagline": spec.tagline,
        "demonstration": spec.demonstration,
        "url": f"{settings.BASE_URL}/competitions/{competition.slug}/",
        "task": spec.task.type,
        "phase": PhaseOut.model_validate(phase) if phase is not None else None,
        "closes": spec.phases[-1].closes,
        "ranking_metric": MetricOut.model_validate(spec.ranking_metric),
        "teams": competition.team_count,  # type: ignore[attr-defined]
        "submissions": competition.submission_count,  # type: ignore[attr-defined]
    }


def _divisions(spec: PackSpec) -> list[DivisionOut]:
    return [
        DivisionOut(
            slug=division.slug,
            title=division.title,
            budget=BudgetOut.model_validate(division.budget),
        )
        for division in spec.divisions
    ]


@router.get(
    "/competitions",
    response=CompetitionList,
    auth=public(reach=Reach.PERSON),
    operation_id="competitions",
)
def index(
    request: ApiRequest, cursor: CursorParam = None, limit: LimitParam = DEFAULT_LIMIT
) -> CompetitionList:
    """Every published competition, by slug."""
    rows = _counted(competition_list(user=request.auth.user))
    page, next_cursor = in_order(rows, by="slug", cursor=cursor, limit=limit)
    return CompetitionList(
        items=[CompetitionSummary.model_validate(_summary(row)) for row in page],
        next_cursor=next_cursor,
    )


@router.get(
    "/competitions/{slug}",
    response=CompetitionDetail,
    auth=public(),
    operation_id="competition_read",
)
def read(request: ApiRequest, slug: str) -> CompetitionDetail:
    """One competition, with what it asks and allows."""
    user = request.auth.user
    found = competition_get(slug=slug, user=user)
    competition = _counted(competition_list(user=user)).get(pk=found.pk)
    spec = spec_of(competition)
    phase = spec.phase_at(timezone.now())
    known = isinstance(user, User)
    return CompetitionDetail.model_validate(
        {
            **_summary(competition),
            "divisions": _divisions(spec),
            "formats": list(spec.formats),
            "metrics": [MetricOut.model_validate(metric) for metric in spec.metrics],
            "quota": QuotaOut.model_validate(phase.quota) if phase is not None else None,
            "licence": LicenceOut.model_validate(spec.licence),
            "phases": [PhaseOut.model_validate(each) for each in spec.phases],
            "timezone": spec.timezone,
            "late_submissions": spec.late_submissions,
            "final_selections": spec.final_selections,
            "max_team_size": spec.teams.max_size,
            "merge_deadline": spec.teams.merge_deadline,
            "prizes": spec.prizes,
            "audience": spec.visibility.audience,
            "rules_accepted": (
                rules_accepted(user=user, competition=competition) if known else None
            ),
            "version": current_version(competition).number,
        }
    )


@router.get(
    "/competitions/{slug}/limits",
    response=LimitsOut,
    auth=public(),
    operation_id="competition_limits",
)
def limits(request: ApiRequest, slug: str) -> LimitsOut:
    """What a model may be: enough to inspect it before it is sent."""
    spec = spec_of(competition_get(slug=slug, user=request.auth.user))
    return LimitsOut(
        task=TaskOut.model_validate(spec.task),
        metrics=[MetricOut.model_validate(metric) for metric in spec.metrics],
        upload=UploadLimitsOut.model_validate(spec.upload),
        formats=list(spec.formats),
        divisions=_divisions(spec),
        runtime=RuntimeOut(
            profile=spec.runtime.profile,
            seed=spec.runtime.seed,
            limits=spec.runtime.limits.model_dump(mode="json"),
        ),
    )


@router.get(
    "/competitions/{slug}/pages",
    response=PageList,
    auth=public(),
    operation_id="pages",
)
def pages(request: ApiRequest, slug: str) -> PageList:
    """The pages of a competition: overview, data, rules, and those that its hosts have added."""
    version = current_version(competition_get(slug=slug, user=request.auth.user))
    return PageList(items=[PageName(slug=name, title=capfirst(name)) for name in pages_of(version)])


@router.get(
    "/competitions/{slug}/pages/{name}",
    response=PageText,
    auth=public(),
    operation_id="page_read",
)
def page(request: ApiRequest, slug: str, name: Annotated[str, Path(max_length=100)]) -> PageText:
    """One page, as its authors wrote it."""
    version = current_version(competition_get(slug=slug, user=request.auth.user))
    text = page_get(version=version, name=name)
    return PageText(slug=name, title=capfirst(name), text=text)


@router.post(
    "/competitions/{slug}/rules",
    response=RulesOut,
    auth=required(Scope.SUBMIT),
    operation_id="rules_accept",
)
@idempotent(status=200)
def accept_rules(request: ApiRequest, slug: str) -> RulesOut:
    """Accept the rules as they stand now."""
    person = person_of(request)
    rules_accept(user=person, competition=competition_get(slug=slug, user=person))
    return RulesOut(accepted=True)


@router.get(
    "/competitions/{slug}/quota",
    response=QuotaState,
    auth=required(Scope.READ),
    operation_id="quota_read",
)
def quota(request: ApiRequest, slug: str) -> QuotaState:
    """What your team has used and may still hand in, in the current phase."""
    person = person_of(request)
    competition = competition_get(slug=slug, user=person)
    return QuotaState.model_validate(quota_of(user=person, competition=competition))
