"""The launcher: enters new namespaces, starts the plan's program in them and waits for its end."""

import os
import resource
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

from evaluator.sandbox.confinement import kernel
from evaluator.sandbox.confinement.plan import Ending, Plan
from evaluator.sandbox.confinement.root import enter_root

NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
)
INNER_ID = 65532
"""The user and group that an ordinary user's sandbox sees itself as."""

NOT_STARTED = 127
KIBIBYTE = 1024
FIRST_TO_BE_KILLED = "1000"


def main() -> int:
    """Confine the program of the plan in the first argument, and wait for it.

    Its `Ending` goes to the descriptor that the second argument names.
    """
    plan, answer = Plan.decode(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(answer, False)  # noqa: FBT003 the library's signature
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    privileged = os.geteuid() == 0
    try:
        _leave_namespaces(privileged=privileged)
        child = os.fork()
    except OSError as error:
        os.write(answer, Ending(refusal=str(error)).encode())
        return NOT_STARTED
    if child == 0:
        _become(plan, answer, privileged=privileged)

    def end(_number: int, _frame: FrameType | None) -> None:
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    _, status, used = os.wait4(child, 0)
    ending = Ending(
        code=os.waitstatus_to_exitcode(status),
        peak_memory_bytes=used.ru_maxrss * KIBIBYTE,
        cpu_seconds=used.ru_utime + used.ru_stime,
    )
    os.write(answer, ending.encode())
    return 0


def _leave_namespaces(*, privileged: bool) -> None:
    if privileged:
        kernel.unshare(NAMESPACES)
        return
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare(NAMESPACES | kernel.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INNER_ID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{INNER_ID} {gid} 1")


def _become(plan: Plan, answer: int, *, privileged: bool) -> None:
    """Turn into the plan's program, as the first process of the new namespaces. Never returns."""
    try:
        os.umask(0o022)
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_BE_KILLED)
        enter_root(plan)
        socket.sethostname("sandbox")
        _limit(plan)
        if privileged:
            os.setgroups([])
            os.setresgid(plan.uid, plan.uid, plan.uid)
            os.setresuid(plan.uid, plan.uid, plan.uid)
        else:
            kernel.drop_capabilities()
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        # After the change of user, which clears it.
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        os.execve(plan.arguments[0], plan.arguments, plan.environment)  # noqa: S606
    except OSError as error:
        os.write(answer, Ending(refusal=str(error)).encode())
    finally:
        os._exit(NOT_STARTED)


def _limit(plan: Plan) -> None:
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, plan.open_files),
        (resource.RLIMIT_NPROC, plan.processes),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_AS, plan.address_space),
    ):
        resource.setrlimit(what, (value, value))


if __name__ == "__main__":
    sys.exit(main())
