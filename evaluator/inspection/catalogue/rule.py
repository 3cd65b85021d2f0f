"""What the catalogue says of a code."""

from collections.abc import Mapping
from dataclasses import dataclass

from evaluator.inspection.catalogue.codes import RefusalCode


@dataclass(frozen=True)
class Rule:
    """The part of a refusal that is the same every time: its reason and its remedy."""

    why: str
    mend: str


Rules = Mapping[RefusalCode, Rule]
