"""The platform's inspection, run here: same files, same limits, same verdict."""

from collections.abc import Sequence
from typing import Any

from client.errors import EXIT_REJECTED, MinigiantsError
from evaluator.inspection import ArtifactFile, Budget, LocalFile, detect_format, inspect_artifact
from evaluator.inspection.judgement import DivisionBudget, judge


def refused_by_limits(files: Sequence[LocalFile], limits: dict[str, Any]) -> None:
    """Raise what the server would answer to the announcement of an upload that is too large."""
    upload = limits["upload"]
    size = sum(file.size for file in files)
    if len(files) > upload["max_files"]:
        raise _refused("too_many_files", f"{len(files)} files; {upload['max_files']} are allowed.")
    if size > upload["max_bytes"]:
        raise _refused("upload_too_large", f"{size:,} bytes; {upload['max_bytes']:,} are allowed.")


def _refused(code: str, what: str) -> MinigiantsError:
    return MinigiantsError(
        what,
        mend="Keep only what the model needs: weights, configuration, source.",
        code=code,
        exit_code=EXIT_REJECTED,
    )


def check_files(files: Sequence[ArtifactFile], limits: dict[str, Any]) -> dict[str, Any]:
    """The verdict on `files`, in the form of the API's `inspection`."""
    formats: list[str] = limits["formats"]
    divisions = [
        DivisionBudget(
            slug=division["slug"],
            title=division["title"],
            budget=Budget.model_validate(division["budget"]),
        )
        for division in limits["divisions"]
    ]
    # As the server does: what is of no known format is held against the first one accepted.
    verdict = inspect_artifact(files, format=detect_format(files) or formats[0])
    judgement = judge(verdict, formats=formats, divisions=divisions)
    names = {
        division.slug: {"slug": division.slug, "title": division.title} for division in divisions
    }
    return {
        "accepted": judgement.division is not None,
        "division": names[judgement.division] if judgement.division else None,
        "counts": verdict.counts.model_dump() if verdict.counts else None,
        "gauges": [
            {
                "division": names[gauge.slug],
                "fits": gauge.fits,
                "rows": [row.model_dump() for row in gauge.rows],
            }
            for gauge in judgement.gauges
        ],
        "workload": judgement.workload.model_dump() if judgement.workload else None,
        "refusals": [refusal.model_dump() for refusal in judgement.refusals],
    }
