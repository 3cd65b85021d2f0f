"""`make bench`: measures, prints a table, and writes the raw figures as JSON.

`python -m benchmarks [--quick] [NAME …]` runs only the benchmarks that are named, and leaves the
figures of the others in the file as they are. Quickly, with a few models where there are usually
many, is to see that it works: then no file is written.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import (
    boards,
    clients,
    inspection,
    lockstep,
    record,
    sandboxes,
    statistics,
    sustained,
    upload,
    warm,
)

BENCHMARKS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "upload": upload.measure,
    "clients": clients.measure,
    "inspection": inspection.measure,
    "lockstep": lockstep.measure,
    "sandboxes": sandboxes.measure,
    "warm": warm.measure,
    "sustained": sustained.measure,
    "statistics": statistics.measure,
    "boards": boards.measure,
}
QUICK: Mapping[str, Callable[[], dict[str, Any]]] = {
    "sandboxes": partial(sandboxes.measure, count=2),
    "upload": partial(upload.measure, mebibytes=64),
    "clients": partial(clients.measure, clients=4, seconds=1.0),
    "warm": partial(warm.measure, count=3),
    "sustained": partial(sustained.measure, count=8),
    "statistics": partial(statistics.measure, boards=20, intervals=200),
    "boards": partial(boards.measure, sizes=(200, 1_000), repeats=10),
}
"""What `--quick` puts in the place of those of the same name."""


def main(arguments: list[str]) -> int:
    """Run the benchmarks that `arguments` name, or all."""
    names = [argument for argument in arguments if argument != "--quick"]
    benchmarks = {**BENCHMARKS, **QUICK} if "--quick" in arguments else BENCHMARKS
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"No benchmark {', '.join(sorted(unknown))}; there are: {', '.join(BENCHMARKS)}")
        return 2
    table = Table("benchmark", "figure", "value", title=f"commit {record.commit()}")
    for name in names or benchmarks:
        figures = benchmarks[name]()
        if benchmarks is BENCHMARKS:
            record.write(figures, name)
        for figure, value in figures.items():
            table.add_row(name, figure, f"{value:,.3f}" if isinstance(value, float) else str(value))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
