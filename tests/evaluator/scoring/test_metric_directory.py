"""The contract's table of metrics and the implementations say the same."""

from evaluator.metrics import METRICS
from evaluator.scoring.score import IMPLEMENTATIONS
from evaluator.tasks import TASK_TYPES


def test_every_metric_is_implemented_and_no_other() -> None:
    assert set(METRICS) == set(IMPLEMENTATIONS)


def test_the_table_says_which_metrics_decompose() -> None:
    decomposing = {name for name, metric in IMPLEMENTATIONS.items() if metric.losses}
    assert decomposing == {name for name, info in METRICS.items() if info.decomposes}


def test_every_metric_is_keyed_by_its_own_name_and_fits_a_task() -> None:
    for name, info in METRICS.items():
        assert info.name == name
        assert info.tasks
        assert info.tasks <= set(TASK_TYPES)
