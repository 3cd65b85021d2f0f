"""Leaderboards."""

from typing import Annotated

import typer

from client.cli.competitions import Named
from client.cli.output import Json, command, note, show_json, table
from client.sdk import Minigiants


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "leaderboard")(leaderboard)


def leaderboard(
    *,
    slug: Named,
    division: Annotated[str | None, typer.Option(help="Only this division.")] = None,
    phase: Annotated[str | None, typer.Option(help="Default: the present phase.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Rows a division.")] = 20,
    as_json: Json = False,
) -> None:
    """Show the public boards."""
    with Minigiants() as server:
        answer = server.leaderboard(slug, phase=phase, division=division, limit=limit)
    if as_json:
        show_json(answer)
        return
    for board in answer["boards"]:
        title = board["division"]["title"]
        if not board["rows"]:
            note(f"{title}: nobody yet")
            continue
        table(
            ("rank", "team", answer["metric"]["title"], "parameters", "bytes", "entries"),
            [
                (
                    row["rank"],
                    row["team"] + (" (baseline)" if row["baseline"] else ""),
                    row["score_shown"],
                    row["parameters"],
                    row["artifact_bytes"],
                    row["entries"],
                )
                for row in board["rows"]
            ],
            title=title,
        )
