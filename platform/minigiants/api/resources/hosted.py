"""What hosts read of those who compete: their teams, and each submission whole."""

from dataclasses import fields
from typing import Annotated
from uuid import UUID

from ninja import Router
from ninja.params.functions import Query

from minigiants.accounts.models import Scope
from minigiants.api.authentication import ApiRequest, person_of, required
from minigiants.api.pagination import DEFAULT_LIMIT, CursorParam, LimitParam, newest_first
from minigiants.api.resources.artifacts import inspection_out
from minigiants.api.schemas.artifacts import CountsOut
from minigiants.api.schemas.hosted import HostedSubmissionOut, HostedTeamList, HostedTeamOut
from minigiants.competitions.policies import HostAction, may_host
from minigiants.competitions.selectors import hosted_competition_get
from minigiants.submissions.hosted import hosted_submission_get, hosted_team, teams_hosted
from minigiants.submissions.hosted_presentation import hosted_submission
from minigiants.teams.models import NAME_CHARACTERS

router = Router(tags=["hosting"])


@router.get(
    "/host/competitions/{slug}/teams",
    response=HostedTeamList,
    auth=required(Scope.HOST),
    operation_id="hosted_teams_list",
)
def teams(
    request: ApiRequest,
    slug: str,
    cursor: CursorParam = None,
    limit: LimitParam = DEFAULT_LIMIT,
    name: Annotated[
        str, Query(max_length=NAME_CHARACTERS, description="Stands in the team's name")
    ] = "",
) -> HostedTeamList:
    """Who takes part, baselines too, the newest first; not those who merged into others."""
    competition = hosted_competition_get(slug=slug, user=person_of(request), action=HostAction.LOOK)
    page, next_cursor = newest_first(
        teams_hosted(competition=competition, name=name), cursor=cursor, limit=limit
    )
    items = [HostedTeamOut.model_validate(hosted_team(row)) for row in page]
    return HostedTeamList(items=items, next_cursor=next_cursor)


@router.get(
    "/host/submissions/{submission_id}",
    response=HostedSubmissionOut,
    auth=required(Scope.HOST),
    operation_id="hosted_submission_read",
)
def submission(request: ApiRequest, submission_id: UUID) -> HostedSubmissionOut:
    """A submission with its runs: private scores, and for owners and organizers details and logs
    that its team never sees.
    """
    person = person_of(request)
    found = hosted_submission_get(user=person, submission_id=submission_id)
    may_run = may_host(actor=person, slug=found.competition.slug, action=HostAction.RUN)
    view = hosted_submission(found, tells_hidden=may_run)
    counts = None if view.counts is None else CountsOut.model_validate(view.counts)
    inspection = inspection_out(view.judgement, counts)
    told = {item.name: getattr(view, item.name) for item in fields(view)}
    return HostedSubmissionOut.model_validate(
        {**told, "division": inspection.division, "inspection": inspection}
    )
