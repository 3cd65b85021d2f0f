"""Language models in ONNX: what a document costs, and the graphs that are refused."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import parser

from evaluator.harness.errors import LoadError, ModelError, NotCausal
from evaluator.harness.language_modelling import DOCUMENT
from evaluator.harness.onnx_language_model import WIDTHS, OnnxLanguageModel, pair_nats
from evaluator.harness.onnx_model import OnnxModel
from evaluator.harness.onnx_runner import OnnxRunner
from evaluator.harness.runners import LoadOptions, Model
from tests.evaluator.harness.onnx_language_models import (
    bigram_table,
    save_bigrams,
    save_looking_ahead,
)

OPTIONS = LoadOptions(task_type="language-modelling", settings={}, inputs=DOCUMENT, device="cpu")
TABLE = bigram_table()
TEXTS = ["a", "def f(x):\n    return x\n", "später 日本 </s> <s>", "long " * 60]
TILED = """
    f = Cast<to = 1>(x)
    last = Constant<value = int64[1] {2}>()
    u = Unsqueeze(f, last)
    repeats = Constant<value = int64[3] {1, 1, 256}>()
    t = Tile(u, repeats)
"""
"""Nodes that make a `t` of the right shape out of bytes `x`."""

DOCUMENTS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60),
    max_size=4,
)


def load(folder: Path) -> Model:
    return OnnxRunner(threads=1).load(folder, OPTIONS)


def nats(model: Model, texts: list[str]) -> np.ndarray:
    found = model.predict(texts)["nats"]
    assert isinstance(found, np.ndarray)
    return found


def bigram_nats(text: str) -> float:
    """What bigrams tell of a text that begins after NUL."""
    signs = np.frombuffer(b"\0" + text.encode(), dtype=np.uint8)
    return float(-TABLE.astype(np.float64)[signs[:-1], signs[1:]].sum())


@pytest.fixture(scope="module", params=[3, 16, "length"])
def bigrams(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(save_bigrams(tmp_path_factory.mktemp("bigrams"), TABLE, length=request.param))


@given(DOCUMENTS)
@settings(max_examples=25, deadline=None)
def test_each_byte_is_predicted_once(bigrams: Model, texts: list[str]) -> None:
    """Whatever the context is: one byte of it is all that bigrams need."""
    expected = [bigram_nats(text) for text in texts]

    np.testing.assert_allclose(nats(bigrams, texts), expected, rtol=1e-5)


def test_scores_need_not_be_probabilities_and_gain_nothing(tmp_path: Path) -> None:
    honest = nats(load(save_bigrams(tmp_path / "honest", TABLE)), TEXTS)
    shifted = nats(load(save_bigrams(tmp_path / "shifted", TABLE + 50)), TEXTS)

    np.testing.assert_allclose(shifted, honest, rtol=1e-4)


def test_a_byte_that_cannot_come_may_be_infinite(tmp_path: Path) -> None:
    table = TABLE.copy()
    table[:, ord("~")] = -np.inf
    model = load(save_bigrams(tmp_path, table))

    assert (nats(model, TEXTS) < [bigram_nats(text) for text in TEXTS]).all()
    with pytest.raises(ModelError, match="a score was NaN or infinite"):
        model.predict(["~"])


@pytest.mark.parametrize("length", [16, "length"])
def test_a_model_that_looks_ahead(tmp_path: Path, length: int | str) -> None:
    model = load(save_looking_ahead(tmp_path, TABLE, hardness=-1, length=length))

    with pytest.raises(NotCausal, match="when only later text was replaced"):
        model.predict(TEXTS)


def test_a_model_that_rarely_looks_ahead(tmp_path: Path) -> None:
    """At the hardest byte or two of a hundred, in documents that are probed once each."""
    generator = np.random.default_rng(1)
    texts = ["".join(map(chr, generator.integers(32, 127, 300))) for _ in range(64)]
    signs = np.array([list(text.encode()) for text in texts])
    hardness = float(np.quantile(-TABLE[signs[:, :-1], signs[:, 1:]], 0.98))
    model = load(save_looking_ahead(tmp_path, TABLE, hardness=hardness))

    with pytest.raises(NotCausal):
        model.predict(texts)


def test_the_cut_falls_where_looking_ahead_would_pay() -> None:
    model = OnnxLanguageModel(None, context=None)  # type: ignore[arg-type]
    gains = np.full(200, -1.0)
    gains[150] = 8.0
    cuts = [model._cut(gains, first=101) for _ in range(300)]

    assert all(cut is not None and 101 <= cut < 200 for cut in cuts)
    # The target at place 150 is the input at place 151. By chance alone it were three of 300.
    assert cuts.count(151) > 100
    assert model._cut(np.array([3.0]), first=1) is None


def test_pairs_expect_what_is_frequent() -> None:
    expected = pair_nats([np.frombuffer(b"\0abababac", dtype=np.uint8).astype(np.int64)])

    np.testing.assert_allclose(np.exp(-expected).sum(axis=1), 1)
    assert expected[ord("a"), ord("b")] < expected[ord("a"), ord("c")] < expected[ord("a"), 0]


def test_the_exact_length_of_a_document_is_no_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    widths = set()
    run = OnnxModel.predict

    def noting(model: OnnxModel, inputs: np.ndarray) -> object:
        widths.add(inputs.shape)
        return run(model, inputs)

    monkeypatch.setattr(OnnxModel, "predict", noting)
    load(save_bigrams(tmp_path, TABLE)).predict(["a", "b" * 200, "c" * (WIDTHS + 1)])

    assert widths == {(1, WIDTHS), (1, 2 * WIDTHS)}


def graph(folder: Path, source: str) -> Path:
    onnx.save(
        parser.parse_model(f'<ir_version: 9, opset_import: ["": 18]> {source}'),
        folder / "model.onnx",
    )
    return folder


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("float[n, t] x", "is given bytes"),
        ("int64[n] x", "is given bytes"),
        ("int8[n, t] x", "does not hold a byte"),
        ("int64[2, t] x", "batch size of 'x' is fixed at 2"),
        ("int64[n, 1] x", "fixed at 1; it has to lie in 2"),
        ("int64[n, 5000] x", "fixed at 5000"),
        ("int64[n, t] x, int64[n, t] y", "has 2 inputs"),
    ],
)
def test_other_inputs(tmp_path: Path, signature: str, message: str) -> None:
    folder = graph(tmp_path, f"m ({signature}) => (float[] z) {{ z = Cast<to = 1>(x) }}")

    with pytest.raises(LoadError, match=message):
        load(folder)


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("z = Cast<to = 1>(x)", ModelError, r"\[1, 256, 256\] in floating point. It answered z"),
        (
            f"{TILED} zero = Sub(t, t) z = Div(zero, zero)",
            ModelError,
            "NaN",
        ),
        (
            f"{TILED} z = RandomNormalLike(t)",
            NotCausal,
            "not on chance",
        ),
    ],
    ids=["another shape", "NaN", "chance"],
)
def test_other_answers(tmp_path: Path, body: str, error: type[ModelError], message: str) -> None:
    model = load(graph(tmp_path, f"m (int64[n, t] x) => (float[] z) {{ {body} }}"))

    with pytest.raises(error, match=message):
        model.predict(["some text"])


def test_arrays_are_no_text(bigrams: Model) -> None:
    with pytest.raises(ModelError, match="takes texts"):
        bigrams.predict(np.zeros((1, 2), dtype=np.float32))
