"""What each role's process must never have loaded: the right-hand column of the table in docs/architecture.md."""

from dataclasses import dataclass
from typing import Final

_PRIVATE_KEYS: Final = frozenset(f"dropbox.protocol.{name}" for name in ("decapsulation", "opening", "secret_keys"))
_DATABASES: Final = frozenset({"sqlalchemy", "sqlite3", "alembic", "aiosqlite", "asyncpg"})
_NETWORK: Final = frozenset({"asyncio", "socket", "ssl", "http.client", "aiohttp", "yarl", "http_message_signatures"})
_PROCESSES: Final = frozenset({"multiprocessing"})
_INSIDES: Final = frozenset(
    f"dropbox.protocol.{name}" for name in ("board", "card", "envelope", "payload", "receipt", "reply", "thread")
)
_OURS: Final = frozenset({
    "dropbox.protocol",
    "dropbox.auditor",
    "dropbox.native",
    "dropbox.reporter",
    "dropbox.courier",
    "dropbox.intake",
    "dropbox.gateway",
    "dropbox.bureau",
    "dropbox.ministry",
    "dropbox.ceremony",
    "dropbox.web",
    "dropbox.storage",
    "dropbox.torlink",
    "dropbox.onion",
})  # fmt: skip


def _ours_but(*packages: str) -> frozenset[str]:
    return _OURS - {f"dropbox.{package}" for package in packages}


@dataclass(frozen=True)
class Boundary:
    """A package (all of its modules are loaded but those ``without``) and what must not be loaded with it."""

    package: str
    forbidden: frozenset[str]
    without: frozenset[str] = frozenset()


PUBLIC_PROTOCOL: Final = Boundary(
    "protocol", _ours_but("protocol") | _PRIVATE_KEYS | _NETWORK | _DATABASES | _PROCESSES, without=_PRIVATE_KEYS
)

BOUNDARIES: Final = (
    PUBLIC_PROTOCOL,
    Boundary("protocol", _ours_but("protocol") | _NETWORK | _DATABASES | _PROCESSES),
    Boundary("reporter", _ours_but("protocol", "reporter") | _PRIVATE_KEYS | _NETWORK | _DATABASES | _PROCESSES),
    Boundary("courier", _ours_but("protocol", "courier") | _PRIVATE_KEYS | _INSIDES | _DATABASES),
    Boundary("intake", _ours_but("protocol", "courier", "web", "storage", "intake") | _PRIVATE_KEYS | _INSIDES),
    Boundary("gateway", _ours_but("protocol", "reporter", "web", "gateway") | _PRIVATE_KEYS | _DATABASES),
    Boundary("auditor", _ours_but("protocol", "reporter", "torlink", "auditor") | _PRIVATE_KEYS | _DATABASES),
    Boundary(
        "native",
        _ours_but("protocol", "reporter", "torlink", "native")
        | _PRIVATE_KEYS
        | _DATABASES
        | _PROCESSES
        | frozenset({"aiohttp", "babel", "jinja2", "readline", "yarl"}),
    ),
    Boundary("bureau", _ours_but("protocol", "courier", "torlink", "web", "storage", "bureau")),
    Boundary(
        "ministry",
        _ours_but("protocol", "courier", "torlink", "web", "storage", "ministry")
        | (_INSIDES - {"dropbox.protocol.card"}),
    ),
    Boundary("ceremony", _ours_but("protocol", "storage", "ceremony") | _NETWORK | _DATABASES),
    Boundary("web", _ours_but("web") | _DATABASES),
    Boundary("storage", _ours_but("storage")),
    Boundary("torlink", _ours_but("torlink") | _DATABASES | _PROCESSES),
    Boundary("onion", _ours_but("onion") | _DATABASES | frozenset({"aiohttp"})),
)
