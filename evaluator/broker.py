"""How platform and workers share one Redis: queues, transport options and access rules.

Pure data that imports nothing heavy: the platform, the workers and whatever provisions Redis
read the same names here. Each queue is a world of its own: its worker's Redis user reaches the
keys of that queue and no others.

What stays possible for a stolen worker credential: to read, drop or invent messages on its own
queue. A message is only an evaluation's id and attempt, so none of that says or decides
anything; the claim over HTTP does.
"""

from typing import Any, Final

from evaluator.contract import Role

PREDICT_TASK: Final = "evaluator.predict"
SCORE_TASK: Final = "evaluator.score"

_CONSUMER_COMMANDS: Final = (
    # a connection's own affairs
    "+auth",
    "+hello",
    "+ping",
    "+select",
    "+client|setname",
    # taking from the queue, and putting back what was taken and not begun
    "+brpop",
    "+rpop",
    "+lpush",
    "+rpush",
    "+llen",
    "+exists",
    # the queue's binding
    "+sadd",
    "+smembers",
    "+multi",
    "+exec",
    "+discard",
)
"""What Celery's consumer uses. No scripts: one that loops would stop Redis for everybody."""


def queue_name(role: Role, profile: str) -> str:
    """The queue that a worker of this role and profile consumes.

    Score workers need no particular hardware, so they share one queue.
    """
    return "score" if role is Role.SCORE else f"predict.{profile}"


def task_name(role: Role) -> str:
    """The Celery task that this role's messages name. Its arguments: evaluation id, attempt."""
    return SCORE_TASK if role is Role.SCORE else PREDICT_TASK


def transport_options() -> dict[str, Any]:
    """Celery's `broker_transport_options` for a worker.

    Celery's bookkeeping of unacknowledged messages is off: the platform sends out again what
    nobody claimed, and the bookkeeping needs scripts, which a worker's user must not run.
    """
    return {"ack_emulation": False, "priority_steps": [0]}


def acl_rules(role: Role, profile: str) -> list[str]:
    """The rules of a worker's Redis user, for `ACL SETUSER <name> reset on ><password> …`.

    No channels, so no fan-out to other workers; only the keys of the one queue; and of the
    commands those that consuming needs. Needs Redis 6.2 or later.
    """
    queue = queue_name(role, profile)
    keys = (queue, f"_kombu.binding.{queue}", f"_kombu.binding_permanent.{queue}")
    return ["resetchannels", *(f"~{key}" for key in keys), "-@all", *_CONSUMER_COMMANDS]


def platform_acl_rules() -> list[str]:
    """The rules of the platform's own Redis user: all keys, nothing that administers Redis."""
    return ["~*", "allchannels", "+@all", "-@admin", "-@dangerous", "+info"]
