"""Which operators an ONNX model may use.

Allowed are the operators of ONNX itself (`ai.onnx`, also written as the empty domain) and of its
extension for classical machine learning (`ai.onnx.ml`), and functions that the model defines, whose
bodies are inspected like any graph. Not allowed:

- `com.microsoft` and others of one runtime: among them are operators that call Python or load
  libraries, and packed weights that only that runtime can tell the width of;
- `ai.onnx.preview.*` and `ai.onnx.training`: they train, and no submission is trained here.

Importing a domain without using it is harmless, and exporters do it.

Nor are operators that draw random numbers: the answer would change from run to run, and they make
weights that nobody counts. Exporters write none of them for inference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from evaluator.inspection.refusals import RefusalCode, Refused, shown

STANDARD_DOMAINS = frozenset({"", "ai.onnx"})
ALLOWED_DOMAINS = STANDARD_DOMAINS | {"ai.onnx.ml"}

_RANDOM = frozenset(
    {
        *("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike"),
        *("RandomUniform", "RandomUniformLike"),
    }
)
_TRAINING_MODE = 2
"""The input of Dropout that tells it to draw. For inference exporters leave it or Dropout out."""

_RESERVED = ("ai.onnx", "com.microsoft", "com.ms", "org.pytorch")


@dataclass(frozen=True)
class Operator:
    """What a node calls, or a function is called as."""

    domain: str
    name: str
    overload: str


@dataclass
class Operators:
    """The operators that a model calls outside of the allowed domains, and those it defines."""

    called: set[Operator] = field(default_factory=set)
    defined: set[Operator] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.called) + len(self.defined)

    def call(self, operator: Operator) -> None:
        """Notes that a node calls an operator."""
        if operator.domain not in ALLOWED_DOMAINS:
            self.called.add(operator)

    def refuse_unknown(self, path: str) -> None:
        """Raises `Refused` for a call of what is not defined, and a function in a runtime's name.

        A runtime may prefer its own operator to a function of that name.
        """
        undefined = self.called - self.defined
        for operator in sorted(undefined, key=lambda operator: (operator.domain, operator.name)):
            name, domain = shown(operator.name), shown(operator.domain)
            what = f"The model calls “{name}” of the domain “{domain}”."
            raise Refused(RefusalCode.ONNX_UNKNOWN_DOMAIN, path, what)
        for operator in self.defined:
            domain = operator.domain
            if not domain or any(f"{domain}.".startswith(f"{name}.") for name in _RESERVED):
                what = f"The model defines a function in the domain “{shown(operator.domain)}”."
                raise Refused(RefusalCode.ONNX_UNKNOWN_DOMAIN, path, what)


def refuse_random(operator: Operator, input_sizes: Sequence[int], path: str) -> None:
    """Raises `Refused` for a call that draws random numbers.

    `input_sizes` has the length of each input's name, 0 for one that is left out.
    """
    if operator.domain not in STANDARD_DOMAINS:
        return
    trains = operator.name == "Dropout" and any(input_sizes[_TRAINING_MODE:])
    if operator.name in _RANDOM or trains:
        what = f"The model calls “{operator.name}”{' in training mode' if trains else ''}."
        raise Refused(RefusalCode.ONNX_RANDOM, path, what)
