"""ROUGE-N and ROUGE-L as F1 (Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries").

Words are runs of letters and digits, in lower case and unstemmed: on English text those of
Google's `rouge_score`, whose numbers are the ones that papers print.
"""

import re
from typing import Final

from evaluator.scoring.ngrams import f_score, ngrams

_WORD: Final = re.compile(r"[^\W_]+")


def rouge_n(answer: str, reference: str, n: int) -> float:
    """The F1 of the n-grams of words that answer and reference share, from 0 to 1."""
    given, due = ngrams(_words(answer), n), ngrams(_words(reference), n)
    return _f1((given & due).total(), given.total(), due.total())


def rouge_l(answer: str, reference: str) -> float:
    """The F1 of the longest common subsequence of words, from 0 to 1."""
    given, due = _words(answer), _words(reference)
    return _f1(_longest_common_subsequence(given, due), len(given), len(due))


def _f1(shared: int, given: int, due: int) -> float:
    return f_score(shared / given, shared / due, beta=1) if shared else 0.0


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _longest_common_subsequence(one: list[str], other: list[str]) -> int:
    """Its length, by bit-parallel dynamic programming (Hyyrö 2004).

    The usual table has a cell for each pair of words; hostile answers are long. Here a row of it
    is one integer, of which a clear bit i says that the length grows at word i of `other`.
    """
    places: dict[str, int] = {}
    for place, word in enumerate(other):
        places[word] = places.get(word, 0) | 1 << place
    everywhere = (1 << len(other)) - 1
    row = everywhere
    for word in one:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & everywhere
    return len(other) - row.bit_count()
