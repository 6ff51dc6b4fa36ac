"""What each service's address is and who may use it: a small file without secrets, beside the keys.

Tor makes a new key, and with it a new address, wherever it finds none. With this file the loss of a key shows before
that, and a key that is another one shows after it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dropbox.onion.errors import KeyFault
from dropbox.onion.files import replace
from dropbox.onion.keys import check_address, check_name, check_public
from dropbox.onion.services import Service

MODE = 0o640


@dataclass(frozen=True, slots=True)
class Known:
    """One service: its address, and by name the public keys of those who may use it."""

    address: str
    clients: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is not an address, a name, a key."""
        check_address(self.address)
        for name, public in self.clients.items():
            check_name(name)
            check_public(public)


def read_record(file: Path) -> dict[Service, Known]:
    """Read the file; nothing is known where there is none. Raises `KeyFault`."""
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        return {Service(name): Known(known["address"], known["clients"]) for name, known in table.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise KeyFault(f"the file of addresses {file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError, KeyFault) as error:
        raise KeyFault(f"the file of addresses {file} is damaged: restore it from its backup") from error


def write_record(file: Path, known: Mapping[Service, Known]) -> None:
    """Write the file in one step."""
    table = {service: {"address": one.address, "clients": dict(one.clients)} for service, one in known.items()}
    replace(file, (json.dumps(table, indent=2) + "\n").encode(), MODE)
