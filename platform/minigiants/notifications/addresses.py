"""Which addresses a webhook may be sent to: public ones, and what the operator allows besides.

Only addresses are judged here, never names: a name is resolved first, and the connection goes to
the very address that was judged (see `sending`).
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from django.conf import settings

Address = IPv4Address | IPv6Address

PUBLIC_PORTS: Final = frozenset({443, 8443})
"""Of public addresses. Others belong to mail servers, databases and the like."""

_UNICAST: Final = IPv6Network("2000::/3")
"""All that was ever given out of version 6. Ways into version 4 (mapped, NAT64) lie outside it."""

# Of what is global after Python, whose opinion differs between its versions, or lies in _UNICAST.
_SPECIAL: Final = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # IETF protocols
        "192.88.99.0/24",  # relays of 6to4, withdrawn by RFC 7526
        "2001::/23",  # IETF protocols, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)

_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
"""The upper half of the interface's identifier where a tunnel's address ends in one of IPv4."""


def is_allowed_by_operator(address: Address) -> bool:
    """Whether the operator has opened this address, whatever it is: over HTTP and on any port."""
    networks: Sequence[str] = settings.WEBHOOK_NETWORKS
    return any(
        address.version == network.version and address in network
        for network in map(ip_network, networks)
    )


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet, and no way into another one."""
    if not address.is_global or address.is_multicast:
        return False
    if any(address.version == special.version and address in special for special in _SPECIAL):
        return False
    if isinstance(address, IPv4Address):
        return True
    return address in _UNICAST and int(address) >> 32 & 0xFFFFFFFF not in _ISATAP


def may_send(*, host: str, port: int, encrypted: bool) -> bool:
    """Whether a message may go to `port` of the literal address `host`. Names are refused."""
    if "%" in host:  # a zone: an address of some link of ours
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if is_allowed_by_operator(address):
        return True
    return encrypted and port in PUBLIC_PORTS and is_public(address)
