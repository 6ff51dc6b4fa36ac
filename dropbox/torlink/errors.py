"""What can go wrong on the way through Tor, by whose fault it is.  No text holds an address."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Fault(StrEnum):
    """What is wrong.  Tor's own codes: "ExtendedErrors" of SocksPort in tor(1)."""

    TOR_DOWN = "tor-down"  # ours: nothing answers at the SOCKS address
    NOT_TOR = "not-tor"  # ours: something answers that is no SOCKS port with isolation by name
    NO_KEY = "no-key"  # ours: 0xF4
    WRONG_KEY = "wrong-key"  # ours or the host's: 0xF5
    NOT_FOUND = "not-found"  # the host's: 0xF0, 0xF1, 0xF6
    NOT_YET = "not-yet"  # 0x04: every directory was asked lately; why in vain, Tor said then
    HOST_DOWN = "host-down"  # the host's or the network's: 0xF2, 0xF3, 0xF7
    NOT_SERVING = "not-serving"  # the host's: its Tor answers, what should stand behind it does not
    EXPIRED = "expired"  # the network's: no answer in time
    FAILED = "failed"  # nobody says


SENTENCES: Final = MappingProxyType({
    Fault.TOR_DOWN: "Tor on this machine does not answer: start it, and let this account use its SOCKS socket.",
    Fault.NOT_TOR: "What answers at the SOCKS address is not Tor: correct the address in the settings.",
    Fault.NO_KEY: "Tor on this machine has no key for the onion service: put this machine's key file into Tor's "
                  "ClientOnionAuthDir and restart Tor.",
    Fault.WRONG_KEY: "The onion service does not accept this machine's key, which is the wrong one or was taken back: "
                     "ask its operator.",
    Fault.NOT_FOUND: "The onion service is not published: its Tor does not run, or the address in the settings is "
                     "wrong; ask its operator.",
    Fault.NOT_YET: "Tor asked for the onion service in vain and does not ask again for a quarter of an hour: restart "
                   "Tor to learn the reason.",
    Fault.HOST_DOWN: "The onion service does not answer: its host or its line is down; ask its operator.",
    Fault.NOT_SERVING: "The onion service is reached, but nothing serves behind it: ask its operator.",
    Fault.EXPIRED: "Tor took too long: when that lasts, check this machine's network and its clock.",
    Fault.FAILED: "Tor made no connection and does not say why: when that lasts, look at Tor's own log.",
})  # fmt: skip


class TorlinkError(Exception):
    """Base of this package's exceptions."""


class AddressError(TorlinkError):
    """Ours: an address in the settings cannot be used.  Carries a sentence."""


class LinkError(TorlinkError):
    """No connection through Tor, for the reason in `fault`."""

    def __init__(self, fault: Fault) -> None:
        """Carry the sentence of a fault."""
        super().__init__(SENTENCES[fault])
        self.fault = fault


class StrayRequestError(TorlinkError):
    """Ours: a request that is not for the one onion service that this connector is for.  Nothing was sent."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("A request was not for the onion service that this line leads to: a fault of this program.")


class BrokenVisitError(TorlinkError):
    """The line's or the host's: a request has no answer.  Whether the host has got it is not known."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The line to the onion service broke before it had answered: try again on another circuit.")


class MalformedAnswerError(BrokenVisitError):
    """The host's: its line was whole, and what came over it is no answer that we asked for.  Browsers may show it."""


class OversizedAnswerError(TorlinkError):
    """The host's: an answer is larger than what was asked for can be.  It was thrown away."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The onion service sent more than this answer can have: it does not keep to the protocol.")
