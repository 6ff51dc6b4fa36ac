"""Onion services that a control connection makes, and the keys of client authorisation."""

from __future__ import annotations

from base64 import b32encode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from deploy.demo.tornet.node import Node
from deploy.demo.tornet.waiting import PATIENCE
from dropbox.onion.services import Offered, Service, options

NEW_KEY = "NEW:ED25519-V3"


@dataclass(frozen=True)
class Onion:
    """A published service. ``key``: for the same address again."""

    service_id: str
    key: str

    @property
    def host(self) -> str:
        """The host name."""
        return f"{self.service_id}.onion"

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://{self.host}"


@dataclass(frozen=True)
class ClientKey:
    """A key of client authorisation: ``private`` for the client's tor, ``public`` for the service's."""

    private: str
    public: str


def service_lines(folder: Path, socket: Path) -> str:
    """The lines of a torrc for the reporters' service, the same as in production.

    ``folder``: where tor keeps the address. ``socket``: the gateway's, which need not exist yet.
    """
    service = Offered(Service.REPORTERS, folder, socket)
    return "".join(f"{name} {value}\n" for name, value in options(service))


def address_of(folder: Path) -> str:
    """The host name of such a service; it is the same for as long as the folder is."""
    return (folder / "hostname").read_text().strip()


def new_client_key() -> ClientKey:
    """A fresh pair, in the spellings that tor's commands take."""
    secret = X25519PrivateKey.generate()
    public = secret.public_key().public_bytes_raw()
    return ClientKey(b64encode(secret.private_bytes_raw()).decode(), b32encode(public).decode().rstrip("="))


def publish(
    node: Node,
    ports: Mapping[int, str],
    *,
    key: str = NEW_KEY,
    client_keys: Sequence[str] = (),
    proof_of_work: bool = False,
) -> Onion:
    """``ADD_ONION`` on a running tor, then waits until the descriptor can be found.

    ``ports``: where each port of the service leads, as ``127.0.0.1:8080`` or ``unix:/path``.
    """
    words = ["ADD_ONION", key]
    words += ["Flags=V3Auth"] if client_keys else []
    words += ["PoWDefensesEnabled=1"] if proof_of_work else []
    words += [f"Port={port},{target}" for port, target in ports.items()]
    words += [f"ClientAuthV3={public}" for public in client_keys]
    with node.uploads() as uploads:
        answer = dict(line.split("=", 1) for line in node.command(" ".join(words)) if "=" in line)
        uploads.wait_for(answer["ServiceID"], PATIENCE)
    return Onion(answer["ServiceID"], answer.get("PrivateKey", key))


def withdraw(node: Node, onion: Onion) -> None:
    """``DEL_ONION``: the service is gone, its circuits with it."""
    node.command(f"DEL_ONION {onion.service_id}")


def authorise(client: Node, onion: Onion, key: ClientKey) -> None:
    """Gives a client's tor its key; ``SIGNAL NEWNYM`` makes it forget the key again."""
    client.command(f"ONION_CLIENT_AUTH_ADD {onion.service_id} x25519:{key.private}")
