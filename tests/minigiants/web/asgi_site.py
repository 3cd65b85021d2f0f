"""The whole site behind a real socket, in this process and on its database."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

START_SECONDS = 20


@contextmanager
def running_site() -> Iterator[str]:
    """Serve the ASGI application on a free port; the address is what is yielded."""
    from minigiants.config.asgi import application

    server = uvicorn.Server(
        uvicorn.Config(
            application,
            host="127.0.0.1",
            port=0,
            lifespan="off",
            ws="none",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    limit = time.monotonic() + START_SECONDS
    while not server.started:
        if time.monotonic() > limit or not thread.is_alive():
            raise RuntimeError("The site did not start.")
        time.sleep(0.02)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
