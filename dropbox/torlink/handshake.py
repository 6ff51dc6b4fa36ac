"""What is said to Tor's SOCKS port: RFC 1928 with names and passwords (RFC 1929).  No I/O.

Only a name and a password are offered, never "no authentication": Tor keeps apart what has other ones
(IsolateSOCKSAuth), and a port that would not look at them must not be used by mistake.  The target is sent as a name,
so nothing is looked up on this machine.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from dropbox.torlink.addresses import OnionAddress
from dropbox.torlink.errors import Fault, LinkError

PORT: Final = 80
"""Every onion service of ours listens on it."""

_SOCKS: Final = 5
_BY_NAME: Final = 2
_GREETING: Final = bytes([_SOCKS, 1, _BY_NAME])
_NAMED: Final = 1
_CONNECT: Final = 1
_DOMAIN: Final = 3
_DONE: Final = 0
_HEAD: Final = 4  # version, code, a zero, kind of address
_REST: Final = MappingProxyType({1: 4 + 2, 4: 16 + 2})  # by kind of address: IPv4 or IPv6, and a port
_SECRET: Final = 16  # bytes of each, written in hexadecimal digits

_FAULTS: Final = MappingProxyType({
    0x02: Fault.NOT_SERVING,
    0x03: Fault.HOST_DOWN,
    0x04: Fault.NOT_YET,
    0x05: Fault.NOT_SERVING,
    0x06: Fault.EXPIRED,
    0xF0: Fault.NOT_FOUND,  # no descriptor
    0xF1: Fault.NOT_FOUND,  # a descriptor that is none
    0xF2: Fault.HOST_DOWN,  # introduction failed
    0xF3: Fault.HOST_DOWN,  # rendezvous failed
    0xF4: Fault.NO_KEY,
    0xF5: Fault.WRONG_KEY,
    0xF6: Fault.NOT_FOUND,  # an address that is none
    0xF7: Fault.HOST_DOWN,  # introduction timed out
})  # fmt: skip


@dataclass(frozen=True)
class Isolation:
    """A name and a password that Tor has not seen: what carries them shares no circuit with anything else."""

    name: bytes = field(repr=False)
    password: bytes = field(repr=False)

    @classmethod
    def fresh(cls, random: Callable[[int], bytes]) -> "Isolation":
        """A new one.  In digits, so that Tor reads no extended format of its own (`<torS0X>`) in it."""
        return cls(random(_SECRET).hex().encode(), random(_SECRET).hex().encode())


Exchange = Generator[tuple[bytes, int], bytes, None]
"""Yields what to send and how many bytes to wait for; is sent exactly these."""


def handshake(onion: OnionAddress, isolation: Isolation) -> Exchange:
    """Have a stream opened to an onion service.  When it returns, the next byte is the service's.

    Raises LinkError.
    """
    if (yield _GREETING, 2) != bytes([_SOCKS, _BY_NAME]):
        raise LinkError(Fault.NOT_TOR)
    secrets = b"".join(bytes([len(one)]) + one for one in (isolation.name, isolation.password))
    if (yield bytes([_NAMED]) + secrets, 2) != bytes([_NAMED, _DONE]):
        raise LinkError(Fault.NOT_TOR)
    name = onion.name.encode("ascii")
    asked = bytes([_SOCKS, _CONNECT, 0, _DOMAIN, len(name)]) + name + PORT.to_bytes(2, "big")
    version, code, _, kind = yield asked, _HEAD
    if version != _SOCKS:
        raise LinkError(Fault.NOT_TOR)
    if code != _DONE:
        raise LinkError(_FAULTS.get(code, Fault.FAILED))
    if kind not in _REST:
        raise LinkError(Fault.NOT_TOR)
    yield b"", _REST[kind]
