"""Runs Python source in a child of the fallback's fork server, and prints what it printed there.

A program of its own, so that it can be started as an ordinary user:
`python -m tests.attacks.confined_child SCRATCH SOURCE WEAKNESSES`, the last as JSON of `Weakness`.
"""

import json
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from evaluator.sandbox import fallback_guest
from evaluator.sandbox.confinement.plan import Plan
from evaluator.sandbox.environment import FILTER_SYSTEM_CALLS
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.workspace import JobFolder
from tests.attacks import launcher_in_hosts_network
from tests.attacks.possessed import Possessed, PossessedFallback

MANY_PROCESSES = 4096


@dataclass(frozen=True)
class Weakness:
    """What is taken from the confinement.

    `shown` are folders of the host that its root shows too, `user` is who it is where root started
    it. Without `network` it is in the host's network, without `filtered` it may make every call.
    """

    shown: tuple[str, ...] = ()
    user: int | None = None
    network: bool = True
    filtered: bool = True


class WeakenedFallback(PossessedFallback):
    """The fallback with a weakness."""

    def __init__(self, *, scratch: Path, weakness: Weakness) -> None:
        self._taken = weakness
        super().__init__(scratch=scratch)

    def _plan(self, key: GuestKey, job: JobFolder) -> Plan:
        plan = super()._plan(key, job)
        taken = self._taken
        kept = (each for each in plan.arguments if taken.filtered or each != FILTER_SYSTEM_CALLS)
        return replace(
            plan,
            binds={**plan.binds, **{folder: folder for folder in taken.shown}},
            uid=plan.uid if taken.user is None else taken.user,
            # Of somebody else there are processes already.
            processes=plan.processes if taken.user is None else MANY_PROCESSES,
            arguments=list(kept),
        )


def main() -> None:
    """Run the source in the second argument with the scratch in the first."""
    folder, source = Path(sys.argv[1]), sys.argv[2]
    weakness = Weakness(**json.loads(sys.argv[3]))
    if not weakness.network:
        fallback_guest.LAUNCHER = launcher_in_hosts_network.__name__
    sandbox = WeakenedFallback(scratch=folder / "scratch", weakness=weakness)
    with closing(sandbox):
        sys.stdout.write(Possessed(sandbox, folder).told(source))


if __name__ == "__main__":
    main()
