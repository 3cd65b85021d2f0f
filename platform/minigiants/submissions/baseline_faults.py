"""Whether the baselines of a pack score what its competition.yaml announces."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID

from evaluator.contract import Failure, Split
from minigiants.competitions.models import Competition, PackVersion
from minigiants.competitions.pack import BaselineSpec
from minigiants.competitions.pack_folder import SPECIFICATION
from minigiants.competitions.pack_yaml import located
from minigiants.competitions.problems import PackFault
from minigiants.submissions.evaluated_models import format_of
from minigiants.submissions.failures import explanation_of
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, Score, Submission
from minigiants.submissions.selectors import scoring_evaluations


def account_name(competition: Competition, baseline: BaselineSpec) -> str:
    """The name of the account that hands a baseline in."""
    return f"baseline-{competition.slug}-{Path(baseline.folder).name}"


def baseline_faults(
    *, version: PackVersion, submissions: Iterable[Submission]
) -> Mapping[UUID, PackFault]:
    """What the hosts have to mend, by the submission of a baseline of `version`.

    Left out are those that score as announced, have no score yet, or have one by another version.
    """
    handed_in = {each.submitted_by.username: each for each in submissions}
    scores = _scores(version, handed_in.values())
    found = {}
    for position, baseline in enumerate(version.spec.baselines):
        submission = handed_in.get(account_name(version.competition, baseline))
        if submission is None:
            continue
        message = _message(version, baseline, submission, scores.get(submission.pk))
        if message:
            field = f"baselines[{position}]"
            found[submission.pk] = PackFault(SPECIFICATION, None, field, message)
    faults = located(list(found.values()), version.specification_text, SPECIFICATION)
    return dict(zip(found, faults, strict=True))


def _scores(version: PackVersion, submissions: Iterable[Submission]) -> Mapping[UUID, float]:
    """The public scores by `version`. The Ladder may show others, so boards can't tell them."""
    evaluations = scoring_evaluations(competition=version.competition).filter(
        submission__in=[each.pk for each in submissions], follows=version.pk
    )
    rows = Score.objects.filter(
        evaluation__in=evaluations, metric=version.spec.ranking_metric.name, split=Split.PUBLIC
    )
    return dict(rows.values_list("evaluation__submission_id", "value"))


def _message(
    version: PackVersion, baseline: BaselineSpec, submission: Submission, score: float | None
) -> str:
    if score is not None:
        return off_the_mark(baseline, score)
    if submission.pack_version_id != version.pk:
        return ""
    if submission.status == Status.REJECTED:
        return f"{baseline.title} is refused by inspection"
    return has_failed(baseline) if submission.status == Status.FAILED else ""


def off_the_mark(baseline: BaselineSpec, score: float) -> str:
    """What is wrong with the public score of a baseline; empty where it is as announced."""
    if math.isclose(score, baseline.score, rel_tol=0, abs_tol=baseline.tolerance):
        return ""
    return (
        f"{baseline.title} scores {score!r} on the public split; {baseline.score!r} is "
        f"announced, ± {baseline.tolerance:g}"
    )


def has_failed(baseline: BaselineSpec) -> str:
    """What is wrong with a baseline whose run failed."""
    return f"{baseline.title} has no score: its run failed"


def public_score(evaluation: Evaluation, metric: str) -> float | None:
    """What an evaluation scores on the public split, if it is scored."""
    found = (
        score.value
        for score in evaluation.scores.all()
        if score.metric == metric and score.split == Split.PUBLIC
    )
    return next(found, None)


def failure_told(evaluation: Evaluation) -> str:
    """Why an evaluation failed, in words; empty where it did not."""
    if not evaluation.failure:
        return ""
    words = explanation_of(Failure(evaluation.failure), format_of(evaluation))
    return evaluation.participant_detail or words.title
