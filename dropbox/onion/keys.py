"""Keys of onion services and of those who may use them, in tor's own formats; bytes in, bytes out.

Sources: rend-spec-v3, "Encoding onion addresses" and "Client behaviour"; tor(1), HIDDEN SERVICE OPTIONS and CLIENT
AUTHORIZATION.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from dropbox.onion.errors import KeyFault

SEED = 32  # bytes
X25519 = 32
SUFFIX = ".onion"

_SECRET_HEAD = b"== ed25519v1-secret: type0 ==\0\0\0"
_PUBLIC_HEAD = b"== ed25519v1-public: type0 ==\0\0\0"
_VERSION = b"\x03"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_BASE32_KEY = 52  # characters of 32 bytes, without padding

NOBODY = "nobody"  # the client whose private key was never kept


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """The three files of a service, as tor reads them."""

    secret: bytes
    public: bytes
    address: str


def service_keys(random: Callable[[int], bytes]) -> ServiceKeys:
    """Make the keys of a new service; `random(n)` gives n bytes."""
    seed = random(SEED)
    expanded = bytearray(hashlib.sha512(seed).digest())
    expanded[0] &= 248
    expanded[31] = (expanded[31] & 63) | 64
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return ServiceKeys(_SECRET_HEAD + bytes(expanded), _PUBLIC_HEAD + public, _address(public))


def address_of(public_file: bytes) -> str:
    """Return the address whose public key this file holds. Raises `KeyFault`."""
    if len(public_file) != len(_PUBLIC_HEAD) + 32 or not public_file.startswith(_PUBLIC_HEAD):
        raise KeyFault("the file of a public key is damaged: restore the folder of keys from its backup")
    return _address(public_file[len(_PUBLIC_HEAD) :])


def is_secret_key(secret_file: bytes) -> bool:
    """Whether a file holds the secret key of a service, by its form."""
    return len(secret_file) == len(_SECRET_HEAD) + 64 and secret_file.startswith(_SECRET_HEAD)


def client_key(random: Callable[[int], bytes]) -> tuple[str, str]:
    """Make the key of somebody who may use a service: (private, public), both in base32 as tor's files have them."""
    private = random(X25519)
    public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return _base32(private), _base32(public)


def private_line(address: str, private: str) -> str:
    """Return the line of the client's own file (`NAME.auth_private` in its ClientOnionAuthDir)."""
    return f"{check_address(address).removesuffix(SUFFIX)}:descriptor:x25519:{private}\n"


def public_line(public: str) -> str:
    """Return the line of the service's file (`authorized_clients/NAME.auth`). Raises `KeyFault`."""
    return f"descriptor:x25519:{check_public(public)}\n"


def check_public(public: str) -> str:
    """Return a client's public key, spelled as tor does. Raises `KeyFault`."""
    spelled = public.removeprefix("descriptor:x25519:")
    try:
        raw = base64.b32decode(spelled + "====")
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != X25519 or _base32(raw) != spelled:
        raise KeyFault(f"a client's public key is {_BASE32_KEY} capital letters and digits, as `keys client` says it")
    return spelled


def check_name(name: str) -> str:
    """Return the name of a client, which becomes a file's. Raises `KeyFault`."""
    if not _NAME.fullmatch(name) or name == NOBODY:
        raise KeyFault("a client's name is 1 to 32 small letters, digits and hyphens, and not 'nobody'")
    return name


def check_address(address: str) -> str:
    """Return an onion address of version 3. Raises `KeyFault`."""
    try:
        raw = base64.b32decode(address.removesuffix(SUFFIX).upper())
    except (binascii.Error, ValueError):
        raw = b""
    if _address(raw[:32]) != address:
        raise KeyFault("this is not an onion address: 56 letters and digits, then .onion")
    return address


def _address(public: bytes) -> str:
    checksum = hashlib.sha3_256(b".onion checksum" + public + _VERSION).digest()[:2]
    return base64.b32encode(public + checksum + _VERSION).decode().lower() + SUFFIX


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=")
