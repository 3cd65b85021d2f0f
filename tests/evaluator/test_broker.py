"""Redis itself holds a worker's user to its own queue."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
import redis
from redis.exceptions import NoPermissionError

from evaluator import broker
from evaluator.contract import Role

PREDICT = broker.queue_name(Role.PREDICT, "cpu")
Client = Any
kombu: Any = import_module("kombu")  # it has hints for half of its functions


@pytest.fixture
def server(redis_admin_url: str) -> Iterator["redis.Redis"]:
    """The suite's Redis, with a user for a predict worker, a score worker and a platform."""
    with redis.Redis.from_url(redis_admin_url, decode_responses=True) as admin:
        admin.flushdb()
        rules = {
            "test-predict": broker.acl_rules(Role.PREDICT, "cpu"),
            "test-score": broker.acl_rules(Role.SCORE, "cpu"),
            "test-platform": broker.platform_acl_rules(),
        }
        for user, own in rules.items():
            admin.execute_command("ACL", "SETUSER", user, "reset", "on", ">secret", *own)
        admin.acl_log_reset()
        yield admin
        for user in rules:
            admin.acl_deluser(user)
        admin.flushdb()


@pytest.fixture
def as_user(server: "redis.Redis") -> Iterator[Callable[[str], "redis.Redis"]]:
    """Connect to the same Redis as one of its users."""
    clients: list[redis.Redis] = []

    def connect(user: str) -> "redis.Redis":
        kwargs = server.connection_pool.connection_kwargs
        where: dict[str, Any] = {
            name: kwargs[name] for name in ("host", "port", "path", "db") if name in kwargs
        }
        if "path" in where:
            where["unix_socket_path"] = where.pop("path")
        clients.append(
            redis.Redis(**where, username=user, password="secret", decode_responses=True)
        )
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def url_of(admin_url: str, user: str) -> str:
    scheme, _, rest = admin_url.partition("://")
    scheme = "redis+socket" if scheme == "unix" else scheme
    return f"{scheme}://{user}:secret@{rest.rpartition('@')[2]}"


FOREIGN: dict[str, Callable[[Client], Any]] = {
    "consume scores": lambda client: client.brpop("score", 1),
    "forge a score message": lambda client: client.lpush("score", "{}"),
    "count the score queue": lambda client: client.llen("score"),
    "read all that was delivered": lambda client: client.hget("unacked", "tag"),
    "rebind the score queue": lambda client: client.sadd("_kombu.binding.score", "x"),
    "consume another profile": lambda client: client.brpop("predict.cpu-large", 1),
    "read a session": lambda client: client.get(":1:django.contrib.sessions"),
    "write any key": lambda client: client.set("anything", "x"),
    "list the keys": lambda client: client.keys("*"),
    "scan the keys": lambda client: client.scan(),
    "publish": lambda client: client.publish("/0.celery.pidbox", "{}"),
    "subscribe": lambda client: client.execute_command("SUBSCRIBE", "events"),
    "read the configuration": lambda client: client.config_get("*"),
    "flush": lambda client: client.flushdb(),
    "see other clients": lambda client: client.client_list(),
    "watch all commands": lambda client: client.execute_command("MONITOR"),
    "make a user": lambda client: client.acl_setuser("other", enabled=True),
    "move a message": lambda client: client.rpoplpush("predict.cpu", "score"),
    "copy its own key to another": lambda client: client.copy("predict.cpu", "anything"),
    "stop Redis by a script": lambda client: client.eval("while true do end", 0),
    "stop Redis by sleeping": lambda client: client.execute_command("DEBUG", "SLEEP", "1"),
}


@pytest.mark.parametrize("attempt", FOREIGN.values(), ids=FOREIGN)
def test_a_predict_worker_reaches_nothing_but_its_queue(
    as_user: Callable[[str], Client], attempt: Callable[[Client], Any]
) -> None:
    with pytest.raises(NoPermissionError):
        attempt(as_user("test-predict"))


STOPS_REDIS = {
    "subscribe",
    "watch all commands",
    "stop Redis by a script",
    "stop Redis by sleeping",
}
"""What would not come back, or would change the connection for good."""


@pytest.mark.parametrize("name", sorted(FOREIGN.keys() - STOPS_REDIS))
def test_without_rules_each_attempt_succeeds(server: Client, name: str) -> None:
    """The control of the test above: the same act of the user who may do everything."""
    server.rpush("score", "{}")
    server.rpush("predict.cpu", "{}")
    server.rpush("predict.cpu-large", "{}")

    FOREIGN[name](server)

    if name == "make a user":
        server.acl_deluser("other")


def test_the_platform_may_fill_every_queue(as_user: Callable[[str], Client]) -> None:
    client = as_user("test-platform")
    assert client.lpush("score", "{}") == 1
    assert client.llen("score") == 1
    assert as_user("test-score").brpop("score", 5) == ("score", "{}")


def test_the_platform_does_not_administer_redis(as_user: Callable[[str], Client]) -> None:
    client = as_user("test-platform")
    for attempt in (lambda: client.config_get("*"), lambda: client.acl_list(), client.flushall):
        with pytest.raises(NoPermissionError):
            attempt()


@pytest.mark.parametrize("role", list(Role))
def test_a_workers_user_may_do_all_that_consuming_takes(
    redis_admin_url: str, server: "redis.Redis", role: Role
) -> None:
    """Deliver, put back, acknowledge: by Celery's own transport."""
    name = broker.queue_name(role, "cpu")
    queue = kombu.Queue(name, kombu.Exchange(name, type="direct"), routing_key=name)
    platform, worker = (
        kombu.Connection(
            url_of(redis_admin_url, user), transport_options=broker.transport_options()
        )
        for user in ("test-platform", f"test-{role}")
    )
    with platform, worker:
        outgoing = platform.default_channel
        outgoing.basic_publish(outgoing.prepare_message("{}"), exchange="", routing_key=name)
        channel = worker.channel()
        bound = queue(channel)
        bound.declare()
        message = bound.get()
        assert message is not None
        message.requeue()
        assert server.llen(name) == 1
        again = bound.get()
        assert again is not None
        channel.qos.restore_visible()
        again.ack()
        assert server.llen(name) == 0
        taken: list[str] = []
        consumer = kombu.Consumer(
            channel, [bound], on_message=lambda message: taken.append(message.body)
        )
        outgoing.basic_publish(outgoing.prepare_message("{}"), exchange="", routing_key=name)
        with consumer:
            worker.drain_events(timeout=10)
        assert len(taken) == 1
        channel.close()  # puts back what was taken and neither acknowledged nor begun
        assert server.llen(name) == 1
    assert set(server.keys()) <= {
        name,
        f"_kombu.binding.{name}",
        f"_kombu.binding_permanent.{name}",
    }
    denied = {entry["object"] for entry in server.acl_log()}
    assert denied <= {"client"}  # redis-py tells its version if it may, and does without


def test_queues_of_profiles_do_not_overlap() -> None:
    rules = broker.acl_rules(Role.PREDICT, "cpu")
    assert all("*" not in rule for rule in rules)
    assert broker.queue_name(Role.SCORE, "cpu") == broker.queue_name(Role.SCORE, "gpu")
    other = {rule for rule in broker.acl_rules(Role.PREDICT, "cpu.2") if rule.startswith("~")}
    assert not other & set(rules)
