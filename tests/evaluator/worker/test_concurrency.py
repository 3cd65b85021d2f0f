"""How many jobs fit, and which GPU each gets."""

import os

import pytest

from evaluator.worker.concurrency import SLOT_MEMORY_BYTES, device_of_slot, fitting_slots
from evaluator.worker.config import ConfigurationError, WorkerConfig
from tests.evaluator.worker.test_config import GOOD

GIBIBYTE = 1024**3


@pytest.mark.parametrize(
    ("cores", "memory", "slots"),
    [
        pytest.param(2, 24 * GIBIBYTE, 2, id="as-many-as-cores"),
        pytest.param(64, 4 * SLOT_MEMORY_BYTES, 4, id="as-many-as-fit-the-memory"),
        pytest.param(4, GIBIBYTE, 1, id="one-at-least"),
    ],
)
def test_slots_fit_cores_and_memory(
    cores: int, memory: int, slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": memory // 4096}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    assert fitting_slots(None) == slots
    assert WorkerConfig.from_environment(GOOD).slots == slots
    assert WorkerConfig.from_environment({**GOOD, "MINIGIANTS_WORKER_SLOTS": "7"}).slots == 7


@pytest.mark.parametrize(
    ("gpu", "devices"),
    [
        pytest.param("0,1", ["0", "1"], id="one-model-a-device"),
        pytest.param("MIG-a,MIG-b,MIG-c", ["MIG-a", "MIG-b", "MIG-c"], id="one-model-a-slice"),
        pytest.param("all", ["all"], id="all-of-them-for-one"),
    ],
)
def test_each_named_gpu_is_a_slot(gpu: str, devices: list[str]) -> None:
    config = WorkerConfig.from_environment({**GOOD, "MINIGIANTS_WORKER_GPU": gpu})
    assert [device_of_slot(gpu, slot) for slot in range(config.slots)] == devices


@pytest.mark.parametrize(
    ("gpu", "slots", "says"),
    [
        pytest.param("0,1", "3", "more than the GPU devices", id="more-slots-than-devices"),
        pytest.param("all", "2", "'all' is one slot", id="all-for-two"),
        pytest.param("0,1,0", "", "MINIGIANTS_WORKER_GPU: Value error, must name each", id="twice"),
        pytest.param("0,", "", "must name each GPU device once", id="no-name"),
        pytest.param("0,all", "", "or be 'all' alone", id="one-and-all"),
    ],
)
def test_no_two_models_share_a_device(gpu: str, slots: str, says: str) -> None:
    environment = {**GOOD, "MINIGIANTS_WORKER_GPU": gpu, "MINIGIANTS_WORKER_SLOTS": slots}
    with pytest.raises(ConfigurationError, match=says):
        WorkerConfig.from_environment(environment)
