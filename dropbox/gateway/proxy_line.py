"""The line that tor puts before each stream: which circuit it came over (PROXY protocol, version 1).

Tor writes the circuit's number into the last two groups of a source address in fc00:dead:beef:4dad::/96. The number is
small and means nothing outside this tor process; it is kept in memory while it counts, and never written anywhere.
"""

import re
from ipaddress import AddressValueError, IPv6Address

from dropbox.gateway.errors import BadProxyLine

MAX_LINE = 107  # bytes with the line end: the longest that version 1 allows

_TOR = int(IPv6Address("fc00:dead:beef:4dad::")) >> 32
_LINE = re.compile(rb"PROXY TCP6 ([0-9a-f:]{2,39}) ([0-9a-f:]{2,39}) ([0-9]{1,5}) ([0-9]{1,5})\r\n")


def circuit_of(line: bytes) -> int:
    """Return the circuit of a whole line, its end included; raise `BadProxyLine` for all that tor does not write."""
    parts = _LINE.fullmatch(line)
    if parts is None:
        message = "not a line of tor's"
        raise BadProxyLine(message)
    try:
        source = int(IPv6Address(parts[1].decode()))
    except AddressValueError as error:
        message = "not an address"
        raise BadProxyLine(message) from error
    if source >> 32 != _TOR:
        message = "not an address of tor's"
        raise BadProxyLine(message)
    return source & 0xFFFF_FFFF
