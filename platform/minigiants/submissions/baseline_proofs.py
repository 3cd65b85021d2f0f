"""Which baselines of a version must be run before anybody knows what they score."""

import json
from collections.abc import Mapping
from typing import Final

from minigiants.competitions.models import PackFile, PackVersion

FREE_FIELDS: Final = frozenset(
    {
        "title",
        "tagline",
        "demonstration",
        "visibility",
        "licence",
        "prizes",
        "timezone",
        "phases",
        "late_submissions",
        "final_selections",
        "wider_divisions",
        "teams",
        "records",
        "release",
        "data",
        "baselines",
    }
)
"""What a specification may change without a change of any baseline's score. Of the data its bytes
are compared, and of the baselines each by itself.
"""

_ROLES: Final = (
    PackFile.Role.SMOKE_INPUTS,
    PackFile.Role.HIDDEN_INPUTS,
    PackFile.Role.LABELS,
    PackFile.Role.METRIC_CODE,
)


def baselines_changed(*, version: PackVersion, serving: PackVersion | None) -> list[int]:
    """The positions of the baselines of `version` whose scores do not follow from `serving`."""
    served = set(_grounds(serving).values()) if serving is not None else set()
    return [position for position, ground in _grounds(version).items() if ground not in served]


def _grounds(version: PackVersion) -> Mapping[int, str]:
    """All that the score of each baseline, and what is announced of it, follow from."""
    files = list(version.files.order_by("role", "path"))
    common = {
        "specification": {
            name: value for name, value in version.specification.items() if name not in FREE_FIELDS
        },
        "files": [[file.role, file.digest] for file in files if file.role in _ROLES],
    }
    grounds = {}
    for position, baseline in enumerate(version.spec.baselines):
        folder = f"{baseline.artifact}/"
        own = {
            "announced": [baseline.score, baseline.tolerance],
            "artifact": [
                [file.path.removeprefix(folder), file.digest]
                for file in files
                if file.role == PackFile.Role.SOURCE and file.path.startswith(folder)
            ],
        }
        grounds[position] = json.dumps([common, own], sort_keys=True)
    return grounds
