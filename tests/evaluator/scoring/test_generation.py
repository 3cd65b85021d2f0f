"""The metrics of generation against torchmetrics and sacreBLEU."""

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.text import rouge_score

from evaluator.scoring import score
from evaluator.scoring.chrf import chrf
from evaluator.scoring.rouge import rouge_l, rouge_n
from evaluator.tasks.labels import as_objects
from tests.evaluator.scoring.problems import (
    TEXTS,
    assert_losses_make_up_the_values,
    halves,
    specs,
    task_of,
)

# Few words and letters, so that much is shared.
WORDS = ["the", "cat", "sat", "on", "a", "Mat,", "and-it", "was", "42"]
PROSE = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
LETTERS = st.text(st.sampled_from("ab c\nñ猫"), max_size=30)


@settings(deadline=None, max_examples=60)
@given(answer=PROSE, reference=PROSE)
def test_rouge_is_torchmetrics(answer: str, reference: str) -> None:
    wanted = rouge_score(answer, reference, rouge_keys=("rouge1", "rouge2", "rougeL"))
    assert rouge_n(answer, reference, 1) == pytest.approx(float(wanted["rouge1_fmeasure"]))
    assert rouge_n(answer, reference, 2) == pytest.approx(float(wanted["rouge2_fmeasure"]))
    assert rouge_l(answer, reference) == pytest.approx(float(wanted["rougeL_fmeasure"]))


@settings(deadline=None, max_examples=100)
@given(answer=LETTERS, reference=LETTERS.filter(str.strip))
def test_chrf_is_sacrebleus(answer: str, reference: str) -> None:
    wanted = sacrebleu.sentence_chrf(answer, [reference]).score / 100
    assert chrf(answer, reference) == pytest.approx(wanted)


def test_words_of_every_script_count() -> None:
    assert rouge_n("ДОМ стоит", "дом стоит", 1) == 1.0


def test_long_answers_are_compared_in_no_time() -> None:
    words = [str(number % 97) for number in range(20_000)]
    assert rouge_l(" ".join(words), " ".join(words[5_000:])) == pytest.approx(6 / 7)


@pytest.mark.parametrize("name", ["exact_match", "rouge_1", "rouge_2", "rouge_l", "chrf"])
@settings(deadline=None, max_examples=15)
@given(texts=st.lists(st.tuples(PROSE, PROSE), min_size=2, max_size=8))
def test_losses_make_up_the_score(name: str, texts: list[tuple[str, str]]) -> None:
    task = task_of("generation", input=TEXTS, max_bytes=1000)
    labels = halves(as_objects([(reference,) for _, reference in texts]))
    outcome = score(task, as_objects([answer for answer, _ in texts]), labels, specs(name))
    assert_losses_make_up_the_values(outcome, labels)


def test_the_reference_that_suits_best_counts() -> None:
    task = task_of("generation", input=TEXTS, max_bytes=1000)
    truth = as_objects([("no", "yes"), ("no", "yes please")])
    answers = as_objects([" yes ", "yes"])
    values = score(task, answers, halves(truth), specs("exact_match", "rouge_1")).values
    np.testing.assert_allclose([value.value for value in values], [1, 0, 1, 2 / 3])
