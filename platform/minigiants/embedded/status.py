"""The command `status`: the health of each part, for people and for programs."""

import json
import sys
from typing import Any

from minigiants.embedded import platform_status
from minigiants.embedded.credentials import load_or_create
from minigiants.embedded.environments import Addresses, platform_environment
from minigiants.embedded.errors import EmbeddedError
from minigiants.embedded.home import Home, ServerState
from minigiants.embedded.postgres import APP_ROLE, DATABASE, connection_url
from minigiants.embedded.redis import broker_url


def report(home: Home, *, as_json: bool) -> bool:
    """Print how the server of this home is. Returns whether all of it is well."""
    status = gather(home)
    out = json.dumps(status, indent=2) if as_json else _table(status)
    sys.stdout.write(out + "\n")
    return bool(status["healthy"])


def gather(home: Home) -> dict[str, Any]:
    """The same as data: `running`, `healthy`, `phase`, `address`, `parts`, `platform`.

    `parts` says what each process is doing, `platform` is the platform's own answer: database,
    broker, queues, and the workers that are present with the strength of their sandbox.
    """
    state = home.read_state() if home.is_held() else None
    if state is None:
        return {"running": False, "healthy": False, "home": str(home.folder)}
    status: dict[str, Any] = {
        "running": True,
        "healthy": False,
        "home": str(home.folder),
        "phase": state.phase,
        "address": state.address,
        "pid": state.pid,
        "parts": state.parts,
        "platform": None,
    }
    if state.phase == "stopping":
        return status
    try:
        status["platform"] = _ask(home, state)
    except EmbeddedError as error:
        status["problem"] = str(error)
        return status
    parts_run = all(condition == "running" for condition in state.parts.values())
    status["healthy"] = (
        state.phase == "ready" and parts_run and bool(status["platform"].get("healthy"))
    )
    return status


def _ask(home: Home, state: ServerState) -> dict[str, Any]:
    credentials = load_or_create(home.secrets)
    broker = broker_url("platform", credentials.redis_platform, state.redis_port)
    addresses = Addresses(
        web=state.address,
        database=connection_url(APP_ROLE, credentials.postgres_app, DATABASE, state.sockets),
        broker_platform=broker,
        broker_predict="",
        broker_score="",
    )
    return platform_status.ask(platform_environment(home, credentials, addresses), home.folder)


def _table(status: dict[str, Any]) -> str:
    if not status["running"]:
        return f"No server runs on the home {status['home']}. Start one: minigiants server up"
    verdict = "healthy" if status["healthy"] else f"NOT healthy ({status['phase']})"
    lines = [f"{status['address']}  {verdict}", f"home       {status['home']}"]
    lines += [f"{name:<10} {condition}" for name, condition in status["parts"].items()]
    platform = status["platform"] or {}
    for queue, length in platform.get("queues", {}).items():
        lines.append(f"queue      {queue}: {length} waiting")
    for worker in platform.get("workers", []):
        sandbox = f", sandbox: {worker['strength']}" if worker.get("strength") else ""
        machine = (
            f", {worker['cpus']:g} CPUs, {worker['memory_bytes'] / 1024**3:.1f} GiB"
            if worker["memory_bytes"]
            else ""
        )
        who = f"{worker['role']}.{worker['profile']}"
        lines.append(f"worker     {worker['name']} ({who}{sandbox}{machine})")
        if worker["hindrance"]:
            lines.append(f"           takes no work: {worker['hindrance']}")
    if "problem" in status:
        lines.append(f"problem    {status['problem']}")
    return "\n".join(lines)
