"""The configuration of each kind of tor, as text.

Three choices make a start quick and sure. The authorities are told not to vote yet, so that the first consensus can be
a complete one. Everybody but the authorities and relays waits with ``DisableNetwork``. And the voting interval is an
hour, which gives onion services the periods of 24 hours that they have on the real network, and costs nothing after
the first vote.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

VOTE_SECONDS = 2
DIST_SECONDS = 2
INITIAL_SECONDS = VOTE_SECONDS + DIST_SECONDS + 1  # the least that tor's source allows
NOT_YET = 1800  # seconds; a vote that far ahead is never waited for
INTERVAL = 3600  # seconds

CLIENT = "SocksPort 127.0.0.1:{port} OnionTrafficOnly ExtendedErrors\n"  # nothing else is reached by mistake
HOST = "SocksPort 0\n"

# The scheduler and the windows give up tor's pacing for several times the throughput; the cells are the same.
# tor ends when the process of that number does, however that ends. A test may look into tor's memory, as a thief would.
_COMMON = """\
TestingTorNetwork 1
DataDirectory {folder}
ControlPort 127.0.0.1:auto
ControlPortWriteToFile {folder}/control_port
CookieAuthentication 1
Log notice file {folder}/notice.log
LogTimeGranularity 1
PathsNeededToBuildCircuits 0.67
Schedulers Vanilla
ShutdownWaitLength 0
AvoidDiskWrites 1
NumCPUs 1
DisableDebuggerAttachment 0
__OwningControllerProcess {owner}
"""
_ROUTER = """\
Nickname {name}
ContactInfo {name}@localhost
Address 127.0.0.1
ORPort 127.0.0.1:{port}
SocksPort 0
AssumeReachable 1
ExitRelay 0
ExitPolicy reject *:*
"""
_AUTHORITY = f"""\
DirPort 127.0.0.1:{{directory_port}}
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
TestingV3AuthInitialVotingInterval {NOT_YET}
TestingV3AuthInitialVoteDelay {VOTE_SECONDS}
TestingV3AuthInitialDistDelay {DIST_SECONDS}
V3AuthVotingInterval {INTERVAL}
V3AuthVoteDelay {VOTE_SECONDS}
V3AuthDistDelay {DIST_SECONDS}
ConsensusParams cc_cwnd_init=1000 cc_cwnd_min=1000
"""


@dataclass(frozen=True)
class Common:
    """What every tor of one network is told. ``authorities``: their lines. ``owner``: the process it ends with."""

    authorities: str
    owner: int

    def text(self, folder: Path) -> str:
        """The lines for a tor whose data are in the folder."""
        return self.authorities + _COMMON.format(folder=folder, owner=self.owner)


def relay(name: str) -> str:
    """The lines of a relay on a free port."""
    return _ROUTER.format(name=name, port="auto")


def authority(name: str, port: int, directory_port: int) -> str:
    """The lines of a directory authority: a relay on known ports that votes."""
    return _ROUTER.format(name=name, port=port) + _AUTHORITY.format(directory_port=directory_port)


def waiting(lines: str) -> str:
    """The same tor, told to leave the network alone until the network is there."""
    return lines.rstrip("\n") + "\nDisableNetwork 1\n"
