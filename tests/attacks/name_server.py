"""A little name server on the host's loopback, and source that asks it."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

ADDRESS = "192.0.2.73"
"""What it answers to whoever asks for the only name that it knows."""

HEADER = struct.Struct("!6H")
QUESTION = b"\6canary\7example\0" + struct.pack("!2H", 1, 1)
ANSWER = struct.pack("!3HIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(ADDRESS)
ASKED, ANSWERED = 0x0100, 0x8180
NUMBER = 7319
END = b"end"

ASK = f"""
import socket
def ask():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(1)
        server.connect(("127.0.0.1", {{port}}))
        server.send({HEADER.pack(NUMBER, ASKED, 1, 0, 0, 0) + QUESTION!r})
        return socket.inet_ntoa(server.recv(512)[-4:])
"""


@dataclass
class NameServer:
    """One that listens on `port`."""

    port: int
    asked: threading.Event = field(default_factory=threading.Event)

    def source(self) -> str:
        """Source that defines `ask()`: the address that it answers. Raises `OSError`."""
        return ASK.format(port=self.port)


@contextmanager
def running_name_server() -> Iterator[NameServer]:
    """One as long as the block lasts."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        server = NameServer(door.getsockname()[1])

        def serve() -> None:
            while True:
                query, visitor = door.recvfrom(512)
                if query == END:
                    return
                if query[HEADER.size :] == QUESTION:
                    server.asked.set()
                    number, *_ = HEADER.unpack(query[: HEADER.size])
                    header = HEADER.pack(number, ANSWERED, 1, 1, 0, 0)
                    door.sendto(header + QUESTION + ANSWER, visitor)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            door.sendto(END, door.getsockname())
            thread.join(5)
