"""The Celery application of one worker: one queue, one task, nothing else.

The pool has a thread a slot: a job waits on a container, on the network and on numerical
code that releases the interpreter's lock, and everything that needs holding apart is in the
sandbox. A forked pool would copy the heartbeat's and the presence's threads into limbo and
multiply connections, for no isolation that the sandbox does not give better.

Messages are acknowledged before the work begins: the platform's lease alone redelivers, so a
message that comes twice finds its claim refused. A worker takes a message only when a slot is
free, so whatever waits is waiting in the platform's fair order and not in a worker's pocket.
"""

from typing import Any, Final
from uuid import UUID

import structlog
from celery import Celery, signals
from celery.worker.consumer import Consumer
from kombu.entity import Exchange, Queue

from evaluator import broker
from evaluator.sandbox.base import SandboxError
from evaluator.worker.config import WorkerConfig
from evaluator.worker.pool import PromptPool
from evaluator.worker.runtime import Runtime, ScratchInUse
from evaluator.worker.signal_handlers import HandledOnce

QUIET: Final = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}

log = structlog.get_logger()


class QuietConsumer(Consumer):  # type: ignore[misc]
    """Celery's consumer without what makes workers talk to each other over Redis.

    A worker's Redis user may neither publish nor subscribe, so these would only fail. Celery
    offers them off by command-line options alone.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, **QUIET})


def create_app(config: WorkerConfig, runtime: Runtime | None = None) -> Celery:
    """The application of a worker. `runtime` is made from the configuration unless given."""
    runtime = runtime or Runtime(config)
    app = Celery("evaluator.worker", broker=config.broker_url.get_secret_value())
    queue = Queue(  # type: ignore[no-untyped-call]
        config.queue,
        Exchange(config.queue, type="direct"),  # type: ignore[no-untyped-call]
        routing_key=config.queue,
    )
    app.conf.update(
        accept_content=["json"],
        broker_connection_max_retries=None,
        broker_connection_retry_on_startup=True,
        broker_heartbeat=0,
        broker_transport_options=broker.transport_options(),
        result_backend=None,
        task_acks_late=False,
        task_create_missing_queues=False,
        task_default_queue=config.queue,
        task_ignore_result=True,
        task_queues=[queue],
        task_serializer="json",
        worker_concurrency=config.slots,
        worker_consumer=f"{__name__}:{QuietConsumer.__name__}",
        worker_disable_prefetch=True,
        worker_enable_remote_control=False,
        worker_pool=f"{PromptPool.__module__}:{PromptPool.__name__}",
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
    )

    @app.task(name=broker.task_name(config.role))  # type: ignore[untyped-decorator]
    def evaluate(evaluation_id: str, attempt: int) -> None:
        runtime.evaluate(UUID(evaluation_id), attempt)

    _connect(runtime)
    return app


def _connect(runtime: Runtime) -> None:
    """Bind the runtime's life to that of Celery's worker in this process."""

    def start(**_: Any) -> None:
        # Celery swallows what a signal's receiver raises, and a worker that has not started would
        # eat messages; so whatever goes wrong here ends the process.
        try:
            runtime.start()
        except (SandboxError, ScratchInUse, OSError) as error:
            raise SystemExit(f"The worker can't start. {error}") from error
        except Exception as error:
            log.exception("the worker can't start")
            raise SystemExit(f"The worker can't start: {type(error).__name__}.") from error

    def begin_shutdown(**_: Any) -> None:
        log.info("stopping")
        runtime.begin_shutdown()

    handlers = HandledOnce()

    def guard_handlers(**_: Any) -> None:
        handlers.install()  # Celery has installed its own by now

    def stop(**_: Any) -> None:
        runtime.stop()
        handlers.retire()

    def keep_logging(**_: Any) -> None:
        """Celery configures logging itself unless somebody listens here."""

    signals.worker_init.connect(start, weak=False)
    signals.worker_ready.connect(guard_handlers, weak=False)
    signals.worker_shutting_down.connect(begin_shutdown, weak=False)
    signals.worker_shutdown.connect(stop, weak=False)
    signals.setup_logging.connect(keep_logging, weak=False)
