"""The filter of system calls, in a process of its own: nobody can take it off again."""

import platform
import subprocess
import sys
from pathlib import Path

from evaluator.harness.system_calls import MACHINES

ATTEMPTS = """
import ctypes, errno, os, socket, subprocess, sys, threading, time
from evaluator.harness.system_calls import MACHINES, deny_needless_calls
import platform

machine = MACHINES[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)

def call(name, number, *arguments):
    ctypes.set_errno(0)
    libc.syscall(number, *arguments)
    print(name, errno.errorcode.get(ctypes.get_errno(), "done"))

def attempt(where):
    # With no argument that any call takes: allowed, each fails for another reason.
    for name, number in machine.needless.items():
        call(f"{where} {name}", number, -1, -1, -1, -1, -1)

def attempt_on_processes():
    victim = os.fork()
    if victim == 0:
        time.sleep(60)
    for name, number in machine.adjusting.items():
        call(f"adjust other {name}", number, victim, -1, -1, -1, -1)
        call(f"adjust own {name}", number, 0, -1, -1, -1, -1)
    for name, number in machine.signalling.items():
        call(f"signal first {name}", number, 1, 0, 0, 0, 0)
        call(f"signal other {name}", number, victim, -1, -1, -1, -1)
    os.kill(victim, 9)
    os.wait()

early, go = threading.Event(), threading.Event()
def earlier():
    early.set()
    go.wait()
    attempt("earlier thread")
thread = threading.Thread(target=earlier)
thread.start()
early.wait()
deny_needless_calls()
go.set()
thread.join()
attempt("own")
attempt_on_processes()
call("own clone", machine.clone, 0x10000000)
call("own clone3", 435, -1, -1)
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_VSOCK):
    call(f"own socket {family.name}", machine.socket, family, socket.SOCK_DGRAM, 0)
left, right = socket.socketpair()
left.send(b"x")
print("heard", right.recv(1))
late = threading.Thread(target=lambda: attempt("later thread"))
late.start()
late.join()
if os.fork() == 0:
    attempt("child")
    sys.stdout.flush()
    os._exit(0)
os.wait()
print("program", subprocess.run(["true"]).returncode)
"""
PLACES = ("earlier thread", "own", "later thread", "child")


def test_it_holds_everywhere_and_leaves_what_models_need() -> None:
    told = subprocess.run(
        [sys.executable, "-u", "-c", ATTEMPTS], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    attempts = dict(line.rsplit(" ", 1) for line in told)

    assert attempts.pop("program") == "0"
    assert attempts.pop("heard") == "b'x'"
    assert attempts.pop("own clone3") == "ENOSYS"
    for family in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_VSOCK"):
        assert attempts.pop(f"own socket {family}") == "EAFNOSUPPORT"
    machine = MACHINES[platform.machine()]
    for name in machine.adjusting:
        assert attempts.pop(f"adjust other {name}") == "EPERM"
        assert attempts.pop(f"adjust own {name}") in {"EINVAL", "EFAULT"}
    for name in machine.signalling:
        assert attempts.pop(f"signal first {name}") == "EPERM"
        assert attempts.pop(f"signal other {name}") in {"EINVAL", "EFAULT"}
    assert set(attempts.values()) == {"EPERM"}
    needless = machine.needless
    assert attempts.keys() == {"own clone", *(f"{p} {name}" for p in PLACES for name in needless)}


WRITING = """
import os
from evaluator.harness.system_calls import deny_opening_to_write
import ctypes, errno, sys
libc = ctypes.CDLL(None, use_errno=True)
path = sys.argv[1].encode()
def attempt(name, function, *arguments):
    ctypes.set_errno(0)
    opened = getattr(libc, function)(*arguments)
    print(name, errno.errorcode[ctypes.get_errno()] if opened < 0 else "opened")
def all_ways():
    attempt("read", "open", path, os.O_RDONLY)
    attempt("write", "open", path, os.O_WRONLY)
    attempt("both", "open", path, os.O_RDWR)
    attempt("make", "creat", path, 0o600)
    attempt("write at", "openat", -100, path, os.O_WRONLY)
    attempt("by a structure", "syscall", 437, -100, path, (ctypes.c_uint64 * 3)(1, 0, 0), 24)
all_ways()
deny_opening_to_write()
all_ways()
"""


def test_files_can_be_opened_to_be_read_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    told = subprocess.run(
        [sys.executable, "-c", WRITING, str(file)], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert {line.rsplit(" ", 1)[1] for line in told[:6]} == {"opened"}
    assert told[6:] == [
        "read opened",
        *(f"{way} EACCES" for way in ("write", "both", "make", "write at")),
        "by a structure ENOSYS",
    ]
