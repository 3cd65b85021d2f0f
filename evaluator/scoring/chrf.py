"""chrF of a text: character n-gram F-score (Popović 2015, "chrF: character n-gram F-score").

As the paper's chrF2 and the default of sacreBLEU: n-grams of 1 to 6 characters, white space
removed, recall twice as important as precision.
"""

from typing import Final

from evaluator.scoring.ngrams import f_score, ngrams

LONGEST: Final = 6
BETA: Final = 2


def chrf(answer: str, reference: str) -> float:
    """The F-score of mean precision and mean recall, from 0 to 1.

    The means are over those lengths of n-grams for which neither text is too short.
    """
    answer, reference = "".join(answer.split()), "".join(reference.split())
    lengths = range(1, min(LONGEST, len(answer), len(reference)) + 1)
    if not lengths:
        return float(answer == reference)
    precision = recall = 0.0
    for n in lengths:
        given, due = ngrams(answer, n), ngrams(reference, n)
        shared = (given & due).total()
        precision += shared / given.total() / len(lengths)
        recall += shared / due.total() / len(lengths)
    return f_score(precision, recall, beta=BETA)
