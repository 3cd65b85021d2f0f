"""`python -m evaluator.practice`: a `PracticeRequest` on standard input, its result on output."""

import sys

from evaluator.practice.messages import PracticeRequest
from evaluator.practice.program import answer
from evaluator.practice.scoring import practise

if __name__ == "__main__":
    sys.exit(answer(PracticeRequest, practise))
