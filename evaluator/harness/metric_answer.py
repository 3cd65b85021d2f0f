"""What goes into a metric's sandbox and what comes out of it.

Imported on both sides, standard library only. The sandbox is handed four read-only files. Its
answer on standard output is one JSON object on one line of at most `LINE_BYTES` bytes, followed,
where the object counts losses, by as many float64 numbers, little-endian, and by nothing else:

    {"kind": "score", "score": 0.25, "losses": 3}      then 24 bytes
    {"kind": "refused", "message": "…"}                metric.py raised ParticipantVisibleError
    {"kind": "failed", "message": "…"}                 any other failure, told to hosts
"""

from typing import Final

MODULE: Final = "evaluator.harness.metric"

CODE: Final = "metric.py"
SOLUTION: Final = "solution.csv"
SUBMISSION: Final = "submission.csv"
CALL: Final = "call.json"
"""A JSON object: `row_id_column_name`, a string, and `params`, an object."""

LINE_BYTES: Final = 16_384
LOSS_BYTES: Final = 8
MESSAGE_CHARACTERS: Final = 1000
"""The longest message of an exception; the rest is cut. Fits the line, escaped or not."""
