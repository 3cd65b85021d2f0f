"""Attacks on the kernel's interfaces: calls, devices, and files under /proc and /sys."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.proving_ground import Hostile, ProvingGround

pytestmark = pytest.mark.docker

CALLS = """
import contextlib, ctypes, errno, platform
libc = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() == "aarch64"
buffer = ctypes.create_string_buffer(4096)

def attempt(name, act):
    # In a child, so that what one call has changed does not hinder the next.
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError):
            result = act()
            if result is None or result >= 0:
                os.write(1, f"OPEN {name}\\n".encode())
        os._exit(0)
    os.waitpid(child, 0)

def by_handle():
    place = os.open("/tmp", os.O_RDONLY)
    handle = ctypes.create_string_buffer((128).to_bytes(4, sys.byteorder), 136)
    # Where no handle is given out one can be guessed; of a wrong one ESTALE tells, if let through.
    libc.name_to_handle_at(place, b"", handle, ctypes.byref(ctypes.c_int()), 0x1000)
    result = libc.open_by_handle_at(place, handle, os.O_RDONLY)
    return 0 if ctypes.get_errno() == errno.ESTALE else result

def release_agent():
    if libc.mount(b"none", b"/dev/shm", b"cgroup", 0, b"none,name=minigiants") != 0:
        return -1
    try:
        with open("/dev/shm/release_agent", "w") as agent:
            return agent.write("/bin/false")
    finally:
        libc.umount2(b"/dev/shm", 2)

attempt("release agent", release_agent)
attempt("file handle", by_handle)
attempt("mount", lambda: libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, None))
attempt("remount", lambda: libc.mount(b"none", b"/job", None, 0x1020, None))
attempt("unmount", lambda: libc.umount2(b"/dev/shm", 2))
attempt("user namespace", lambda: libc.unshare(0x10000000))
attempt("mount namespace", lambda: libc.unshare(0x00020000))
attempt("network namespace", lambda: libc.unshare(0x40000000))
attempt("join namespace", lambda: libc.setns(os.open("/proc/1/ns/net", os.O_RDONLY), 0))
attempt("trace", lambda: libc.ptrace(0x4206, os.getppid(), 0, 0))
attempt("keyring", lambda: libc.syscall(219 if arm else 250, 0, -4, 1))
array = (ctypes.c_uint32 * 5)(2, 4, 4, 1, 0)
attempt("bpf", lambda: libc.syscall(280 if arm else 321, 0, array, 20))
attempt("io_uring", lambda: libc.syscall(425, 4, buffer))
attempt("chroot", lambda: os.chroot("/tmp"))
attempt("user", lambda: os.setresuid(0, 0, 0))
attempt("group", lambda: os.setgroups([7]))
attempt("host name", lambda: libc.sethostname(b"other", 5))
"""
FILES = """
def attempt(path, flags):
    try:
        os.close(os.open(path, flags))
        print("OPEN", path)
    except OSError:
        pass

for path in ("/dev/mem", "/dev/kmsg", "/dev/kvm", "/proc/kcore", "/proc/kmsg"):
    attempt(path, os.O_RDONLY)
for path in (
    "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches",
    "/sys/kernel/uevent_helper", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    "/sys/fs/cgroup/cgroup.procs",
):
    attempt(path, os.O_WRONLY)
try:
    os.mknod("/tmp/disk", 0o60600, os.makedev({major}, {minor}))
    attempt("/tmp/disk", os.O_RDONLY)
except OSError:
    pass
print("DONE")
"""
REMOUNT = """
import ctypes
ctypes.CDLL(None).mount(b"none", b"/proc/sys", None, 0x1020, None)
"""
PRIVILEGED: dict[str, Any] = {
    "user": "0:0",
    "cap_drop": [],
    "cap_add": ["SYS_ADMIN", "DAC_READ_SEARCH"],
    "cgroupns": "host",
}
UNFILTERED_BY_ENGINE = {"security_opt": ["seccomp=unconfined", "apparmor=unconfined"]}
DEFENCES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "the harness' filter": (
        {**PRIVILEGED, **UNFILTERED_BY_ENGINE},
        {"chroot", "user", "group", "host name"},
    ),
    "a user without capabilities": (
        {"filtered": False, **UNFILTERED_BY_ENGINE},
        {"user namespace", "trace", "keyring", "io_uring"},
    ),
    "the engine's filter": (
        {"filtered": False, "user": "0:0", "cap_drop": []},
        {"trace", "io_uring", "chroot", "user", "group"},
    ),
}
"""What is left of a container in which one defence stands alone, and what that one lets through."""

SETUID = """
import stat, subprocess
for folder in ("/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/lib"):
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            if not os.path.islink(path) and os.stat(path).st_mode & stat.S_ISUID:
                print("SETUID", path)
program = subprocess.Popen(
    ["/usr/bin/su"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
)
program.stdout.read(1)  # its prompt: it runs
with open(f"/proc/{program.pid}/status") as status:
    print("EFFECTIVE", next(line for line in status if line.startswith("Uid:")).split()[2])
program.kill()
program.communicate()
"""
STATUS = """
with open("/proc/self/status") as status:
    print(status.read())
"""


def disk_of_the_host() -> dict[str, int]:
    """The device on which this machine's root lies, where it has one."""
    device = Path("/").stat().st_dev
    return {"major": os.major(device), "minor": os.minor(device)}


def test_calls_are_denied(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=CALLS))

    assert (result.failure, result.smoke_log) == (None, "")


def opened_calls(ground: ProvingGround) -> set[str]:
    result = ground.attack(Hostile(load=CALLS))
    assert result.failure is None
    return set(re.findall(r"^OPEN (.+)$", result.smoke_log, re.MULTILINE))


@pytest.mark.parametrize("defence", DEFENCES)
def test_calls_against_one_defence(without: Callable[..., ProvingGround], defence: str) -> None:
    """Each defence denies its part without the others; where there are two, either does."""
    others, left_open = DEFENCES[defence]

    assert opened_calls(without(**others)) <= left_open


def test_calls_without_defences(without: Callable[..., ProvingGround]) -> None:
    ground = without(filtered=False, **PRIVILEGED, **UNFILTERED_BY_ENGINE)
    named = set(re.findall(r'^attempt\("(.+?)"', CALLS, re.MULTILINE))

    assert len(named) == 17
    if "\tcgroup\n" not in Path("/proc/filesystems").read_text():
        named.remove("release agent")  # the groups of the second version have none
    assert opened_calls(ground) == named


def test_files_of_the_kernel_are_shut(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=FILES.format(**disk_of_the_host())))

    assert (result.failure, result.smoke_log) == (None, "DONE\n")


@pytest.mark.parametrize(
    ("others", "opened"),
    [
        pytest.param({"user": "0:0"}, False, id="read-only mounts alone"),
        pytest.param({"cap_add": ["SYS_ADMIN"]}, False, id="an ordinary user alone"),
        pytest.param({"user": "0:0", "cap_add": ["SYS_ADMIN"]}, True, id="neither"),
    ],
)
def test_files_of_the_kernel_against_one_defence(
    without: Callable[..., ProvingGround], others: dict[str, Any], *, opened: bool
) -> None:
    """Whoever has the capability, and no filter before the call, mounts them anew."""
    files = REMOUNT + FILES.format(**disk_of_the_host())
    control = without(filtered=False, **others).attack(Hostile(load=files))

    writable = set(re.findall(r"^OPEN (.+)$", control.smoke_log, re.MULTILINE))
    expected = {"/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches"} if opened else set()
    assert writable == expected


def test_programs_of_root_run_as_the_model(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=SETUID))

    assert "SETUID /usr/bin/su" in result.smoke_log
    assert "EFFECTIVE 65532" in result.smoke_log


@pytest.mark.parametrize(
    ("others", "user"),
    [
        pytest.param({"security_opt": []}, 65532, id="the harness' filter alone"),
        pytest.param({"filtered": False}, 65532, id="no new privileges alone"),
        pytest.param({"security_opt": [], "filtered": False}, 0, id="neither"),
    ],
)
def test_programs_of_root_against_one_defence(
    without: Callable[..., ProvingGround], others: dict[str, Any], user: int
) -> None:
    """Either takes from this process and all that it starts the way to gain privileges."""
    control = without(**others).attack(Hostile(load=SETUID))

    assert f"EFFECTIVE {user}\n" in control.smoke_log


def test_nothing_is_left_to_drop(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=STATUS))

    status = dict(line.split(":\t", 1) for line in result.smoke_log.splitlines() if ":\t" in line)
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd"):
        assert int(status[kind], 16) == 0
    assert status["Uid"].split() == ["65532"] * 4
    assert status["Seccomp"] == "2"
    if guarded.sandbox.strength == "docker":
        assert status["NoNewPrivs"] == "1"
        assert int(status["Seccomp_filters"]) == 2
