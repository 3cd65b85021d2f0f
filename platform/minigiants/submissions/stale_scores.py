"""Which scores speak of other labels or another metric than a version's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Count

from minigiants.competitions.models import Competition, PackFile, PackVersion
from minigiants.submissions.models import Evaluation
from minigiants.submissions.selectors import scoring_evaluations

_ROLES: Final = (PackFile.Role.HIDDEN_INPUTS, PackFile.Role.LABELS, PackFile.Role.METRIC_CODE)


@dataclass(frozen=True)
class _Meaning:
    """What models are asked, and all that a score follows from beside the model."""

    question: tuple[Any, ...]
    truth: tuple[Any, ...]


@dataclass(frozen=True)
class _Stale:
    """Versions whose scores follow other truths; of some the stored predictions answer another
    question too.
    """

    versions: frozenset[UUID]
    asked_otherwise: frozenset[UUID]


def stale_counts(*, competition: Competition, version: PackVersion) -> tuple[int, int]:
    """How many submissions can be scored again from stored predictions, and how many must run.

    Three queries, whatever has been handed in.
    """
    scores: dict[UUID, int] = dict(
        scoring_evaluations(competition=competition)
        .values_list("follows")
        .annotate(Count("pk"))
        .order_by()
    )
    stale = _stale(version, scores)
    again = sum(scores[pk] for pk in stale.asked_otherwise)
    return sum(scores[pk] for pk in stale.versions) - again, again


def stale_evaluations(
    *, competition: Competition, version: PackVersion
) -> list[tuple[Evaluation, bool]]:
    """The evaluation that counts of each submission with such a score, and whether it must run
    again.
    """
    newest = scoring_evaluations(competition=competition)
    followed = newest.order_by().values_list("follows", flat=True).distinct()
    stale = _stale(version, followed)
    found = newest.filter(follows__in=stale.versions).select_related("submission").order_by("-id")
    return [(each, each.follows in stale.asked_otherwise) for each in found]


def _stale(version: PackVersion, followed: Iterable[UUID]) -> _Stale:
    known = PackVersion.objects.filter(pk__in=list(followed)).only("content_hash", "specification")
    meanings = _meanings([version, *known])
    now = meanings[version.pk]
    return _Stale(
        frozenset(pk for pk, meaning in meanings.items() if meaning.truth != now.truth),
        frozenset(pk for pk, meaning in meanings.items() if meaning.question != now.question),
    )


def _meanings(versions: Iterable[PackVersion]) -> Mapping[UUID, _Meaning]:
    found = {version.pk: version for version in versions}
    files: defaultdict[UUID, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    rows = PackFile.objects.filter(version__in=found, role__in=_ROLES).order_by("role", "path")
    for pk, role, digest in rows.values_list("version", "role", "digest"):
        files[pk][role].append(digest)
    return {pk: _meaning(version, files[pk]) for pk, version in found.items()}


def _meaning(version: PackVersion, files: Mapping[str, list[str]]) -> _Meaning:
    spec = version.spec
    question = (
        spec.task.model_dump(mode="json"),
        files.get(PackFile.Role.HIDDEN_INPUTS),
    )
    truth = (
        question,
        files.get(PackFile.Role.LABELS),
        files.get(PackFile.Role.METRIC_CODE),
        [metric.as_metric().model_dump(mode="json") for metric in spec.metrics],
        [metric.higher_is_better for metric in spec.metrics],
    )
    return _Meaning(question, truth)
