"""A network that fails: between a client and a server, on demand."""

import select
import socket
import threading
from typing import Self


class FaultyProxy:
    """Passes connections to `port`, until its faults are due.

    `cut_after` bytes from a client its connection is reset, `cuts` times. `corrupt` flips a bit in
    the middle of so many large pieces of body.
    """

    def __init__(self, port: int, *, cut_after: int = 0, cuts: int = 0, corrupt: int = 0) -> None:
        self._target = port
        self._cut_after = cut_after
        self.cuts_left = cuts
        self.corruptions_left = corrupt
        self.connections = 0
        self.bytes_passed = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._listen, daemon=True)]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        # Wakes the listener, which is waiting for one more.
        socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _listen(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._ending.is_set():
                client.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._pass, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _pass(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._target))
        sent = 0
        with client, server:
            while not self._ending.is_set():
                readable, _, _ = select.select([client, server], [], [], 0.1)
                for source in readable:
                    try:
                        data = source.recv(65_536)
                        if not data:
                            return
                        if source is client:
                            sent += len(data)
                            if self._is_cut(sent):
                                return
                            data = self._corrupted(data)
                        (server if source is client else client).sendall(data)
                    except OSError:
                        return

    def _is_cut(self, sent: int) -> bool:
        with self._lock:
            if self.cuts_left and sent > self._cut_after:
                self.cuts_left -= 1
                return True
            return False

    def _corrupted(self, data: bytes) -> bytes:
        with self._lock:
            self.bytes_passed += len(data)
            if self.corruptions_left and len(data) > 16_384 and b"HTTP/1.1" not in data:
                self.corruptions_left -= 1
                middle = len(data) // 2
                return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
            return data
