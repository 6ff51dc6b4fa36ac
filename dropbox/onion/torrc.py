"""The part of tor's configuration that a host needs, as text."""

from collections.abc import Iterator
from pathlib import Path

from dropbox.onion.services import offered, options
from dropbox.onion.settings import Settings

_HEAD = "Written by `dropbox-onion torrc`. To change it, change the settings and write it anew."

# What is said of the whole tor: the reason, then the options.
_GENERAL: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("This tor serves; nobody goes out through it.", (("SocksPort", "0"),)),
    (
        "Never single-hop: it would tell where this host is.",
        (("HiddenServiceSingleHopMode", "0"), ("HiddenServiceNonAnonymousMode", "0")),
    ),
    (
        "Tor's own defaults against whoever looks for this host, written down so that no other file changes them.",
        (
            ("UseEntryGuards", "1"),
            ("VanguardsLiteEnabled", "1"),
            ("CircuitPadding", "1"),
            ("ConnectionPadding", "auto"),
        ),
    ),
    (
        "Nothing of a visitor in a log, and nothing regular that could be set beside something else.",
        (("Log", "err syslog"), ("SafeLogging", "1"), ("HeartbeatPeriod", "0"), ("AvoidDiskWrites", "1")),
    ),
    (
        "On Debian 12 it ends tor at a reload and can make it deaf to SIGTERM; systemd and AppArmor confine it.",
        (("Sandbox", "0"),),
    ),
)


def torrc(settings: Settings) -> str:
    """Return the fragment; it belongs into tor's torrc as a whole, after the defaults of the distribution."""
    return "\n".join(_lines(settings)) + "\n"


def _lines(settings: Settings) -> Iterator[str]:
    yield f"# {_HEAD}"
    for reason, said in (*_GENERAL, _control(settings)):
        yield f"\n# {reason}"
        yield from (f"{name} {value}" for name, value in said)
    for service in offered(settings):
        yield f"\n# {service.service}"
        yield from (f"{name} {value}" for name, value in options(service))


def _control(settings: Settings) -> tuple[str, tuple[tuple[str, str], ...]]:
    place = settings.control
    lines: tuple[tuple[str, str], ...] = (("ControlPort", str(place)),)
    if isinstance(place, Path):
        lines = (
            ("ControlSocket", f"{place} GroupWritable RelaxDirModeCheck"),
            ("CookieAuthFile", f"{place}.authcookie"),
            ("CookieAuthFileGroupReadable", "1"),
        )
    return "For dropbox-onion alone.", (*lines, ("CookieAuthentication", "1"))
