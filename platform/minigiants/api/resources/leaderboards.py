"""Boards."""

from typing import Annotated

from ninja import Router
from ninja.params.functions import Query

from minigiants.api.authentication import ApiRequest, public
from minigiants.api.pagination import DEFAULT_LIMIT, CursorParam, LimitParam
from minigiants.api.schemas.competitions import MetricOut
from minigiants.api.schemas.leaderboards import BoardOut, LeaderboardOut
from minigiants.competitions.selectors import competition_get, spec_of
from minigiants.leaderboards.board_pages import BoardQuery, boards_page

router = Router(tags=["leaderboards"])


@router.get(
    "/competitions/{slug}/leaderboard",
    response=LeaderboardOut,
    auth=public(),
    operation_id="leaderboard_read",
)
def read(
    request: ApiRequest,
    slug: str,
    phase: Annotated[
        str | None, Query(max_length=32, description="Default: the current one")
    ] = None,
    division: Annotated[
        str | None, Query(max_length=32, description="Default: each, apart")
    ] = None,
    cursor: CursorParam = None,
    limit: LimitParam = DEFAULT_LIMIT,
) -> LeaderboardOut:
    """The public boards: one for each division."""
    competition = competition_get(slug=slug, user=request.auth.user)
    shown, pages = boards_page(
        competition=competition,
        query=BoardQuery(phase=phase, division=division, cursor=cursor, limit=limit),
        viewer=request.auth.user,
    )
    return LeaderboardOut(
        phase=shown.slug,
        metric=MetricOut.model_validate(spec_of(competition).ranking_metric),
        boards=[BoardOut.model_validate(page) for page in pages],
    )
