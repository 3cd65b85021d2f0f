"""Models that have been uploaded, and what inspection says of them."""

from uuid import UUID

from ninja import Router

from evaluator.inspection import Verdict
from evaluator.inspection.judgement import Judgement
from minigiants.accounts.models import Scope
from minigiants.api.authentication import ApiRequest, person_of, required
from minigiants.api.pagination import DEFAULT_LIMIT, CursorParam, LimitParam, newest_first
from minigiants.api.schemas.artifacts import (
    ArtifactFileOut,
    ArtifactList,
    ArtifactOut,
    ArtifactSummary,
    CountsOut,
    Gauge,
    GaugeRow,
    InspectionOut,
    RefusalOut,
    WorkloadOut,
)
from minigiants.api.schemas.competitions import DivisionName
from minigiants.artifacts.inspection import artifact_inspect
from minigiants.artifacts.models import Artifact
from minigiants.artifacts.selectors import (
    artifact_files,
    artifact_get,
    artifact_list,
    judgement_of,
)
from minigiants.competitions.selectors import competition_get
from minigiants.core.problems import NotFound

router = Router(tags=["artifacts"])


def inspection_out(judgement: Judgement, counts: CountsOut | None) -> InspectionOut:
    """A judgement as the API tells it."""
    gauges = [
        Gauge(
            division=DivisionName(slug=gauge.slug, title=gauge.title),
            fits=gauge.fits,
            rows=[GaugeRow.model_validate(row) for row in gauge.rows],
        )
        for gauge in judgement.gauges
    ]
    return InspectionOut(
        accepted=judgement.division is not None,
        division=next(
            (gauge.division for gauge in gauges if gauge.division.slug == judgement.division), None
        ),
        counts=counts,
        gauges=gauges,
        workload=(
            WorkloadOut.model_validate(judgement.workload)
            if judgement.workload is not None
            else None
        ),
        refusals=[RefusalOut.model_validate(refusal) for refusal in judgement.refusals],
    )


def artifact_out(artifact: Artifact) -> ArtifactOut:
    """An artifact with the verdict under the competition's current pack version."""
    version = artifact.team.competition.current_version
    if version is None:
        raise NotFound("The competition of this model is not published any more.")
    inspection = artifact_inspect(artifact=artifact, version=version)
    counts = Verdict.model_validate(inspection.verdict).counts
    return ArtifactOut(
        id=artifact.pk,
        format=artifact.format,
        size=artifact.size,
        files=[ArtifactFileOut.model_validate(file) for file in artifact_files(artifact)],
        inspection=inspection_out(
            judgement_of(inspection, version.spec),
            CountsOut.model_validate(counts) if counts is not None else None,
        ),
    )


@router.get(
    "/artifacts/{artifact_id}",
    response=ArtifactOut,
    auth=required(Scope.READ),
    operation_id="artifact_read",
)
def read(request: ApiRequest, artifact_id: UUID) -> ArtifactOut:
    """A model of your team, and what inspection says of it."""
    return artifact_out(artifact_get(user=person_of(request), artifact_id=artifact_id))


@router.get(
    "/competitions/{slug}/artifacts",
    response=ArtifactList,
    auth=required(Scope.READ),
    operation_id="artifact_list",
)
def index(
    request: ApiRequest,
    slug: str,
    cursor: CursorParam = None,
    limit: LimitParam = DEFAULT_LIMIT,
) -> ArtifactList:
    """The models that your team has uploaded, the newest first."""
    person = person_of(request)
    rows = artifact_list(user=person, competition=competition_get(slug=slug, user=person))
    page, next_cursor = newest_first(rows, cursor=cursor, limit=limit)
    return ArtifactList(
        items=[ArtifactSummary.model_validate(artifact) for artifact in page],
        next_cursor=next_cursor,
    )
