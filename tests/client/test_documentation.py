"""docs/cli.md tells every command, and the recipes name only what exists."""

import re
from pathlib import Path

import typer
from typer.core import TyperGroup

from client.cli import app

GROUPS = {"server", "worker", "host"}
DOCS = Path(__file__).resolve().parents[2] / "docs"


def _commands() -> TyperGroup:
    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    return command


def test_every_command_is_in_the_table() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `minigiants (\w+)", text, re.MULTILINE))
    assert listed == set(_commands().commands)


def test_every_option_is_in_the_table() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    listed = {
        (verb, option)
        for options, of in re.findall(r"^\| ((?:`-[^|]+)) \| ([^|]+) \|", text, re.MULTILINE)
        for option in re.findall(r"`(-[a-z-]+)`", options)
        for verb in re.findall(r"`([a-z]+)`", of)
    }
    offered = {
        (verb, option)
        for verb, command in _commands().commands.items()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("-") and option not in {"--json", "--help", "-h"}
    }
    assert listed - {("server", "--json"), ("worker", "--json")} == offered


def test_documented_options_exist() -> None:
    commands = _commands().commands
    for name in ("cli.md", "ci.md"):
        text = re.sub(r"\$\([^)]*\)", "", (DOCS / name).read_text(encoding="utf-8"))
        for line in re.findall(r"minigiants (\w+[^`\n|]*)", text):
            verb, *rest = line.split()
            if verb not in commands or verb in GROUPS:
                continue
            known = {option for p in commands[verb].params for option in p.opts}
            used = {word.strip("[]") for word in rest if word.strip("[]").startswith("-")}
            assert used <= known | {"--help"}, line


def test_every_command_has_json() -> None:
    for name, command in _commands().commands.items():
        if name not in GROUPS:
            assert "--json" in {option for p in command.params for option in p.opts}, name


def test_every_command_for_hosts_is_documented_and_has_json() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    group = _commands().commands["host"]
    assert isinstance(group, TyperGroup)
    documented = dict(re.findall(r"^\| `host (\w+)([^`]*)`", text, re.MULTILINE))
    assert set(documented) == set(group.commands)
    for name, command in group.commands.items():
        named = [[*each.opts, *each.secondary_opts] for each in command.params]
        options = {option for each in named for option in each if option.startswith("-")}
        assert "--json" in options, name
        assert set(re.findall(r"--?[a-z-]+", documented[name])) <= options, name
