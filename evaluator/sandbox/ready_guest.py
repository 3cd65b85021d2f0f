"""A guest that has its imports done and waits on an empty folder."""

from dataclasses import dataclass

from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.guest import Guest
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.workspace import JobFolder

LISTEN_SECONDS = 0.001


@dataclass(frozen=True, eq=False)
class ReadyGuest:
    """A started guest, what it sees of the host, and what it can run."""

    key: GuestKey
    guest: Guest
    folder: JobFolder

    def is_waiting(self) -> bool:
        """Whether it lives and is silent, as one has to be that nobody has asked anything."""
        try:
            chunks = self.guest.receive(LISTEN_SECONDS)
        except SandboxFault:
            return False
        return chunks is not None and not chunks

    def destroy(self) -> None:
        """End it and remove its folder. Raises `SandboxFault`; it may be tried again then."""
        try:
            self.guest.destroy()
        finally:
            self.folder.remove()
