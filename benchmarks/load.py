"""Asking an HTTP server as fast as it answers, over connections that stay open."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from statistics import quantiles

Request = tuple[str, str]
"""The path to ask for, and the token to ask with."""


@dataclass(frozen=True)
class Load:
    """What a run has seen: seconds of each answer, and how many there were of each status."""

    seconds: float
    latencies: Sequence[float]
    statuses: Counter[int]

    def figures(self, name: str) -> dict[str, float]:
        """Requests a second, the median and the 95th percentile in milliseconds, the refused."""
        cuts = quantiles(self.latencies, n=20)
        return {
            f"{name}: requests a second": self.statuses[200] / self.seconds,
            f"{name}: p50 ms": cuts[9] * 1000,
            f"{name}: p95 ms": cuts[18] * 1000,
            f"{name}: refused": sum(self.statuses.values()) - self.statuses[200],
        }


def ask(port: int, request: Callable[[int], Request], *, connections: int, seconds: float) -> Load:
    """Ask for `request(0)`, `request(1)`, …, over `connections` at once, for `seconds`."""
    return asyncio.run(_ask(port, request, connections, seconds))


async def _ask(
    port: int, request: Callable[[int], Request], connections: int, seconds: float
) -> Load:
    numbers = count()
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    started = time.perf_counter()

    async def keep_asking() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < started + seconds:
            path, token = request(next(numbers))
            before = time.perf_counter()
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Authorization: Bearer {token}\r\nAccept: application/json\r\n\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0])
            await reader.readexactly(length)
            latencies.append(time.perf_counter() - before)
            statuses[int(head.split()[1])] += 1
        writer.close()

    await asyncio.gather(*(keep_asking() for _ in range(connections)))
    return Load(time.perf_counter() - started, latencies, statuses)
