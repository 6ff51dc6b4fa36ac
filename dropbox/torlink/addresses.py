"""The two addresses that there are: an onion service's, and Tor's SOCKS socket on this machine.  Pure.

A name that would have to be looked up, or a machine elsewhere, cannot be written down here, so nothing can lead there.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from dropbox.torlink.errors import AddressError

_ONION: Final = re.compile(r"([a-z2-7]{56})\.onion", re.ASCII)
_PUBLIC_KEY: Final = 32
_CHECKSUM: Final = 2
_VERSION: Final = b"\x03"
_UNIX: Final = "unix:"
_PATH_MOST: Final = 107  # bytes, Linux
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_PORTS: Final = 65_536


@dataclass(frozen=True)
class OnionAddress:
    """A version 3 onion address in its one spelling, checksum and version checked (Tor's rend-spec-v3, section 6).

    Raises AddressError.
    """

    name: str

    def __post_init__(self) -> None:
        """Refuse everything else, so that no other name is ever asked for."""
        found = _ONION.fullmatch(self.name)
        raw = base64.b32decode(found[1].upper()) if found else b""
        key, version = raw[:_PUBLIC_KEY], raw[_PUBLIC_KEY + _CHECKSUM :]
        checksum = hashlib.sha3_256(b".onion checksum" + key + version).digest()[:_CHECKSUM]
        if version != _VERSION or raw[_PUBLIC_KEY:-1] != checksum:
            raise AddressError(
                "An onion address has 56 characters and `.onion`; this one is mistyped or not version 3."
            )

    @property
    def url(self) -> str:
        """Scheme and host of every request; Tor's onion services authenticate and encrypt by themselves."""
        return f"http://{self.name}"


@dataclass(frozen=True)
class SocksAddress:
    """Where Tor on this machine takes connections: `unix:/path`, or a loopback address in digits with a port.

    Either `path` is given, or `host` and `port`.
    """

    path: str = ""
    host: str = ""
    port: int = 0

    def __post_init__(self) -> None:
        """Refuse what is not on this machine, also where no text was parsed.  Raises AddressError."""
        if self.path:
            possible = PurePosixPath(self.path).is_absolute() and len(self.path.encode()) <= _PATH_MOST
            possible &= "\0" not in self.path and not (self.host or self.port)
        else:
            possible = _is_loopback(self.host) and 0 < self.port < _PORTS
        if not possible:
            raise AddressError(
                "Tor's SOCKS address is `unix:` with an absolute path, or a loopback address with a port, "
                "as in 127.0.0.1:9050."
            )

    @classmethod
    def parse(cls, text: str) -> SocksAddress:
        """Read an address as tor's own SocksPort writes it.  Raises AddressError."""
        if text.startswith(_UNIX):
            return cls(path=text.removeprefix(_UNIX))
        host, _, port = text.rpartition(":")
        host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        return cls(host=host, port=int(port) if _PORT.fullmatch(port) else 0)


def _is_loopback(host: str) -> bool:
    """Digits only: `localhost` would be looked up, and may be anything in a resolver's answer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
