"""The reference competitions: their packs, the data that they build, and models scored on it."""

import csv
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evaluator.contract import MetricSpec, TaskSpec
from evaluator.inspection import detect_format, folder_files
from evaluator.practice.messages import PracticeRequest
from evaluator.practice.scoring import practise
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_folder import read_pack

PACKS = Path(__file__).resolve().parents[2] / "competitions"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def slugs() -> list[str]:
    """The names of all reference competitions."""
    return sorted(file.parent.name for file in PACKS.glob("*/competition.yaml"))


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass(frozen=True)
class ReferencePack:
    """A pack and a folder in which its data lies, built."""

    slug: str
    built: Path

    @property
    def folder(self) -> Path:
        """Where the pack lies."""
        return PACKS / self.slug

    @cached_property
    def spec(self) -> PackSpec:
        """What its competition.yaml says."""
        return read_pack(self.folder).spec

    def page(self, name: str) -> str:
        """The text of one of its pages."""
        return (self.folder / "pages" / f"{name}.md").read_text(encoding="utf-8")

    def blocks(self, page: str, language: str) -> list[str]:
        """The blocks of code of a language on a page."""
        return [text for kind, text in FENCE.findall(self.page(page)) if kind == language]

    def public_lines(self, folder: Path, most: int | None = None) -> tuple[Path, Path]:
        """The first public rows of hidden inputs and labels, with what belongs to no split.

        For inputs that are texts. Returns the files, written into `folder`.
        """
        labels = rows(self.built / self.spec.data.labels)
        lines = (self.built / str(self.spec.data.hidden_inputs)).read_text().splitlines(True)
        kept = [place for place, row in enumerate(labels) if row["usage"] != "Private"][:most]
        inputs, answers = folder / "inputs.jsonl", folder / "labels.csv"
        inputs.write_text("".join(lines[place] for place in kept))
        with answers.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "label"])
            writer.writerows([labels[place]["id"], labels[place]["label"]] for place in kept)
        return inputs, answers

    def score(self, artifact: Path, inputs: Path, labels: Path) -> float:
        """What the first metric says of a model, run by the platform's own harness."""
        spec = self.spec
        metric = spec.metrics[0]
        result = practise(
            PracticeRequest(
                format=str(detect_format(folder_files(artifact))),
                task=TaskSpec(type=spec.task.type, settings=spec.task.settings),
                metrics=(MetricSpec(name=metric.name, params=metric.params),),
                limits=spec.runtime.limits,
                seed=spec.runtime.seed,
                model=artifact,
                inputs=inputs,
                labels=labels,
            )
        )
        assert result.failure is None, result.log
        return result.scores[0].value


def build(slug: str, out: Path) -> ReferencePack:
    """Build the data of a pack into `out`."""
    subprocess.run([sys.executable, "-I", "-B", PACKS / slug / "build_data.py", out], check=True)
    return ReferencePack(slug, out)
