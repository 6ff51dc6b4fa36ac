"""What comes over a wire: signed requests, and what a hostile host answers to the reporter's client and to the desk."""

import json

from dropbox.bureau.host import Host
from dropbox.courier.client import _code
from dropbox.courier.errors import CourierError, PeerError, SignatureRefusedError
from dropbox.courier.signing import (
    COMPONENTS,
    KEY_BYTES,
    NONCE_BYTES,
    TAG,
    CourierKey,
    Request,
    SignedHeaders,
    Verifier,
    audience,
    sign_request,
)
from dropbox.gateway.errors import BadProxyLine
from dropbox.gateway.proxy_line import circuit_of
from dropbox.protocol import documents, secret_keys, sizes
from dropbox.reporter.errors import VisitError
from dropbox.reporter.session import Upload, UploadState
from dropbox.reporter.transport import Response
from tests.fuzz import world
from tests.fuzz.source import Source, altered, spliced, written
from tests.fuzz.target import Target
from tests.simulators.basics import run

_AUDIENCE = audience("desk-courier", world.instance)
_REQUEST = Request("POST", "/v1/confirmations?a=b", b'{"keys":[]}')
_HEADERS = sign_request(_REQUEST, world.courier, _AUDIENCE, world.NOW, bytes(NONCE_BYTES))
_VERIFIER = Verifier(_AUDIENCE, lambda _: (world.courier.public, CourierKey(bytes(KEY_BYTES)).public))
_NAMES = tuple(sorted(name.lower() for name in _HEADERS))
_SMALL = {name.lower(): value for name, value in _HEADERS.items()}
_COVERED = " ".join(f'"{name}"' for name in COMPONENTS)
_PARAMETERS = _SMALL["signature-input"].removeprefix(f"courier=({_COVERED})").removeprefix(";").split(";")


def _signed(data: bytes) -> None:
    source = Source(data)
    mode = source.byte()
    headers = {name: [value] for name, value in _SMALL.items()}
    target = _REQUEST.target
    if mode == 0:
        headers = {name: [source.text()] for name in _NAMES}
    elif mode == 1:
        headers = {name: [spliced(value.encode(), source).decode("latin-1")] for name, value in _SMALL.items()}
        if source.byte() == 1:
            headers.setdefault(source.one_of(*_NAMES), []).append(source.text())
    elif mode == 2:
        target = spliced(target.encode(), source).decode("latin-1")
    else:
        _sign_again(headers, source)
    try:
        found = _VERIFIER.verify_headers(_REQUEST.method, target, headers, world.NOW)
        found.require_body(_REQUEST.body)
    except SignatureRefusedError:
        return
    _require_canonical(found, headers)


def _sign_again(headers: dict[str, list[str]], source: Source) -> None:
    """Other parameters and other components under a signature that is right (RFC 9421, section 2.5)."""
    parameters = [spliced(one.encode(), source).decode("latin-1") for one in _PARAMETERS]
    if source.byte() == 1:
        parameters.append(source.one_of("x=1", 'alg="ed25519"', "created=1", "expires=99999999999", 'tag=""', "nonce"))
    components = spliced(_COVERED.encode(), source).decode("latin-1")
    line = f"({components});{';'.join(parameters)}"
    values = {
        "@method": _REQUEST.method, "@authority": _AUDIENCE, "@path": "/v1/confirmations", "@query": "?a=b",
        "content-digest": headers["content-digest"][0],
    }  # fmt: skip
    lines = [
        f'"{name}": {values[name]}' for name in (part.strip('"') for part in components.split(" ")) if name in values
    ]
    base = "\n".join([*lines, f'"@signature-params": {line}'])
    signature = secret_keys._sign(world.courier.seed, base.encode("latin-1", "replace"))
    headers["signature-input"] = [f"courier={line}"]
    headers["signature"] = [f"courier=:{documents.to_base64(signature)}:"]


def _require_canonical(found: SignedHeaders, headers: dict[str, list[str]]) -> None:
    """What is accepted has one spelling: signing the same again would give the same names."""
    assert len(found.nonce) == NONCE_BYTES
    line = headers["signature-input"][0]
    assert line.startswith(f"courier=({_COVERED});")
    assert f'tag="{TAG}"' in line


def _signed_seeds() -> list[bytes]:
    whole = b"".join(bytes((min(255, len(_SMALL[name])),)) + _SMALL[name].encode()[:255] for name in _NAMES)
    return [b"\0" + whole, b"\1", b"\2", b"\3", b"\1\1\10\0\3", b"\2\1\5\1\1/", b"\3\0\0\0\0\0\1\1", b"\3\1\11\1\1 "]


def _resume(data: bytes) -> None:
    source = Source(data)
    upload = Upload(bytes(16))
    whole = source.one_of(16 * sizes.KIB, 256 * sizes.KIB, 16 * sizes.KIB, 2 * sizes.MIB)
    upload.add(bytes(whole))
    if source.byte() & 1:
        upload.end(whole)
    try:
        for _ in range(8):
            if source.byte() & 1:
                upload.interrupted()
            if upload.next_request() is None:
                break
            upload.receive(Response(source.one_of(200, 404, 503, 507, 0), _answer(source)))
    except VisitError:
        return
    assert upload.state in UploadState


def _answer(source: Source) -> bytes:
    base = source.one_of(
        {}, {"chunks": 0, "finished": False}, {"chunks": 1, "finished": True}, {"error": "full"},
        {"error": "unknown_upload"},
    )  # fmt: skip
    return spliced(written(altered(base, source), source), source)


def _resume_seeds() -> list[bytes]:
    return [b"\2\1", b"\2\1\1\0\1\0\0\0", b"\0\1\0\0\0\0\0", b"\2\1\1\1\4\0", b"\1\1\1\0\2"]


def _listed(place: int) -> dict[str, object]:
    return {"key": f"{place:032x}", "size": 16384, "day": world.DAY, "revision": 0}


_FULL_PAGE = json.dumps({"envelopes": [_listed(place) for place in range(10_000)]}).encode()


class _Lying:
    """A courier whose other side answers whatever it likes."""

    def __init__(self, source: Source) -> None:
        self._source, self._left = source, 6

    async def get(self, target: str, *, limit: int = 0) -> bytes:
        """Any answer; a host that never ends ends here."""
        del target, limit
        if not self._left:
            raise PeerError(503)
        self._left -= 1
        base = self._source.one_of({"envelopes": [_listed(self._left)]}, {"keys": ["00" * 16]}, {})
        if not base and self._source.byte() == 1:
            return _FULL_PAGE
        return spliced(written(altered(base, self._source), self._source), self._source)

    put = post = get


def _listing(data: bytes) -> None:
    source = Source(data)
    host = Host(_Lying(source))  # type: ignore[arg-type]  # its put and post take no body
    _code(data)
    for asked in (host.envelopes(), host.outcomes()):
        try:
            run(asked)
        except CourierError:
            continue


def _listing_seeds() -> list[bytes]:
    return [b"\0", b"\1", b"\0\1\1\1\1\0\5", b"\0\1\3\1\0\0\3\4", b"\0\2\1\1\0\0\1\1\2\3\7"]


_PROXY = b"PROXY TCP6 fc00:dead:beef:4dad::1:2 ::1 9 80\r\n"


def _proxy(data: bytes) -> None:
    source = Source(data)
    line = source.rest() if source.byte() == 0 else spliced(_PROXY, source)
    try:
        circuit = circuit_of(line)
    except BadProxyLine:
        return
    assert 0 <= circuit < 1 << 32
    assert line.startswith(b"PROXY TCP6 fc")


def _proxy_seeds() -> list[bytes]:
    return [b"\0" + _PROXY, b"\1", b"\1\1\40\3\0\0\1", b"\0PROXY UNKNOWN\r\n", b"\0PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n"]


TARGETS = (
    Target("proxy", _proxy, _proxy_seeds, longest=256, share=5),
    Target("signed", _signed, _signed_seeds, longest=1024, share=10),
    Target("resume", _resume, _resume_seeds, longest=256, share=4),
    Target("listing", _listing, _listing_seeds, longest=512, share=1),
)
