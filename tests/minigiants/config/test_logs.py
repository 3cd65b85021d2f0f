"""What the platform's processes write to their logs."""

import json
import logging
from typing import Any

import pytest
import structlog
from django.conf import settings


def written(record: logging.LogRecord) -> dict[str, str]:
    formatters: Any = settings.LOGGING["formatters"]
    formatter_settings = formatters["json"]
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=formatter_settings["processors"],
        foreign_pre_chain=formatter_settings["foreign_pre_chain"],
    )
    line: dict[str, str] = json.loads(formatter.format(record))
    return line


class Collector(logging.Handler):
    """Keeps the records that reach the standard library."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.mark.parametrize("ours", [True, False], ids=["structlog", "logging"])
def test_a_traceback_is_one_json_line_without_the_values_of_variables(
    ours: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    collector = Collector()
    library = logging.getLogger("test.logs")
    library.addHandler(collector)
    try:
        token = "mg_a-very-secret-token"
        raise ValueError(f"refused, {len(token)} characters")
    except ValueError:
        (structlog.get_logger("test.logs") if ours else library).exception("it failed")
    finally:
        library.removeHandler(collector)
    (record,) = collector.records
    line = written(record)
    assert line["event"] == "it failed"
    assert line["level"] == "error"
    assert "ValueError: refused, 22 characters" in line["exception"]
    assert "mg_a-very-secret-token" not in line["exception"]
    assert capsys.readouterr().out == ""
