"""The filter of system calls, in a process of its own: nobody can take it off again."""

import platform
import subprocess
import sys

from evaluator.harness.system_calls import MACHINES

ATTEMPTS = """
import ctypes, errno, os, socket, subprocess, sys, threading
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
    assert set(attempts.values()) == {"EPERM"}
    needless = MACHINES[platform.machine()].needless
    assert attempts.keys() == {"own clone", *(f"{p} {name}" for p in PLACES for name in needless)}
