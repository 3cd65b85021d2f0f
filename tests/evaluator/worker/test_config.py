"""The environment that configures a worker."""

from typing import Any

import pytest

from evaluator.contract import Role
from evaluator.worker.config import VARIABLES, ConfigurationError, WorkerConfig

GOOD = {
    "MINIGIANTS_WORKER_ROLE": "predict",
    "MINIGIANTS_WORKER_KEY": "a-secret-key-of-a-worker",
    "MINIGIANTS_WORKER_CACHE": "/var/cache/worker",
    "MINIGIANTS_WORKER_SCRATCH": "/var/scratch/worker",
    "MINIGIANTS_PLATFORM_URL": "https://minigiants.example/",
    "MINIGIANTS_BROKER_URL": "redis://user:a-secret-password@redis/0",
}


def test_the_least_that_configures_a_worker() -> None:
    config = WorkerConfig.from_environment({**GOOD, "MINIGIANTS_WORKER_NAME": "", "OTHER": "1"})
    assert config.role is Role.PREDICT
    assert config.queue == "predict.cpu"
    assert config.platform_url == "https://minigiants.example"
    assert config.name.endswith("-predict.cpu")


def test_every_setting_has_a_variable() -> None:
    assert set(VARIABLES) == set(WorkerConfig.model_fields)


def test_no_secret_is_shown() -> None:
    config = WorkerConfig.from_environment(GOOD)
    assert "a-secret" not in repr(config)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"MINIGIANTS_WORKER_ROLE": ""}, "MINIGIANTS_WORKER_ROLE: Field required"),
        ({"MINIGIANTS_WORKER_ROLE": "judge"}, "'predict' or 'score'"),
        ({"MINIGIANTS_WORKER_PROFILE": "CPU *"}, "MINIGIANTS_WORKER_PROFILE"),
        ({"MINIGIANTS_WORKER_KEY": "a-secret"}, "MINIGIANTS_WORKER_KEY"),
        ({"MINIGIANTS_WORKER_SLOTS": "0"}, "MINIGIANTS_WORKER_SLOTS"),
        ({"MINIGIANTS_WORKER_POOL": "-1"}, "MINIGIANTS_WORKER_POOL"),
        ({"MINIGIANTS_WORKER_FORK_SERVERS": "0"}, "MINIGIANTS_WORKER_FORK_SERVERS"),
        ({"MINIGIANTS_WORKER_CACHE": "cache"}, "absolute path"),
        ({"MINIGIANTS_WORKER_CACHE": "/var/scratch/worker"}, "different folders"),
        ({"MINIGIANTS_PLATFORM_URL": "minigiants.example"}, "http:// or https://"),
        ({"MINIGIANTS_BROKER_URL": "amqp://a-secret-password@host"}, "MINIGIANTS_BROKER_URL"),
    ],
)
def test_what_is_wrong_is_named_and_no_value_repeated(changed: dict[str, str], says: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        WorkerConfig.from_environment({**GOOD, **changed})
    assert says in str(caught.value)
    assert "a-secret" not in str(caught.value)


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        WorkerConfig.from_environment({})
    for variable in GOOD:
        assert variable in str(caught.value)
