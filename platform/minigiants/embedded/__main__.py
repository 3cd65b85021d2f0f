"""The command line of the embedded server: python -m minigiants.embedded up | down | status."""

import argparse
import sys
from pathlib import Path

from minigiants.embedded import remote, status
from minigiants.embedded.console import complain
from minigiants.embedded.errors import EmbeddedError
from minigiants.embedded.home import Home, default_home
from minigiants.embedded.supervisor import Supervisor

DEFAULT_PORT = 8000


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit status is 0 only when all is well."""
    options = _parser().parse_args(arguments)
    home = Home(options.home or default_home())
    try:
        if options.command == "up" and options.detach:
            remote.start(home, options.port, options.competitions)
        elif options.command == "up":
            Supervisor(home, options.port, options.competitions).run()
        elif options.command == "down":
            remote.stop(home)
        else:
            return 0 if status.report(home, as_json=options.json) else 1
    except EmbeddedError as error:
        complain(error)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minigiants server", description="Run all of Minigiants on this machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--home", type=Path, metavar="DIR", help=f"where all data is kept ({default_home()})"
    )
    up = commands.add_parser("up", parents=[shared], help="start the server; Ctrl-C stops it")
    up.add_argument("--port", type=_port, default=DEFAULT_PORT, help="port of the web pages (8000)")
    up.add_argument(
        "--detach", action="store_true", help="return when it is ready, and leave it running"
    )
    up.add_argument(
        "--competitions",
        nargs="+",
        default=(),
        metavar="SLUG",
        help="seed these packs alone (all); what is served already stays",
    )
    commands.add_parser("down", parents=[shared], help="stop the server")
    state = commands.add_parser("status", parents=[shared], help="show the health of each part")
    state.add_argument("--json", action="store_true", help="print it for programs")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port


if __name__ == "__main__":
    sys.exit(main())
