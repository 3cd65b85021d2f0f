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

ARGUMENT_BYTES = 8

ALLOW, ERRNO = 0x7FFF_0000, 0x0005_0000
OTHER_ABI = 0x4000_0000
"""From here on x86-64 numbers the calls of x32; no kernel has as many calls of its own."""

NEW_NAMESPACES = 0x7E02_0000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""

PR_SET_NO_NEW_PRIVS = 38
SET_MODE_FILTER, ALL_THREADS = 1, 1

NEEDLESS_EVERYWHERE = {
    "pidfd_send_signal": 424,
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
CLONE3, OPENAT2 = 435, 437
ITSELF, FIRST_PROCESS = 0, 1


@dataclass(frozen=True)
class Machine:
    """The numbers that a kind of processor gives to calls.

    `needless` ones are denied; `adjusting` ones, which change how a process is treated, but on the
    caller itself; and `signalling` ones on the first process, which serves the next submission too.
    All of the latter two name the process in their first argument. `opening` tells for each call
    that opens a file by its name which argument holds the flags, None if it always writes.
    """

    audit: int
    seccomp: int
    socket: int
    clone: int
    needless: Mapping[str, int]
    adjusting: Mapping[str, int]
    signalling: Mapping[str, int]
    opening: Mapping[int, int | None]


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
            "setpriority": 141,
            "ioprio_set": 251,
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
        adjusting={
            "sched_setparam": 142,
            "sched_setscheduler": 144,
            "sched_setaffinity": 203,
            "prlimit64": 302,
            "sched_setattr": 314,
        },
        signalling={
            "kill": 62,
            "rt_sigqueueinfo": 129,
            "tkill": 200,
            "tgkill": 234,
            "rt_tgsigqueueinfo": 297,
        },
        opening={2: 1, 85: None, 257: 2},
    ),
    "aarch64": Machine(
        audit=0xC000_00B7,
        seccomp=277,
        socket=198,
        clone=220,
        needless={
            **NEEDLESS_EVERYWHERE,
            "ioprio_set": 30,
            "umount2": 39,
            "mount": 40,
            "pivot_root": 41,
            "unshare": 97,
            "kexec_load": 104,
            "init_module": 105,
            "ptrace": 117,
            "setpriority": 140,
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
        adjusting={
            "sched_setparam": 118,
            "sched_setscheduler": 119,
            "sched_setaffinity": 122,
            "prlimit64": 261,
            "sched_setattr": 274,
        },
        signalling={
            "kill": 129,
            "tkill": 130,
            "tgkill": 131,
            "rt_sigqueueinfo": 138,
            "rt_tgsigqueueinfo": 240,
        },
        opening={56: 2},
    ),
}


def deny_needless_calls() -> None:
    """Deny them to this process, with all its threads, and to whatever it starts.

    A denied call fails with EPERM; a socket that is not a Unix one with EAFNOSUPPORT; clone3, whose
    flags a filter cannot read, with ENOSYS, upon which libraries take clone. Raises `OSError` where
    the kernel does not filter, and `RuntimeError` on a processor whose numbers are not known here.
    """
    machine = _machine()
    _install(_needless(machine), machine)


def deny_opening_to_write() -> None:
    """Deny this process, and whatever it starts, to open a file by its name but to read it.

    Under gVisor a process can open the pipes of another one of the same user, by /proc. A GPU can't
    be opened any more: names are out of a filter's sight. Raises as `deny_needless_calls` does.
    openat2, whose flags a filter cannot read, fails with ENOSYS.
    """
    machine = _machine()
    _install(_opening(machine), machine)


def _machine() -> Machine:
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise RuntimeError(f"The system calls of {platform.machine()} are not known.")
    return machine


def _install(filtering: Iterator[bytes], machine: Machine) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    instructions = b"".join(filtering)
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


def _opening(machine: Machine) -> Iterator[bytes]:
    """The filter of `deny_opening_to_write`."""
    yield from _beginning(machine)
    for number, position in machine.opening.items():
        if position is None:
            yield _instruction(EQUAL, number, 0, 1)
            yield _refuse(errno.EACCES)
            continue
        yield _instruction(EQUAL, number, 0, 4)
        yield _instruction(LOAD, FIRST_ARGUMENT + position * ARGUMENT_BYTES)
        yield _instruction(ANY_BIT, os.O_ACCMODE, 0, 1)
        yield _refuse(errno.EACCES)
        yield _instruction(RETURN, ALLOW)
    yield _instruction(EQUAL, OPENAT2, 0, 1)
    yield _refuse(errno.ENOSYS)
    yield _instruction(RETURN, ALLOW)


def _beginning(machine: Machine) -> Iterator[bytes]:
    """Refuse calls of another processor, and have the number of all others at hand.

    Jumps count the instructions to skip, if the comparison holds and if not.
    """
    yield _instruction(LOAD, ARCHITECTURE)
    yield _instruction(EQUAL, machine.audit, 1, 0)
    yield _refuse(errno.EPERM)
    yield _instruction(LOAD, NUMBER)
    yield _instruction(AT_LEAST, OTHER_ABI, 0, 1)
    yield _refuse(errno.EPERM)


def _needless(machine: Machine) -> Iterator[bytes]:
    """The filter of `deny_needless_calls`."""
    yield from _beginning(machine)
    for number in machine.needless.values():
        yield _instruction(EQUAL, number, 0, 1)
        yield _refuse(errno.EPERM)
    for number in machine.adjusting.values():
        yield _instruction(EQUAL, number, 0, 4)
        yield _instruction(LOAD, FIRST_ARGUMENT)
        yield _instruction(EQUAL, ITSELF, 1, 0)
        yield _refuse(errno.EPERM)
        yield _instruction(RETURN, ALLOW)
    for number in machine.signalling.values():
        yield _instruction(EQUAL, number, 0, 4)
        yield _instruction(LOAD, FIRST_ARGUMENT)
        yield _instruction(EQUAL, FIRST_PROCESS, 0, 1)
        yield _refuse(errno.EPERM)
        yield _instruction(RETURN, ALLOW)
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
