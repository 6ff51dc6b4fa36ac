"""What can go wrong with a private Tor network, one sentence each."""


class NetworkFailed(Exception):
    """The network or one tor of it did not come up; says which, and what to do."""


class TorMissing(NetworkFailed):
    """tor or tor-gencert is not installed."""

    def __init__(self) -> None:
        super().__init__("tor and tor-gencert are needed and not installed; on Debian, as root: apt-get install tor")


class CommandRefused(NetworkFailed):
    """A tor did not accept a command on its control port."""
