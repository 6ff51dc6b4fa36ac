"""The four onion services, and the options that make tor offer them.

Circuit ids and the introduction defence cannot be had with ADD_ONION: the same options stand in a torrc (production),
or are set through the control port (tests and demo). They replace every other service of that tor.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dropbox.onion.settings import Place, Settings

PORT = 80  # inside an onion service everything is encrypted already
MAX_STREAMS = 32  # of one circuit; twice the connections that the gateway lets a circuit have
POW_RATE, POW_BURST = 100, 500  # introductions a second that are let in while there is no queue
INTRO_RATE, INTRO_BURST = 25, 200  # a second, for each introduction point; tor's own values


class Service(StrEnum):
    """What an address is for."""

    REPORTERS = "reporters"
    READING = "reading"
    DESK = "desk"
    MINISTRY = "ministry"

    @property
    def open(self) -> bool:
        """Whether everybody may come; otherwise only those with a key."""
        return self in {Service.REPORTERS, Service.READING}


@dataclass(frozen=True, slots=True)
class Offered:
    """A service as this host offers it: the folder of its keys, and where its connections go."""

    service: Service
    folder: Path
    target: Place


def offered(settings: Settings) -> tuple[Offered, ...]:
    """Return the services that the settings name."""
    targets = {
        Service.REPORTERS: settings.reporters_socket,
        Service.READING: settings.reading_socket,
        Service.DESK: settings.desk_socket,
        Service.MINISTRY: settings.ministry_socket,
    }
    return tuple(
        Offered(service, settings.folder / service, target) for service, target in targets.items() if target is not None
    )


def options(service: Offered) -> Iterator[tuple[str, str]]:
    """Return the options of one service, in the order in which tor wants them.

    Only an open service needs defences: who has no key cannot find the introduction points of the others. Only the
    gateway reads the line with the circuit's id.
    """
    target = f"unix:{service.target}" if isinstance(service.target, Path) else str(service.target)
    yield "HiddenServiceDir", str(service.folder)
    yield "HiddenServiceVersion", "3"
    yield "HiddenServicePort", f"{PORT} {target}"
    yield "HiddenServiceMaxStreams", str(MAX_STREAMS)
    yield "HiddenServiceMaxStreamsCloseCircuit", "1"
    if service.service.open:
        yield "HiddenServiceExportCircuitID", "haproxy"
        yield "HiddenServicePoWDefensesEnabled", "1"
        yield "HiddenServicePoWQueueRate", str(POW_RATE)
        yield "HiddenServicePoWQueueBurst", str(POW_BURST)
        yield "HiddenServiceEnableIntroDoSDefense", "1"
        yield "HiddenServiceEnableIntroDoSRatePerSec", str(INTRO_RATE)
        yield "HiddenServiceEnableIntroDoSBurstPerSec", str(INTRO_BURST)
