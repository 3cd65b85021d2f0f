"""Takes from this process, for good, the system calls that no model needs.

Namespaces do not hold all that a process can reach: a virtual machine's sockets (AF_VSOCK) lead
to its host from every network namespace, and io_uring makes calls that no filter sees. Container
engines deny both only since Docker 23 and 25, and the embedded fallback has no engine. So the
harness filters its own calls with seccomp before it loads a model; see seccomp(2) and bpf(2).
"""

import ctypes
import errno
import os
import platform
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""BPF: load a word, three jumps on a comparison with a constant, return a constant."""

NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
"""Offsets in `struct seccomp_data`; of the argument, the lower half."""

ALLOW, ERRNO = 0x7FFF_0000, 0x0005_0000
OTHER_ABI = 0x4000_0000
"""From here on x86-64 numbers the calls of x32; no kernel has as many calls of its own."""

NEW_NAMESPACES = 0x7E02_0000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""

PR_SET_NO_NEW_PRIVS = 38
SET_MODE_FILTER, ALL_THREADS = 1, 1

NEEDLESS_EVERYWHERE = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
}
CLONE3 = 435


@dataclass(frozen=True)
class Machine:
    """The numbers that a kind of processor gives to calls; `needless` ones are denied."""

    audit: int
    seccomp: int
    socket: int
    clone: int
    needless: Mapping[str, int]


MACHINES = {
    "x86_64": Machine(
        audit=0xC000_003E,
        seccomp=317,
        socket=41,
        clone=56,
        needless={
            **NEEDLESS_EVERYWHERE,
            "shmget": 29,
            "semget": 64,
            "msgget": 68,
            "ptrace": 101,
            "pivot_root": 155,
            "mount": 165,
            "umount2": 166,
            "init_module": 175,
            "kexec_load": 246,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "unshare": 272,
            "perf_event_open": 298,
            "open_by_handle_at": 304,
            "setns": 308,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "kcmp": 312,
            "finit_module": 313,
            "mq_open": 240,
            "bpf": 321,
            "userfaultfd": 323,
        },
    ),
    "aarch64": Machine(
        audit=0xC000_00B7,
        seccomp=277,
        socket=198,
        clone=220,
        needless={
            **NEEDLESS_EVERYWHERE,
            "umount2": 39,
            "mount": 40,
            "pivot_root": 41,
            "unshare": 97,
            "kexec_load": 104,
            "init_module": 105,
            "ptrace": 117,
            "mq_open": 180,
            "msgget": 186,
            "semget": 190,
            "shmget": 194,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "perf_event_open": 241,
            "open_by_handle_at": 265,
            "setns": 268,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "kcmp": 272,
            "finit_module": 273,
            "bpf": 280,
            "userfaultfd": 282,
        },
    ),
}


def deny_needless_calls() -> None:
    """Deny them to this process, with all its threads, and to whatever it starts.

    A denied call fails with EPERM; a socket that is not a Unix one with EAFNOSUPPORT; clone3, whose
    flags a filter cannot read, with ENOSYS, upon which libraries take clone. Raises `OSError` where
    the kernel does not filter, and `RuntimeError` on a processor whose numbers are not known here.
    """
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise RuntimeError(f"The system calls of {platform.machine()} are not known.")
    libc = ctypes.CDLL(None, use_errno=True)
    instructions = b"".join(_program(machine))
    code = ctypes.create_string_buffer(instructions, len(instructions))
    # struct sock_fprog: the number of instructions, padding, and where they are.
    program = struct.pack("@HxxxxxxP", len(instructions) // 8, ctypes.addressof(code))
    one, zero = ctypes.c_ulong(1), ctypes.c_ulong(0)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, one, zero, zero, zero) != 0:
        raise _denied()
    if libc.syscall(machine.seccomp, SET_MODE_FILTER, ALL_THREADS, program) != 0:
        raise _denied()


def _denied() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"filter of system calls: {os.strerror(number)}")


def _program(machine: Machine) -> Iterator[bytes]:
    """The filter. Jumps count the instructions to skip, if the comparison holds and if not."""
    yield _instruction(LOAD, ARCHITECTURE)
    yield _instruction(EQUAL, machine.audit, 1, 0)
    yield _refuse(errno.EPERM)
    yield _instruction(LOAD, NUMBER)
    yield _instruction(AT_LEAST, OTHER_ABI, 0, 1)
    yield _refuse(errno.EPERM)
    for number in machine.needless.values():
        yield _instruction(EQUAL, number, 0, 1)
        yield _refuse(errno.EPERM)
    yield _instruction(EQUAL, CLONE3, 0, 1)
    yield _refuse(errno.ENOSYS)
    yield _instruction(EQUAL, machine.clone, 0, 3)
    yield _instruction(LOAD, FIRST_ARGUMENT)
    yield _instruction(ANY_BIT, NEW_NAMESPACES, 0, 4)
    yield _refuse(errno.EPERM)
    yield _instruction(EQUAL, machine.socket, 0, 2)
    yield _instruction(LOAD, FIRST_ARGUMENT)
    yield _instruction(EQUAL, socket.AF_UNIX, 0, 1)
    yield _instruction(RETURN, ALLOW)
    yield _refuse(errno.EAFNOSUPPORT)


def _refuse(number: int) -> bytes:
    return _instruction(RETURN, ERRNO | number)


def _instruction(code: int, constant: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """`struct sock_filter`."""
    return struct.pack("@HBBI", code, if_true, if_false, constant)
