"""Attacks that reach for the network, by every kind of socket that a kernel knows.

Two defences stand, and each must do without the other: the container has no network, and the
harness' filter of system calls leaves no sockets but Unix ones.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from tests.attacks.name_server import ADDRESS, ASK, NameServer
from tests.attacks.proving_ground import Hostile, ProvingGround
from tests.support.waiting import wait_for

pytestmark = pytest.mark.docker

KNOCK = (
    ASK
    + """
def knock(name, family, kind, address):
    try:
        with socket.socket(family, kind) as door:
            door.settimeout(1)
            door.connect(address)
            door.send(b"knock")
            print("SENT", name)
    except OSError as error:
        print("CLOSED", name, error)
knock("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {tcp}))
knock("tcp6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", {tcp}))
knock("abstract", socket.AF_UNIX, socket.SOCK_STREAM, "\\0{abstract}")
for address in {addresses}:
    knock(address, socket.AF_INET, socket.SOCK_STREAM, (address, {tcp}))
try:
    print("SENT dns", ask())
except OSError as error:
    print("CLOSED dns", error)
"""
)
KINDS = """
import socket
for family in range(1, 46):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind).close()
            print("OPENED", socket.AddressFamily(family).name)
        except (OSError, ValueError):
            pass
print("TRIED")
"""


@dataclass
class House:
    """Servers on the host that wait for somebody to knock."""

    tcp: int
    names: NameServer
    abstract: str
    heard: set[str] = field(default_factory=set)

    def payload(self) -> str:
        """Source that knocks on every door."""
        try:
            _, _, addresses = socket.gethostbyname_ex(socket.gethostname())
        except socket.gaierror:
            addresses = []  # this machine has no name of its own; the loopback is knocked on
        return KNOCK.format(
            tcp=self.tcp,
            port=self.names.port,
            abstract=self.abstract,
            addresses=addresses,
        )


@pytest.fixture
def house(name_server: NameServer) -> Iterator[House]:
    """TCP on all addresses, a name server, and a socket in the abstract namespace."""
    with ExitStack() as stack:
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        tcp = stack.enter_context(socket.create_server(("", 0), family=family, dualstack_ipv6=both))
        unix = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        abstract = f"minigiants-attack-{os.getpid()}"
        unix.bind(f"\0{abstract}")
        house = House(tcp.getsockname()[1], name_server, abstract)

        def listen(name: str, server: socket.socket) -> None:
            server.listen()
            while True:
                try:
                    visitor, _ = server.accept()
                except OSError:
                    return
                with visitor:
                    if visitor.recv(100) == b"knock":
                        house.heard.add(name)

        threads = [
            threading.Thread(target=listen, args=("tcp", tcp)),
            threading.Thread(target=listen, args=("abstract", unix)),
        ]
        for thread in threads:
            thread.start()
        yield house
        for server in (tcp, unix):
            server.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)


DOORS = ("tcp", "tcp6", "dns", "abstract")


def test_all_doors_are_shut(guarded: ProvingGround, house: House) -> None:
    result = guarded.attack(Hostile(load=house.payload()))

    assert result.failure is None
    assert "SENT" not in result.smoke_log
    for door in DOORS:
        assert f"CLOSED {door}" in result.smoke_log
    assert house.heard == set()
    assert not house.names.asked.is_set()


def test_without_the_filter_no_network_is_there(
    without: Callable[..., ProvingGround], house: House
) -> None:
    result = without(filtered=False).attack(Hostile(load=house.payload()))

    assert "SENT" not in result.smoke_log
    for door in DOORS:
        assert f"CLOSED {door}" in result.smoke_log
    assert house.heard == set()
    assert not house.names.asked.is_set()


def test_with_a_network_the_filter_leaves_unix_sockets(
    without: Callable[..., ProvingGround], house: House
) -> None:
    result = without(network_mode="host").attack(Hostile(load=house.payload()))

    assert "SENT abstract" in result.smoke_log
    assert "CLOSED dns" in result.smoke_log
    wait_for(lambda: house.heard == {"abstract"}, "the call at the only door")
    assert not house.names.asked.is_set()


def test_without_both_all_doors_are_open(
    without: Callable[..., ProvingGround], house: House
) -> None:
    ground = without(network_mode="host", filtered=False)
    control = ground.attack(Hostile(load=house.payload()))

    assert "SENT tcp" in control.smoke_log
    assert ("SENT tcp6" in control.smoke_log) == socket.has_dualstack_ipv6()
    assert f"SENT dns {ADDRESS}\n" in control.smoke_log
    wait_for(lambda: house.heard == {"tcp", "abstract"}, "the calls at the doors")


def test_every_kind_of_socket(guarded: ProvingGround) -> None:
    """Raw and packet sockets, netlink, a virtual machine's: none but Unix ones are to be had."""
    result = guarded.attack(Hostile(load=KINDS))

    assert "TRIED" in result.smoke_log
    assert set(result.smoke_log.split("OPENED ")[1:]) <= {"AF_UNIX\n", "AF_UNIX\nTRIED\n"}


def test_every_kind_of_socket_without_the_filter(without: Callable[..., ProvingGround]) -> None:
    control = without(filtered=False).attack(Hostile(load=KINDS))

    assert "OPENED AF_INET\n" in control.smoke_log
    assert "OPENED AF_NETLINK\n" in control.smoke_log
