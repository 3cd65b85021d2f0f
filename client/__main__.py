"""`python -m client`: the command line without its installed script."""

from client.cli import app

app(prog_name="minigiants")
