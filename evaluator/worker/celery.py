"""What `celery -A evaluator.worker worker` loads: the application of the environment's worker."""

import os

from evaluator.worker.application import create_app
from evaluator.worker.config import ConfigurationError, WorkerConfig
from evaluator.worker.logs import configure_logging

__all__ = ["app"]

try:
    _config = WorkerConfig.from_environment(os.environ)
except ConfigurationError as error:
    raise SystemExit(str(error)) from None
configure_logging()
app = create_app(_config)
