"""What people and programs read: results on standard output, all else on standard error.

Colour comes only where a terminal is; NO_COLOR turns it off there too.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, Any, ParamSpec

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from client.errors import EXIT_ERROR, MinigiantsError

P = ParamSpec("P")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Slug = Annotated[str, typer.Option("--competition", "-c", help="The competition's slug.")]

INTERRUPTED = 130


def out() -> Console:
    """Standard output. Made afresh, so that it is whatever standard output is now."""
    return Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """A line of result."""
    out().print(text, markup=False)


def note(text: str) -> None:
    """A line for the person alone."""
    err().print(text, style="dim", markup=False)


def show_json(document: Any) -> None:
    """A result for programs: one document."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "") -> None:
    """A table. Numbers stand on the right."""
    grid = Table(title=title or None, box=None, title_justify="left", pad_edge=False)
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        grid.add_column(column, justify="right" if numeric else "left", style=None)
    for row in rows:
        grid.add_row(*(escape(_cell(value)) for value in row))
    out().print(grid)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def command(app: typer.Typer, name: str) -> Callable[[Callable[P, int | None]], Callable[P, None]]:
    """Register a command. What it returns is the exit code; errors become two or three lines."""

    def decorate(function: Callable[P, int | None]) -> Callable[P, None]:
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                code = function(*args, **kwargs)
            except MinigiantsError as error:
                if kwargs.get("as_json"):
                    show_json({"error": error.as_dict()})
                complain(error)
                raise typer.Exit(error.exit_code) from None
            except KeyboardInterrupt:
                raise typer.Exit(INTERRUPTED) from None
            if code:
                raise typer.Exit(code)

        app.command(name)(run)
        return run

    return decorate


def complain(error: MinigiantsError) -> None:
    """What happened and how to mend it, with the code, and where to read more."""
    console = err()
    console.print(f"[bold red]Error[/] {escape(error.what)} [dim]\\[{escape(error.code)}][/]")
    console.print(f"  → {escape(error.mend)}")
    if error.link:
        console.print(f"  See {escape(error.link)}", style="dim")


@contextmanager
def progress_bar(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar for bytes, drawn only on a terminal."""
    console = err()
    columns = (
        TextColumn(label),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(label, total=total)
        yield lambda count: progress.advance(task, count)


def missing_part(what: str, extra: str) -> MinigiantsError:
    """A part of Minigiants that is not installed here."""
    return MinigiantsError(
        f"{what} is not installed here.",
        mend=f"Install it: pip install 'minigiants[{extra}]'",
        code="part_missing",
        exit_code=EXIT_ERROR,
    )
