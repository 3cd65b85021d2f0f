"""Inspecting artifacts, once for each inspector version and pack version."""

from django.db import IntegrityError, transaction

from evaluator.inspection import FORMATS, INSPECTOR_VERSION, inspect_artifact
from evaluator.inspection.judgement import judge
from minigiants.artifacts.models import Artifact, Inspection
from minigiants.artifacts.selectors import artifact_files, division_budgets, inspection_find
from minigiants.competitions.models import PackVersion


def artifact_inspect(*, artifact: Artifact, version: PackVersion) -> Inspection:
    """The verdict on `artifact` under `version`, made now if there is none yet.

    An artifact of no known format is inspected as the first one that the competition accepts, so
    that its owner reads what that format lacks.
    """
    known = inspection_find(artifact=artifact, version=version)
    if known is not None:
        return known
    spec = version.spec
    name = artifact.format if artifact.format in FORMATS else spec.formats[0]
    verdict = inspect_artifact(artifact_files(artifact), format=name)
    judgement = judge(verdict, formats=spec.formats, divisions=division_budgets(spec))
    division = (
        version.competition.divisions.get(slug=judgement.division) if judgement.division else None
    )
    counts = verdict.counts.model_dump() if verdict.counts is not None else {}
    try:
        with transaction.atomic():
            return Inspection.objects.create(
                artifact=artifact,
                pack_version=version,
                inspector_version=INSPECTOR_VERSION,
                verdict=verdict.model_dump(mode="json"),
                accepted=division is not None,
                division=division,
                **counts,
            )
    except IntegrityError:
        # Two requests inspected at once. Same files, same inspector: same verdict.
        return Inspection.objects.select_related("division").get(
            artifact=artifact, pack_version=version, inspector_version=INSPECTOR_VERSION
        )
