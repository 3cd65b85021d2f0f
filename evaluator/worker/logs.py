"""The worker's log: one JSON object a line, the evaluation's id on each line about one."""

import logging
import re
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

_ARGUMENTS: Final = re.compile(r"\('([0-9a-f-]{36})', (\d+)\)")
"""A message's arguments as Celery writes them into its own lines."""


def configure_logging(level: int = logging.INFO) -> None:
    """Send this program's and all libraries' records to standard error as JSON."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), _name_evaluation, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # It writes each URL it calls, and a signed URL is a secret.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _name_evaluation(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Give Celery's lines about a message the evaluation and the attempt that it names."""
    told = line.get("data")
    found = _ARGUMENTS.fullmatch(str(told.get("args"))) if isinstance(told, dict) else None
    if found is not None:
        line["evaluation"], line["attempt"] = found[1], int(found[2])
    return line
