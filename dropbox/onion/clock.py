"""Whether this host's clock is right, by what tor and its directory say. A wrong clock keeps an onion service away."""

import re
from datetime import UTC, datetime

TOLERANCE = 3600  # seconds; tor's own consensus is fresh for an hour
SET_IT = "set it (timedatectl set-ntp true), then restart tor"

_SKEW = re.compile(r"CLOCK_SKEW\b.*?\bSKEW=\"?(-?\d+)")
_JUMP = re.compile(r"CLOCK_JUMPED\b.*?\bTIME=\"?(-?\d+)")
_WARNED = re.compile(r"REASON=CLOCK_SKEW\b")


def skew_of(event: str) -> str:
    """Return a sentence for the operator when a status event (control-spec, STATUS_GENERAL) says so, or ""."""
    if found := _SKEW.search(event):
        return f"the clock is wrong by some {_span(int(found[1]))}: {SET_IT}"
    if found := _JUMP.search(event):
        return f"the clock jumped by {_span(int(found[1]))}: see that time is kept by one program only"
    return ""


def consensus_fault(now: datetime, valid_after: str, valid_until: str) -> str:
    """Return a sentence when `now` is not within the times of tor's newest directory, or ""."""
    after, until = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (valid_after, valid_until))
    if (early := (after - now).total_seconds()) > TOLERANCE:
        return f"the clock is behind tor's directory by {_span(int(early))}: {SET_IT}"
    if (late := (now - until).total_seconds()) > TOLERANCE:
        return (
            f"tor's directory is too old by {_span(int(late))}: the clock is ahead, or tor reaches no network; {SET_IT}"
        )
    return ""


def bootstrap_fault(phase: str) -> str:
    """Return a sentence when tor's own account of its start (GETINFO status/bootstrap-phase) is not "done"."""
    if _WARNED.search(phase):
        return f"tor says that the clock is wrong: {SET_IT}"
    if "PROGRESS=100" not in phase:
        found = re.search(r"PROGRESS=(\d+)", phase)
        return (f"tor is not connected to the network yet ({found[1] if found else '0'} %): wait a minute; if it stays"
                " so, look at the firewall and at the clock")  # fmt: skip
    return ""


def _span(seconds: int) -> str:
    size = abs(seconds)
    for length, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if size >= 2 * length:
            return f"{size // length} {name}"
    return f"{size} seconds"
