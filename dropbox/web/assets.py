"""Static files from memory: named by their hash, compressed once, never looked up on disk by a visitor's path."""

import base64
import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources

_KINDS = {".css": "text/css", ".js": "text/javascript", ".png": "image/png", ".txt": "text/plain"}
_HASH_LENGTH = 12


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file: its path on the site, its type, its bytes as they are and compressed."""

    url: str
    content_type: str
    plain: bytes
    compressed: bytes

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the bytes as they are."""
        return hashlib.sha256(self.plain).digest()

    @property
    def integrity(self) -> str:
        """What a page says of the file (Subresource Integrity): a browser runs no other bytes."""
        return f"sha256-{base64.b64encode(self.digest).decode()}"


def takes_gzip(offers: str) -> bool:
    """Tell whether a browser with this `Accept-Encoding` takes gzip (every browser does; `q=0` is honoured)."""
    found = [offer.strip().lower() for offer in offers.split(",")]
    return any(offer.partition(";")[0].strip() == "gzip" and not offer.endswith("q=0") for offer in found)


def compress(plain: bytes) -> bytes:
    """Compress what is the same for everybody: the same bytes every time, without a time stamp.

    Never a personal page: compression leaks its content.
    """
    return gzip.compress(plain, compresslevel=9, mtime=0)


def load(package: str, name: str) -> StaticFile:
    """Load `package`'s `static/<name>`; its address carries the hash of its content."""
    plain = (resources.files(package) / "static" / name).read_bytes()
    stem, dot, extension = name.rpartition(".")
    digest = hashlib.sha256(plain).hexdigest()[:_HASH_LENGTH]
    url = f"/static/{stem}-{digest}{dot}{extension}"
    return StaticFile(url, _KINDS[dot + extension], plain, compress(plain))


def bundle(name: str, *parts: tuple[str, str]) -> StaticFile:
    """Return one stylesheet from several (package, file): one request, named by the hash of the whole."""
    plain = b"".join(load(package, file).plain for package, file in parts)
    digest = hashlib.sha256(plain).hexdigest()[:_HASH_LENGTH]
    return StaticFile(f"/static/{name}-{digest}.css", _KINDS[".css"], plain, compress(plain))
