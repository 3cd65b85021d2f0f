"""Static verification of artifacts, and the counting of budgets.

`inspect_artifact` reads the files of an artifact without running anything and answers with a
`Verdict`: refusals with reason and remedy, or counts. `gauge` and `first_fitting` hold counts
against the budgets of divisions. Uses the standard library and pydantic only, so that the
platform, the command line and the workers all run the same code.
"""

from evaluator.inspection.artifact import ArtifactFile, LocalFile, folder_files
from evaluator.inspection.budgets import Budget, GaugeRow, first_fitting, gauge
from evaluator.inspection.formats import FORMATS, participant_code_formats
from evaluator.inspection.inspector import INSPECTOR_VERSION, detect_format, inspect_artifact
from evaluator.inspection.refusals import CATALOGUE, Refusal, RefusalCode, Refused
from evaluator.inspection.verdict import Counts, TensorSummary, Verdict, Workload

__all__ = [
    "CATALOGUE",
    "FORMATS",
    "INSPECTOR_VERSION",
    "ArtifactFile",
    "Budget",
    "Counts",
    "GaugeRow",
    "LocalFile",
    "Refusal",
    "RefusalCode",
    "Refused",
    "TensorSummary",
    "Verdict",
    "Workload",
    "detect_format",
    "first_fitting",
    "folder_files",
    "gauge",
    "inspect_artifact",
    "participant_code_formats",
]
