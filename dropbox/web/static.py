"""Static files from memory: named by their hash, compressed once, never looked up on disk by a visitor's path."""

import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources

from aiohttp import web

from dropbox.web.headers import Allowed, allow

_KINDS = {".css": "text/css", ".js": "text/javascript", ".png": "image/png"}
_HASH_LENGTH = 12


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file: its path on the site, its type, its bytes as they are and compressed."""

    url: str
    content_type: str
    plain: bytes
    compressed: bytes

    def response(self, request: web.Request) -> web.Response:
        """Return the file, compressed when the browser takes gzip."""
        response = public_bytes(request, self.plain, self.compressed, self.content_type)
        allow(response, Allowed(cache=True))
        return response


def accepts_gzip(request: web.Request) -> bool:
    """Tell whether the browser takes gzip (every browser does; `q=0` is honoured)."""
    offers = [offer.strip().lower() for offer in request.headers.get("Accept-Encoding", "").split(",")]
    return any(offer.partition(";")[0].strip() == "gzip" and not offer.endswith("q=0") for offer in offers)


def public_bytes(request: web.Request, plain: bytes, compressed: bytes, content_type: str) -> web.Response:
    """Answer with bytes that are the same for everybody. Never for a personal page: compression leaks its content."""
    response = web.Response(body=plain, content_type=content_type)
    if content_type.startswith("text/"):
        response.charset = "utf-8"
    if accepts_gzip(request):
        response.body = compressed
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def compress(plain: bytes) -> bytes:
    """Compress for `public_bytes`: the same bytes every time, without a time stamp."""
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


def add_route(app: web.Application, file: StaticFile) -> None:
    """Serve `file` at its address."""

    async def serve(request: web.Request) -> web.Response:
        return file.response(request)

    app.router.add_get(file.url, serve)
