"""What an evaluation runs: a team's artifact, or a baseline as its pack ships it."""

from collections.abc import Sequence

from minigiants.artifacts.selectors import StoredFile, artifact_files
from minigiants.competitions.models import PackFile
from minigiants.submissions.models import Evaluation


def format_of(evaluation: Evaluation) -> str:
    """The model's format."""
    run = evaluation.trial_run
    return evaluation.handed_in.artifact.format if run is None else run.format


def files_of(evaluation: Evaluation) -> Sequence[StoredFile]:
    """The model's files by path, which is relative to its folder."""
    run = evaluation.trial_run
    if run is None:
        return artifact_files(evaluation.handed_in.artifact)
    version = evaluation.version
    folder = f"{version.spec.baselines[run.position].artifact}/"
    shipped = version.files.filter(role=PackFile.Role.SOURCE, path__startswith=folder)
    return [
        StoredFile(path=file.path.removeprefix(folder), size=file.size, digest=file.digest)
        for file in shipped.order_by("path")
    ]
