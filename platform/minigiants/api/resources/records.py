"""Records."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router
from ninja.params.functions import Query

from minigiants.api.authentication import ApiRequest, public
from minigiants.api.schemas.competitions import MetricOut
from minigiants.api.schemas.records import RecordHistoryOut, RecordsOut
from minigiants.api.tables import CSV_RESPONSE, TableFormat, table_answer
from minigiants.competitions.pack_access import Audience
from minigiants.competitions.selectors import competition_get, spec_of
from minigiants.leaderboards.records import record_histories

router = Router(tags=["leaderboards"])

COLUMNS = (
    "division",
    "team",
    "score",
    "achieved_at",
    "challenger",
    "difference",
    "p_value",
    "alpha",
    "method",
    "examples",
    "resamples",
    "seed",
)


@router.get(
    "/competitions/{slug}/records",
    response=RecordsOut,
    auth=public(),
    operation_id="record_list",
    openapi_extra=CSV_RESPONSE,
)
def index(
    request: ApiRequest,
    slug: str,
    division: Annotated[
        str | None, Query(max_length=32, description="Default: each, apart")
    ] = None,
    format: Annotated[  # noqa: A002  (what callers write)
        TableFormat, Query(description="The same records as JSON or as CSV")
    ] = "json",
) -> HttpResponse:
    """The records of each division, the earliest first, with the evidence for each."""
    competition = competition_get(slug=slug, user=request.auth.user)
    histories = record_histories(competition=competition, division_slug=division)
    body = RecordsOut(
        metric=MetricOut.model_validate(spec_of(competition).ranking_metric),
        divisions=[RecordHistoryOut.model_validate(history) for history in histories],
    )
    return table_answer(
        request,
        body,
        _rows(body),
        columns=COLUMNS,
        table_format=format,
        is_open=competition.audience == Audience.PUBLIC,
    )


def _rows(body: RecordsOut) -> list[dict[str, Any]]:
    return [
        {
            **record.model_dump(exclude={"evidence"}),
            **(record.evidence.model_dump() if record.evidence else {}),
            "division": history.division.slug,
        }
        for history in body.divisions
        for record in history.records
    ]
