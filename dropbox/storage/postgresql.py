"""Connections to PostgreSQL: to the one of several hosts that takes writes, encrypted between machines, and never to a
machine that is gone without this being noticed.

asyncpg knows lists of hosts, but one that is silent uses up the time of all, and a machine that vanishes without a word
leaves connections that wait for a quarter of an hour. Both happen when a primary dies and its replica takes over.
"""

import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final

import asyncpg
from sqlalchemy import URL

from dropbox.storage.errors import DatabaseUrlError

CONNECT_SECONDS: Final = 5.0
"""For each host: long for a machine that is there, short beside the minute for which a request waits."""

SILENT_SECONDS: Final = 10
"""After so long without a sign of life from the other machine a connection is broken: no packet, no acknowledgement."""

SESSION: Final = {
    "synchronous_commit": "on",  # answered once it is on disk and, where there is a synchronous standby, on its disk
    # A commit that waits for the standby and is timed out is reported as done, and may be lost with this host.
    "statement_timeout": "0",
}

_PROBES: Final = 3

Hosts = str | list[str] | None
Ports = int | list[int] | None


def require_encrypted(url: URL) -> None:
    """Raise DatabaseUrlError unless every host is this machine, or the URL has the server's name verified."""
    options = _options(url)
    if options.get("ssl") != "verify-full" and not all(_is_here(host) for host in _listed(options.get("host"))):
        message = "The database is on another machine: its URL must say ssl=verify-full."
        raise DatabaseUrlError(message)


def names_several_hosts(url: URL) -> bool:
    """Whether a URL names a primary and replicas."""
    return len(_listed(_options(url).get("host"))) > 1


async def connect(*, host: Hosts = None, port: Ports = None, **options: Any) -> asyncpg.Connection:  # noqa: ANN401 - the driver's own
    """Connect to the first host that takes writes. Raises OSError or asyncpg's exceptions: what the last host said."""
    failure: Exception = ConnectionError("no host takes writes")
    for name, number in zip(_listed(host), _listed(port), strict=True):
        try:
            found = await asyncpg.connect(
                host=name, port=number, timeout=CONNECT_SECONDS, target_session_attrs="read-write", **options
            )
        except asyncpg.TargetServerAttributeNotMatched:
            continue  # a standby
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            failure = error
        else:
            _notice_silence(found)
            return found
    raise failure


def _notice_silence(connection: asyncpg.Connection) -> None:
    """Have the kernel break the connection when the other machine is gone, whether we wait for it or speak to it."""
    line = connection._transport.get_extra_info("socket")  # noqa: SLF001 - the driver has no option for this
    if line.family == socket.AF_UNIX:
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_SECONDS // _PROBES)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, SILENT_SECONDS // _PROBES)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_SECONDS * 1000)


def _options(url: URL) -> Mapping[str, Any]:
    """Read a URL as the driver will."""
    (_, options) = url.get_dialect()().create_connect_args(url)
    return options


def _listed(one_or_several: Any) -> Sequence[Any]:  # noqa: ANN401 - names or numbers
    return one_or_several if isinstance(one_or_several, list) else [one_or_several]


def _is_here(host: str | None) -> bool:
    """Whether a host is this machine: a folder with the server's socket, as where none is named, or loopback."""
    if host is None or host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
