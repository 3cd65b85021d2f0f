"""Logs as one JSON object a line, whoever writes them: Django, libraries or our own code."""

import structlog

SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
"""What every record gets. Tracebacks are plain: with the values of variables, as structlog prints
them unless it is told otherwise, they would hold passwords and tokens."""

remove_internals = structlog.stdlib.ProcessorFormatter.remove_processors_meta
render = structlog.processors.JSONRenderer()


def configure() -> None:
    """Hand structlog's records to the standard library's logging, which LOGGING sets up."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
