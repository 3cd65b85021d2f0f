"""Handing in the baselines that a pack ships, by the same way that everybody takes.

No score is written here: workers evaluate baselines like any other submission.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from evaluator.inspection import detect_format, folder_files
from minigiants.accounts.models import User
from minigiants.artifacts.models import Artifact
from minigiants.artifacts.services import artifact_store
from minigiants.competitions.models import Admission, Competition, PackVersion
from minigiants.competitions.pack import BaselineSpec
from minigiants.competitions.pack_archive import sources_write
from minigiants.competitions.problems import PackFault
from minigiants.competitions.selectors import current_version, spec_of
from minigiants.competitions.services import rules_accept
from minigiants.core.blobstore import digest_of
from minigiants.core.problems import Conflict, Problem
from minigiants.submissions.baseline_faults import account_name, baseline_faults
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Submission
from minigiants.submissions.problems import DuplicateSubmission
from minigiants.submissions.services import submission_create
from minigiants.submissions.workers import RUN_EVERYWHERE, capacity_of
from minigiants.teams.models import Team
from minigiants.teams.services import team_of_user

log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of a baseline."""

    HANDED_IN = "handed in"
    UNCHANGED = "unchanged"
    NEEDS_WORKER = "waits for a worker that runs its format"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """`detail` says why where it was refused, and is empty otherwise."""

    baseline: BaselineSpec
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BaselineEntry:
    """A baseline of a pack with what was handed in of it last, if anything was, and what is wrong
    with it under that pack.
    """

    baseline: BaselineSpec
    submission: Submission | None
    fault: PackFault | None


def baseline_entries(*, version: PackVersion) -> list[BaselineEntry]:
    """The baselines of `version`, in its order, with their newest submissions."""
    competition, spec = version.competition, version.spec
    newest = (
        Submission.objects.filter(
            competition=competition,
            submitted_by__username__in=[account_name(competition, each) for each in spec.baselines],
        )
        .select_related("team", "division", "pack_version", "submitted_by")
        .order_by("submitted_by_id", "-id")
        .distinct("submitted_by_id")
    )
    by_account = {submission.submitted_by.username: submission for submission in newest}
    faults = baseline_faults(version=version, submissions=by_account.values())
    entries = []
    for each in spec.baselines:
        submission = by_account.get(account_name(competition, each))
        fault = faults.get(submission.pk) if submission else None
        entries.append(BaselineEntry(each, submission, fault))
    return entries


def baselines_hand_in(*, competition: Competition, folder: Path) -> list[BaselineResult]:
    """Hand in the baselines of the pack in `folder`, in the order in which it lists them.

    What was handed in to the current version before, and has not failed, is left alone. A
    baseline in a format that not every worker runs waits until some worker offers it. Each
    baseline competes as a team of its own, under its title. Raises Conflict if a person owns the
    name of a baseline's account.
    """
    spec = spec_of(competition)
    runnable = capacity_of(profile=spec.runtime.profile).formats
    results = []
    for baseline in spec.baselines:
        files = folder / baseline.artifact
        name = detect_format(folder_files(files))
        if name not in RUN_EVERYWHERE and name not in runnable:
            results.append(BaselineResult(baseline, Outcome.NEEDS_WORKER))
        else:
            results.append(_hand_in(competition, baseline, files))
    return results


def baselines_catch_up() -> None:
    """Hand in what waited for a container, wherever baselines compete."""
    competitions = Competition.objects.filter(
        teams__is_baseline=True, current_version__isnull=False
    )
    for competition in competitions.select_related("current_version").distinct():
        for result in kept_baselines_hand_in(version=current_version(competition)):
            log.info(
                "baseline",
                competition=competition.slug,
                folder=result.baseline.folder,
                outcome=result.outcome,
                detail=result.detail,
            )


def kept_baselines_hand_in(*, version: PackVersion) -> list[BaselineResult]:
    """Hand in the baselines of a version that serves, as the platform keeps them.

    For the rest see `baselines_hand_in`.
    """
    with TemporaryDirectory(prefix="minigiants-baselines-") as name:
        folder = Path(name)
        sources_write(version=version, folder=folder)
        return baselines_hand_in(competition=version.competition, folder=folder)


def _hand_in(competition: Competition, baseline: BaselineSpec, files: Path) -> BaselineResult:
    user = _baseline_user(competition, baseline)
    # Whoever else may see the competition: its hosts have this one in.
    Admission.objects.get_or_create(
        competition=competition, user=user, defaults={"way": Admission.Way.INVITATION}
    )
    rules_accept(user=user, competition=competition)
    team = _baseline_team(user, competition, baseline)
    try:
        artifact = _earlier(team, files) or artifact_store(
            user=user, competition=competition, folder=files
        )
        submission = submission_create(
            user=user, competition=competition, artifact_id=artifact.pk, message="baseline"
        )
    except DuplicateSubmission:
        return BaselineResult(baseline, Outcome.UNCHANGED)
    except Problem as problem:
        return BaselineResult(baseline, Outcome.REFUSED, f"{problem.title}: {problem.detail}")
    if submission.status == Status.REJECTED:
        return BaselineResult(baseline, Outcome.REFUSED, "Inspection refused it.")
    return BaselineResult(baseline, Outcome.HANDED_IN)


def _earlier(team: Team, folder: Path) -> Artifact | None:
    """The team's artifact that has exactly the files of `folder`, if there is one."""
    wanted = {}
    for file in folder_files(folder):
        with file.open() as stream:
            wanted[file.path] = digest_of(stream).digest
    for artifact in team.artifacts.prefetch_related("files"):
        if {file.path: file.blob_id for file in artifact.files.all()} == wanted:
            return artifact
    return None


def _baseline_team(user: User, competition: Competition, baseline: BaselineSpec) -> Team:
    team = team_of_user(user=user, competition=competition)
    others = competition.teams.exclude(pk=team.pk)
    # Where somebody else bears the title already, the account's name has to do.
    name = team.name if others.filter(name=baseline.title).exists() else baseline.title
    if not team.is_baseline or team.name != name:
        team.is_baseline, team.name = True, name
        team.save(update_fields=["is_baseline", "name"])
    return team


def _baseline_user(competition: Competition, baseline: BaselineSpec) -> User:
    """The account that owns a baseline. Nobody can log in with it."""
    username = account_name(competition, baseline)
    user, is_new = User.objects.get_or_create(
        username=username,
        defaults={"email": f"{username}@minigiants.invalid", "is_active": False},
    )
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    elif user.has_usable_password() or user.is_active:
        raise Conflict(
            f"The account {username!r} belongs to a person.",
            mend=f"Rename that account: {username!r} is the name under which a baseline competes.",
        )
    return user
