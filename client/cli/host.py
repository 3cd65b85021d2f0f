"""`minigiants host`: packs, from the first file to a rescore."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import typer

from client.cli.output import Json, Slug, command, note, say, show_json, table
from client.errors import EXIT_FAILED, EXIT_REJECTED, ApiProblem, MinigiantsError
from client.pack_building import (
    archive_unpack,
    archive_write,
    built,
    pack_begin,
    require_pack,
    template_names,
)
from client.rehearsal import Rehearsed, rehearse_all
from client.sdk import Minigiants

Pack = Annotated[Path, typer.Argument(metavar="PACK", help="The pack's folder.")]
POLL_SECONDS: Final = 2.0

app = typer.Typer(
    name="host",
    help="Define and run competitions.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(parent: typer.Typer) -> None:
    """Add the commands of this module."""
    for name, function in (
        ("init", init),
        ("validate", validate),
        ("preview", preview),
        ("publish", publish),
        ("unpublish", unpublish),
        ("rescore", rescore),
        ("export", export),
    ):
        command(app, name)(function)
    parent.add_typer(app, name="host")


def init(
    *,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="Its address on the site.")],
    task: Annotated[
        str, typer.Option("--task", "-t", help=f"One of {', '.join(template_names())}.")
    ] = "classification",
    folder: Annotated[Path, typer.Option("--in", help="Where the pack's folder is made.")] = Path(),
    as_json: Json = False,
) -> None:
    """Begin a pack from a template, with data, a baseline and pages to replace."""
    made = pack_begin(slug, task, folder)
    if as_json:
        show_json({"folder": str(made), "task": task})
        return
    say(str(made))
    note(f"Replace what is in it by yours, then: minigiants host validate {made}")


@contextmanager
def _archived(pack: Path) -> Iterator[tuple[Path, Path, Path]]:
    """The pack's folder, its built data, and both as an archive."""
    folder = require_pack(pack)
    note("Building the data …")
    with built(folder) as data, TemporaryDirectory(prefix="minigiants-pack-") as name:
        archive = Path(name) / "pack.zip"
        archive_write(folder, data, archive)
        yield folder, data, archive


@dataclass(frozen=True)
class _Validated:
    """A pack whose archive the server has found right, and how its baselines did."""

    slug: str
    archive: Path
    report: dict[str, Any]
    baselines: list[Rehearsed]


@contextmanager
def _validated(server: Minigiants, pack: Path) -> Iterator[_Validated]:
    """Build, check and rehearse. What is published later is the very archive that was checked."""
    with _archived(pack) as (folder, data, archive), _faults_line_by_line():
        note("Checking it on the server …")
        report = server.pack_check(folder.name, archive)
        note("Running the baselines …")
        baselines = list(rehearse_all(folder, data, report, archive.parent))
        yield _Validated(folder.name, archive, report, baselines)


@contextmanager
def _faults_line_by_line() -> Iterator[None]:
    """Let the faults of a refused pack stand on lines of their own."""
    try:
        yield
    except ApiProblem as problem:
        if problem.code != "pack_refused":
            raise
        raise MinigiantsError(
            f"The pack can't be published.\n{problem.document.get('detail', '')}",
            mend="Mend what is listed. What was published before goes on serving.",
            code=problem.code,
            exit_code=EXIT_REJECTED,
        ) from problem


def validate(*, pack: Pack, as_json: Json = False) -> int:
    """Build the data, have the server check the pack, and run its baselines on this machine."""
    with Minigiants() as server, _validated(server, pack) as found:
        report, rehearsed = found.report, found.baselines
    if as_json:
        show_json(
            {
                **{k: v for k, v in report.items() if k not in {"specification", "usages"}},
                "baselines": [vars(each) for each in rehearsed],
            }
        )
    else:
        _show(report, rehearsed)
    return EXIT_REJECTED if any(each.fault for each in rehearsed) else 0


def _show(report: dict[str, Any], rehearsed: list[Rehearsed]) -> None:
    rows = f"{report['public_rows']} public and {report['private_rows']} private rows"
    say(f"{report['title']}: {rows}")
    table(
        ("baseline", "division", "announced", "score", ""),
        [
            (each.title, each.division, each.announced, each.score, each.fault or "as announced")
            for each in rehearsed
        ],
    )
    for warning in report["warnings"]:
        line = "" if warning["line"] is None else f":{warning['line']}"
        place = f"{warning['file']}{line}"
        note(f"Warning: {place}: {warning['message']}")
    for each in rehearsed:
        if each.fault:
            say(f"competition.yaml:{each.line}: {each.folder}: {each.fault}")


def preview(*, pack: Pack, as_json: Json = False) -> None:
    """Show what participants would be told, without publishing anything."""
    with (
        _archived(pack) as (folder, _, archive),
        Minigiants() as server,
        _faults_line_by_line(),
    ):
        report = server.pack_check(folder.name, archive)
    specification = report["specification"]
    if as_json:
        show_json(specification)
        return
    say(f"{specification['title']}\n{specification['tagline']}")
    table(
        ("phase", "opens", "closes", "a day"),
        [
            (phase["title"], phase["opens"], phase["closes"], phase["quota"]["per_day"])
            for phase in specification["phases"]
        ],
    )
    table(
        ("division", "parameters", "tensor bits", "side bytes", "bytes"),
        [
            (
                division["title"],
                division["budget"]["parameters"],
                division["budget"]["tensor_bits"],
                division["budget"]["side_bytes"],
                division["budget"]["artifact_bytes"],
            )
            for division in specification["divisions"]
        ],
    )
    say("Public: " + ", ".join(specification["data"]["public"]))
    say(f"Seen by: {specification['visibility']['audience']}")


def publish(
    *,
    pack: Pack,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Until it serves or is refused.")
    ] = True,
    as_json: Json = False,
) -> int:
    """Validate a pack and publish it: a new frozen version, or what is there already.

    Where a baseline's score may have changed, the server runs the baselines too before it serves.
    """
    with Minigiants() as server, _validated(server, pack) as found:
        wrong = [each for each in found.baselines if each.fault]
        if wrong:
            raise MinigiantsError(
                "\n".join(f"competition.yaml:{e.line}: {e.folder}: {e.fault}" for e in wrong),
                mend="A pack whose baselines don't score as announced is not published.",
                code="baseline_fails",
                exit_code=EXIT_REJECTED,
            )
        published = server.pack_publish(found.slug, found.archive)
        if "runs" in published:
            published = _tried(server, published, wait=wait)
            if published["state"] == "served":
                published["rescore"] = server.rescore_offer(found.slug)
                # Where it is seen now, as of a pack that serves at once.
                published["url"] = f"{server.url}/competitions/{found.slug}/"
    if as_json:
        show_json(published)
    elif "rescore" in published:
        _show_published(published)
    else:
        version, url = published["version"], published["url"]
        say(f"Version {version} serves once its baselines have scored on the server: {url}")
    return 0


def _tried(server: Minigiants, trial: dict[str, Any], *, wait: bool) -> dict[str, Any]:
    """The trial of a pack when it has ended, or as it is if nobody waits.

    Raises MinigiantsError where the pack does not serve.
    """
    told: dict[str, str] = {}
    while True:
        for run in trial["runs"]:
            if told.get(run["folder"]) != run["status"]:
                told[run["folder"]] = run["status"]
                note(f"On the server: {run['folder']}: {run['status']} {run['detail']}".strip())
        if trial["state"] != "running" or not wait:
            break
        time.sleep(POLL_SECONDS)
        trial = server.trial(trial["competition"], trial["id"])
    if trial["state"] in {"running", "served"}:
        return trial
    faults = [f"{fault['file']}:{fault['line']}: {fault['message']}" for fault in trial["faults"]]
    raise MinigiantsError(
        "\n".join([f"Version {trial['version']} is not published.", *faults])
        + (f" {trial['detail']}" if trial["detail"] else ""),
        mend=f"What was published before goes on serving. More is told at {trial['url']}",
        code="baseline_fails" if faults else f"trial_{trial['state']}",
        exit_code=EXIT_REJECTED if faults else EXIT_FAILED,
    )


def _show_published(published: dict[str, Any]) -> None:
    say(f"Version {published['version']} serves: {published['url']}")
    for baseline in published.get("baselines", []):
        note(f"{baseline['folder']}: {baseline['outcome']} {baseline['detail']}".strip())
    offer = published["rescore"]
    due = offer["rescored"] + offer["run_again"]
    if due:
        say(
            f"{due} scores follow earlier labels, metric or inputs. Rescore them: "
            f"minigiants host rescore -c {published['competition']} -m REASON"
        )


def unpublish(*, competition: Slug, as_json: Json = False) -> None:
    """Take a competition out of sight. Publishing brings it back."""
    with Minigiants() as server:
        answer = server.unpublish(competition)
    if as_json:
        show_json(answer)
    else:
        say(f"{competition} is out of sight.")


def rescore(
    *,
    competition: Slug,
    reason: Annotated[
        str, typer.Option("--reason", "-m", help="What was wrong; participants read it.")
    ] = "",
    cancel: Annotated[str, typer.Option("--cancel", help="Give the rescore with this id up.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Until the boards have changed.")] = False,
    as_json: Json = False,
) -> int:
    """Score all submissions again under the current version, or say what that would do."""
    with Minigiants() as server:
        if cancel:
            found = server.rescore_cancel(competition, cancel)
        elif not reason:
            offer = server.rescore_offer(competition)
            if as_json:
                show_json(offer)
            else:
                say(
                    f"Under version {offer['version']}: {offer['rescored']} scored again from "
                    f"stored predictions, {offer['run_again']} run again."
                )
            return 0
        else:
            found = server.rescore_start(competition, reason)
            while wait and found["state"] == "running":
                time.sleep(POLL_SECONDS)
                found = server.rescore(competition, found["id"])
    if as_json:
        show_json(found)
    else:
        done = f"{found['done']} of {found['submissions']} done"
        say(f"Rescore {found['id']}: {found['state']}, {done}")
        if found["detail"]:
            say(found["detail"])
        if found["table"]:
            table(
                ("board", "team", "rank before", "after", "score before", "after"),
                [
                    (
                        f"{row['division']}/{row['split']}",
                        row["team"],
                        row["rank_before"],
                        row["rank_after"],
                        row["score_before"],
                        row["score_after"],
                    )
                    for row in found["table"]
                ],
            )
    return EXIT_FAILED if found["state"] == "failed" else 0


def export(
    *,
    competition: Slug,
    folder: Annotated[Path, typer.Option("--in", help="Where its folder is made.")] = Path(),
    as_json: Json = False,
) -> None:
    """Fetch a competition's pack, with all that is hidden, as a folder to publish from."""
    target = folder / competition
    if target.exists():
        raise MinigiantsError(
            f"{target} is there already.", mend="Choose another folder: --in", code="pack_exists"
        )
    with Minigiants() as server, TemporaryDirectory(prefix="minigiants-export-") as name:
        archive = Path(name) / "pack.zip"
        server.pack_export(competition, archive)
        archive_unpack(archive, target)
    if as_json:
        show_json({"folder": str(target)})
    else:
        say(str(target))
