"""What the whole suite shares. The parts live in tests/support, each with its own reason."""

pytest_plugins = [
    "tests.support.order",
    "tests.support.servers",
    "tests.support.docker_engine",
    "tests.support.harness_image",
    "tests.support.chromium",
    "tests.support.nvidia_smi",
    "tests.support.passwords",
    "tests.support.digits",
    "tests.support.webhook_receiver",
    "tests.support.server_with_docker",
    "tests.support.arena",
    "tests.support.asgi_server",
    "tests.support.s3_server",
    "tests.support.mail_server",
]
