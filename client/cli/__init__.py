"""The command line `minigiants`."""

import typer

from client.cli import account, boards, competitions, local, programs, submissions

app = typer.Typer(
    name="minigiants",
    help="Hand in small models, and watch them climb.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (account, competitions, local, submissions, boards, programs):
    group.register(app)
