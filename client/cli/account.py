"""Logging in and out."""

import os
import sys
from typing import Annotated

import typer

from client import config
from client.cli.output import Json, command, note, say, show_json
from client.errors import MinigiantsError, NotLoggedIn
from client.sdk import Minigiants


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command(app, "login")(login)
    command(app, "logout")(logout)
    command(app, "whoami")(whoami)


def login(
    *,
    url: Annotated[str | None, typer.Option(help="The server's address.")] = None,
    token: Annotated[
        str | None, typer.Option(help="The token; better piped in than typed here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Store a token from Settings → Tokens for this computer."""
    address = (url or config.server_url()).rstrip("/")
    secret = token or _asked(address)
    with Minigiants(address, secret) as server:
        me = server.me()
    config.remember(address, secret)
    if as_json:
        show_json({"url": address, "username": me.username})
    else:
        say(f"Logged in to {address} as {me.username}.")
        if os.environ.get(config.TOKEN_VARIABLE):
            note(f"{config.TOKEN_VARIABLE} is set and goes before what was stored now.")


def _asked(address: str) -> str:
    if not sys.stdin.isatty():
        secret = sys.stdin.readline().strip()
    else:
        note(f"Make a token at {address}/settings/tokens/ and paste it here; it is not shown.")
        secret = typer.prompt("Token", hide_input=True, err=True).strip()
    if not secret:
        raise MinigiantsError(
            "No token was given.",
            mend="Pipe it in (`… | minigiants login`) or set MINIGIANTS_TOKEN instead.",
            code="no_token",
        )
    return secret


def logout(*, as_json: Json = False) -> None:
    """Forget the token of the present server. It stays valid until it is revoked there."""
    address = config.server_url()
    known = config.forget(address)
    if as_json:
        show_json({"url": address, "forgotten": known})
    else:
        say(f"Forgot the token of {address}." if known else f"There was no token of {address}.")


def whoami(*, as_json: Json = False) -> None:
    """Show who the token belongs to."""
    with Minigiants() as server:
        if server.token is None:
            raise NotLoggedIn(server.url)
        me = server.me()
    if as_json:
        show_json({"url": server.url, **me.raw()})
    else:
        say(f"{me.username} at {server.url}")
