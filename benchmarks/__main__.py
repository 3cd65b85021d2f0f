"""`make bench`: measures, prints a table, and writes the raw figures as JSON.

`python -m benchmarks [NAME …]` runs only the benchmarks that are named.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import inspection, pipeline, upload

BENCHMARKS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "upload": upload.measure,
    "inspection": inspection.measure,
    "pipeline": pipeline.measure,
}
RESULTS = Path(__file__).resolve().parents[1] / "docs" / "performance.json"


def main(names: list[str]) -> int:
    """Run the benchmarks called `names`, or all."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"No benchmark {', '.join(sorted(unknown))}; there are: {', '.join(BENCHMARKS)}")
        return 2
    results = {name: BENCHMARKS[name]() for name in names or BENCHMARKS}
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    )
    record = {
        "commit": commit.stdout.strip(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "results": results,
    }
    RESULTS.write_text(json.dumps(record, indent=2) + "\n")
    table = Table("benchmark", "figure", "value", title=f"commit {record['commit']}")
    for name, figures in results.items():
        for figure, value in figures.items():
            table.add_row(name, figure, f"{value:,.3f}" if isinstance(value, float) else str(value))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
