import json
from pathlib import Path

from benchmarks import record


def test_figures_of_other_benchmarks_stay(tmp_path: Path) -> None:
    file = tmp_path / "performance.json"
    record.write({"seconds": 1.0}, "upload", file=file)
    first = json.loads(file.read_text())["results"]["upload"]
    record.write({"seconds": 2.0}, "inspection", file=file)
    record.write({"seconds": 3.0}, "inspection", file=file)

    results = json.loads(file.read_text())["results"]
    assert results["upload"] == first
    assert results["inspection"]["figures"] == {"seconds": 3.0}
    assert {"commit", "measured_at", "python"} < results["inspection"].keys()


def test_the_kept_record_can_be_added_to() -> None:
    results = json.loads(record.RESULTS.read_text())["results"]

    assert all({"commit", "measured_at", "figures"} <= each.keys() for each in results.values())
