"""Commands as lines of JSON. Written by the host, so they are trusted, yet still checked."""

import dataclasses
import json

from evaluator.harness.protocol import COMMANDS, Command, ProtocolError


def encode_command(command: Command) -> bytes:
    """One line of JSON, newline included."""
    name = next(name for name, kind in COMMANDS.items() if isinstance(command, kind))
    fields = dataclasses.asdict(command)
    if "run" in fields:
        fields["run"] = fields["run"].hex()
    return json.dumps({"command": name, **fields}).encode() + b"\n"


def decode_command(line: bytes) -> Command:
    """The command on a line. Raises `ProtocolError` if it is none."""
    try:
        fields = json.loads(line)
        kind = COMMANDS[fields.pop("command")]
        if "run" in fields:
            fields["run"] = bytes.fromhex(fields["run"])
        return kind(**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(f"no command: {error}") from error
