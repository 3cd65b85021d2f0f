"""From predictions and labels to scores: metrics, and the losses behind them.

Pure functions over arrays. A new metric is an implementation here and a line in
`evaluator.metrics.METRICS`, from which the web application knows its name and direction.
"""

from evaluator.scoring.score import ScoreOutcome, Scorer, ScoringFailed, score

__all__ = ["ScoreOutcome", "Scorer", "ScoringFailed", "score"]
