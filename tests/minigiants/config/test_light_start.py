"""What a web process loads at its start."""

import subprocess
import sys

CHECK = """
import django
django.setup()
import minigiants.config.urls
import minigiants.submissions.management.commands.dispatcher
import sys
print(sorted({"numpy", "scipy", "torch", "sklearn"} & set(sys.modules)))
"""


def test_the_pages_and_the_dispatcher_start_without_numpy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECK], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
