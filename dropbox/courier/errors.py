"""What can go wrong with a signed request, by whose fault it is. No text quotes what the other side sent."""

import re
from typing import Final

_CODE: Final = re.compile(r"[a-z_]{1,32}")


class CourierError(Exception):
    """Base of this package's exceptions."""


class SignatureRefusedError(CourierError):
    """Serving side: the request does not carry a signature that counts. `code` is the fixed answer."""

    def __init__(self, code: str) -> None:
        """Keep one of the codes of `dropbox.courier.signing`."""
        super().__init__("The request carries no signature that counts.")
        self.code = code


class RefusedError(CourierError):
    """Our fault: the other side understood the request and refused it. Sending it again unchanged will not help."""

    def __init__(self, status: int, code: str) -> None:
        """Keep the status and the short code; a code of another form than ours is dropped."""
        self.status = status
        self.code = code if _CODE.fullmatch(code) else ""
        super().__init__(f"The request was refused (status {status}, {self.code or 'no reason given'}).")


class PeerError(CourierError):
    """The other side's fault: it failed, is full or not ready. Sending the request again later may help."""

    def __init__(self, status: int, code: str = "") -> None:
        """Keep the status and the short code; a code of another form than ours is dropped."""
        self.status = status
        self.code = code if _CODE.fullmatch(code) else ""
        super().__init__(f"The other side could not do it (status {status}, {self.code or 'no reason given'}).")


class BadAnswerError(CourierError):
    """The other side's fault: the answer is longer than asked for, or not of the form that the protocol gives."""

    def __init__(self) -> None:
        """Carry one fixed sentence."""
        super().__init__("The other side's answer has another form than the protocol gives.")


class UnreachableError(CourierError):
    """The transport's fault: no connection, or it broke or stood still. What was sent may have arrived."""

    def __init__(self, reason: str = "") -> None:
        """Carry one fixed sentence, and in `reason` what the transport calls its fault, "" where it does not say."""
        super().__init__("The other side cannot be reached.")
        self.reason = reason
