"""A Docker engine of one test's own, which may be stopped and started: nobody else's is touched."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.support.docker_engine import answers
from tests.support.waiting import wait_for


class ThrowawayEngine:
    """`dockerd` with its own data, socket and containers, below `folder`.

    With `live_restore` its containers live on while it is stopped.
    """

    def __init__(self, folder: Path, *, live_restore: bool = False) -> None:
        self.address = f"unix://{folder / 'docker.sock'}"
        self._live_restore = live_restore
        self._data = folder / "data"
        self._log = folder / "dockerd.log"
        self._configuration = folder / "daemon.json"
        self._configuration.write_text(
            json.dumps(
                {
                    "data-root": str(self._data),
                    "exec-root": str(folder / "exec"),
                    "pidfile": str(folder / "docker.pid"),
                    "hosts": [self.address],
                    "bridge": "none",
                    "iptables": False,
                    "live-restore": live_restore,
                    "log-level": "warn",
                }
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["dockerd", "--config-file", str(self._configuration)], stdout=log, stderr=log
            )
        wait_for(lambda: answers(self.address), f"dockerd, whose log is {self._log},")

    def stop(self) -> None:
        """Stop it, as a restart of the service does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def end(self) -> None:
        """Stop it for good, and let go of its folder."""
        self.stop()
        if self._live_restore:  # it leaves the mount of its own data then
            subprocess.run(["umount", str(self._data)], check=True)

    @staticmethod
    def is_possible() -> bool:
        """Whether there is a `dockerd` to start."""
        return shutil.which("dockerd") is not None
