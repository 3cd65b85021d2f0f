"""One whole server with Docker, shared by the tests that run participants' code on it."""

from collections.abc import Iterator

import pytest

from client.sdk import Minigiants
from tests.support.embedded_server import EmbeddedServer
from tests.support.participant import participant
from tests.support.webhook_receiver import ALLOW_LOOPBACK


@pytest.fixture(scope="session")
def server_with_docker(docker_engine: str, harness_image: str) -> Iterator[EmbeddedServer]:
    """A ready server whose predict worker starts containers, and whose webhooks reach the tests."""
    environment = {
        "DOCKER_HOST": docker_engine,
        "MINIGIANTS_HARNESS_IMAGE": harness_image,
        "MINIGIANTS_SANDBOX": "docker",
        "MINIGIANTS_WEBHOOK_NETWORKS": ",".join(ALLOW_LOOPBACK),
    }
    with EmbeddedServer(**environment) as server:
        server.start()
        yield server


@pytest.fixture(scope="session")
def digits_participant(server_with_docker: EmbeddedServer) -> Iterator[Minigiants]:
    """A participant of `digits` on that server."""
    with participant(server_with_docker, "digits") as sdk:
        yield sdk
