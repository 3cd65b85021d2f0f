"""The command line `minigiants`."""

import typer

from client.cli import account, boards, competitions, host, local, programs, submissions
from client.errors import EXIT_USAGE

# To scripts 2 means that a model was rejected, so a mistyped option must end with another code.
# BadParameter's base is click's UsageError, wherever this Typer keeps its click.
typer.BadParameter.__base__.exit_code = EXIT_USAGE  # type: ignore[union-attr]

app = typer.Typer(
    name="minigiants",
    help="Hand in small models, and watch them climb.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (account, competitions, local, submissions, boards, host, programs):
    group.register(app)
