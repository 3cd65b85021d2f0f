"""Before handing in: the platform's own inspection and its own scoring, on this machine."""

from pathlib import Path
from typing import Annotated, Any

import typer

from client.checking import check_files, refused_by_limits
from client.cli.output import Json, Slug, command, note, say, show_json, table
from client.errors import EXIT_FAILED, EXIT_REJECTED
from client.local import local_files
from client.practice import practise
from client.sdk import Minigiants

Model = Annotated[Path, typer.Argument(metavar="PATH", help="The model's folder, or its one file.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "check")(check)
    command(app, "score")(score)


def check(*, path: Model, competition: Slug, as_json: Json = False) -> int:
    """Inspect a model as the platform would, without sending it."""
    files = local_files(path)
    with Minigiants() as server:
        limits = server.limits(competition)
    refused_by_limits(files, limits)
    document = check_files(files, limits)
    if as_json:
        show_json(document)
    else:
        show_inspection(document)
    return 0 if document["accepted"] else EXIT_REJECTED


def show_inspection(document: dict[str, Any]) -> None:
    """A verdict: the gauges of all divisions, or why the model is refused."""
    for refusal in document["refusals"]:
        where = f"{refusal['path']}: " if refusal["path"] else ""
        say(f"Refused: {where}{refusal['what']} [{refusal['code']}]")
        say(f"  {refusal['why']}")
        say(f"  → {refusal['mend']}")
    for gauge in document["gauges"]:
        table(
            ("", "used", "cap", ""),
            [
                (row["quantity"], row["used"], row["cap"], "fits" if row["fits"] else "too much")
                for row in gauge["rows"]
            ],
            title=gauge["division"]["title"],
        )
    if document["workload"]:
        workload = document["workload"]
        say(
            f"Active parameters: {workload['active_parameters']:,}. "
            f"FLOPs per {workload['unit']}: {workload['flops']:,}."
        )
    if document["division"]:
        say(f"Accepted. Division: {document['division']['title']}.")


def score(
    *,
    path: Model,
    competition: Slug,
    inputs: Annotated[
        Path | None, typer.Option(help="Inputs (.npy, .jsonl); default: the public ones.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Their labels (.csv); default: the public ones.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the public data; default: ./SLUG")
    ] = None,
    as_json: Json = False,
) -> int:
    """Run a model with the platform's own harness, and score it on data that you have."""
    with Minigiants() as server:
        result = practise(
            server,
            path,
            competition,
            inputs=inputs,
            labels=labels,
            folder=data or Path(competition),
        )
    if as_json:
        show_json(result)
    elif result["failure"]:
        say(f"Failed: {result['detail']} [{result['failure']}]")
    else:
        table(("metric", "score"), [(s["title"], s["shown"]) for s in result["scores"]])
        note(
            f"{result['examples']} examples of {result['inputs']}. "
            "The hidden test set is another; on training data scores are too good."
        )
    if result["log"] and not as_json:
        note(result["log"])
    return EXIT_FAILED if result["failure"] else 0
