"""Whether the baselines of a pack may enter one of its divisions."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.inspection import detect_format, folder_files, inspect_artifact
from evaluator.inspection.judgement import judge
from minigiants.artifacts.selectors import division_budgets
from minigiants.competitions.pack_folder import SPECIFICATION, PackFolder
from minigiants.competitions.problems import PackFault


@dataclass(frozen=True)
class AcceptedBaseline:
    """A baseline's format, and the slug of the division that it enters."""

    format: str
    division: str


def baselines_inspect(
    pack: PackFolder,
) -> tuple[Sequence[AcceptedBaseline], Sequence[PackFault]]:
    """The baselines of `pack` that inspection accepts, in its order, and what it refuses."""
    spec = pack.spec
    accepted, faults = [], []
    for position, baseline in enumerate(spec.baselines):
        files = folder_files(pack.folder / baseline.artifact)
        name = detect_format(files) or spec.formats[0]
        verdict = inspect_artifact(files, format=name)
        judgement = judge(verdict, formats=spec.formats, divisions=division_budgets(spec))
        if judgement.division is None:
            reasons = "; ".join(f"{each.what} [{each.code}]" for each in judgement.refusals)
            faults.append(
                PackFault(
                    SPECIFICATION,
                    None,
                    f"baselines[{position}]",
                    f"{baseline.title} is refused by inspection: {reasons}",
                )
            )
        else:
            accepted.append(AcceptedBaseline(name, judgement.division))
    return accepted, faults
