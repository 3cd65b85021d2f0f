"""What one sandbox has of a container engine: a client, a folder, and all that bears its name."""

from pathlib import Path

from evaluator.sandbox.base import SandboxFault, SandboxUnavailable
from evaluator.sandbox.engine import connect, remove_containers, require
from evaluator.sandbox.workspace import Workspace


class Tenancy:
    """Its `api`, the `workspace` whose owner all containers name, the `machine` where they run."""

    def __init__(self, *, scratch: Path, image: str, runtime: str, sockets: bool = False) -> None:
        """Find the engine, with what `require` asks of it, and remove what dead workers left.

        Raises `SandboxUnavailable`, and leaves nothing open then.
        """
        self.api = connect()
        try:
            self.machine = require(self.api, image, runtime, sockets=sockets)
            self.workspace = Workspace(scratch)
        except OSError as error:
            self.api.close()
            raise SandboxUnavailable(f"The folder {scratch} cannot be used: {error}") from error
        except SandboxUnavailable:
            self.api.close()
            raise
        try:
            self.workspace.sweep(self._remove_containers)
        except SandboxFault as fault:
            self.workspace.close()
            self.api.close()
            raise SandboxUnavailable(str(fault)) from fault

    def close(self) -> None:
        """Remove the sandbox's containers and folders, and those of workers that have died.

        Raises `SandboxFault` if the engine does not.
        """
        try:
            self._remove_containers(self.workspace.owner)
            self.workspace.sweep(self._remove_containers)
        finally:
            self.workspace.close()
            self.api.close()

    def _remove_containers(self, owner: str) -> None:
        remove_containers(self.api, owner)
