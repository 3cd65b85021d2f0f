"""Competitions, their rules and their data."""

from pathlib import Path
from typing import Annotated

import typer

from client.cli.output import Json, command, note, progress_bar, say, show_json, table
from client.sdk import Minigiants

Named = Annotated[str, typer.Argument(metavar="SLUG", help="The competition's slug.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "competitions")(competitions)
    command(app, "rules")(rules)
    command(app, "data")(data)


def competitions(*, as_json: Json = False) -> None:
    """List the competitions."""
    with Minigiants() as server:
        found = server.competitions()
    if as_json:
        show_json([competition.raw() for competition in found])
        return
    table(
        ("slug", "title", "metric", "closes", "teams"),
        [
            (c.slug, c.title, c.ranking_metric.title, c.closes.date().isoformat(), c.teams)
            for c in found
        ],
    )


def rules(
    *,
    slug: Named,
    accept: Annotated[bool, typer.Option("--accept", help="Accept the rules.")] = False,
    as_json: Json = False,
) -> None:
    """Say where the rules stand, or accept them."""
    with Minigiants() as server:
        competition = server.competition(slug)
        if accept:
            server.accept_rules(slug)
    accepted = accept or competition.rules_accepted
    if as_json:
        show_json({"competition": slug, "accepted": accepted, "url": f"{competition.url}rules/"})
    elif accept:
        say(f"You have accepted the rules of {competition.title}.")
    else:
        say(f"{competition.url}rules/")
        note(
            "You have accepted them."
            if accepted
            else f"Read them, then: minigiants rules {slug} --accept"
        )


def data(
    *,
    slug: Named,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; default: ./SLUG")
    ] = None,
    as_json: Json = False,
) -> None:
    """Download the public data and verify it. What is there already is not fetched again."""
    folder = output or Path(slug)
    with Minigiants() as server:
        files = server.data_files(slug)
        with progress_bar("Downloading", sum(file.size for file in files)) as advance:
            paths = [server.download(slug, file, folder, progress=advance) for file in files]
    if as_json:
        show_json({"folder": str(folder), "files": [str(path) for path in paths]})
    else:
        for path in paths:
            say(str(path))
