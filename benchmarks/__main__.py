"""`make bench`: measures, prints a table, and writes the raw figures as JSON.

`python -m benchmarks [--quick] [NAME …]` runs only the benchmarks that are named; quickly, with
a few models where there are usually many, to see that it works: then no file is written.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import inspection, lockstep, sustained, upload, warm

BENCHMARKS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "upload": upload.measure,
    "inspection": inspection.measure,
    "lockstep": lockstep.measure,
    "warm": warm.measure,
    "sustained": sustained.measure,
}
QUICK: Mapping[str, Callable[[], dict[str, Any]]] = {
    "warm": partial(warm.measure, count=3),
    "sustained": partial(sustained.measure, count=8),
}
"""What `--quick` puts in the place of those of the same name."""
RESULTS = Path(__file__).resolve().parents[1] / "docs" / "performance.json"


def main(arguments: list[str]) -> int:
    """Run the benchmarks that `arguments` name, or all."""
    names = [argument for argument in arguments if argument != "--quick"]
    benchmarks = {**BENCHMARKS, **QUICK} if "--quick" in arguments else BENCHMARKS
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"No benchmark {', '.join(sorted(unknown))}; there are: {', '.join(BENCHMARKS)}")
        return 2
    results = {name: benchmarks[name]() for name in names or benchmarks}
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    )
    record = {
        "commit": commit.stdout.strip(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "results": results,
    }
    if benchmarks is BENCHMARKS:
        RESULTS.write_text(json.dumps(record, indent=2) + "\n")
    table = Table("benchmark", "figure", "value", title=f"commit {record['commit']}")
    for name, figures in results.items():
        for figure, value in figures.items():
            table.add_row(name, figure, f"{value:,.3f}" if isinstance(value, float) else str(value))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
