"""Attacks on the kernel's interfaces: calls, devices, and files under /proc and /sys."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.proving_ground import Hostile, ProvingGround

pytestmark = pytest.mark.docker

CALLS = """
import ctypes, errno, platform
libc = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() == "aarch64"
buffer = ctypes.create_string_buffer(4096)

def attempt(name, act):
    try:
        result = act()
    except OSError:
        return
    if result is None or result >= 0:
        print("OPEN", name)

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
attempt("trace", lambda: libc.ptrace(16, os.getppid(), 0, 0))
attempt("keyring", lambda: libc.syscall(219 if arm else 250, 0, -4, 1))
array = (ctypes.c_uint32 * 5)(2, 4, 4, 1, 0)
attempt("bpf", lambda: libc.syscall(280 if arm else 321, 0, array, 20))
attempt("io_uring", lambda: libc.syscall(425, 4, buffer))
attempt("chroot", lambda: os.chroot("/tmp"))
attempt("user", lambda: os.setresuid(0, 0, 0))
attempt("group", lambda: os.setgroups([0]))
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


def test_calls_with_privileges(without: Callable[..., ProvingGround]) -> None:
    capabilities = ["SYS_ADMIN", "DAC_READ_SEARCH"]
    ground = without(filtered=False, cap_drop=[], cap_add=capabilities, user="0:0", cgroupns="host")
    control = ground.attack(Hostile(load=CALLS))

    opened = ["file handle", "mount", "unmount", "user namespace", "mount namespace", "io_uring"]
    if "\tcgroup\n" in Path("/proc/filesystems").read_text():  # whose groups have such agents
        opened.append("release agent")
    for name in opened:
        assert f"OPEN {name}\n" in control.smoke_log


def test_files_of_the_kernel_are_shut(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=FILES.format(**disk_of_the_host())))

    assert (result.failure, result.smoke_log) == (None, "DONE\n")


def test_files_of_the_kernel_with_privileges(without: Callable[..., ProvingGround]) -> None:
    ground = without(filtered=False, cap_add=["SYS_ADMIN"], user="0:0")
    files = REMOUNT + FILES.format(**disk_of_the_host())
    control = ground.attack(Hostile(load=files))

    assert "OPEN /proc/sys/kernel/core_pattern\n" in control.smoke_log


def test_programs_of_root_run_as_the_model(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=SETUID))

    assert "SETUID /usr/bin/su" in result.smoke_log
    assert "EFFECTIVE 65532" in result.smoke_log


def test_programs_of_root_that_may_gain(without: Callable[..., ProvingGround]) -> None:
    control = without(filtered=False, security_opt=[], cap_drop=[]).attack(Hostile(load=SETUID))

    assert "EFFECTIVE 0" in control.smoke_log


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
