"""What auditors exchange, and what a reporter may write to pass for one: observation, cosignature, canary."""

from dropbox.auditor.keys import AuditorKey
from dropbox.protocol import canary, cosignature, labels
from dropbox.protocol.cosignature import Cosignature
from dropbox.protocol.errors import ProtocolError
from dropbox.protocol.observation import Observation, Sighting, verify_observation
from tests.fuzz import world
from tests.fuzz.source import Source, altered, signed, spliced
from tests.fuzz.target import Target

_KEY = AuditorKey(bytes(range(32)))
_THREAD = bytes(range(16))
_COSIGNED = Cosignature.of(world.bulletin, _KEY.public, world.DAY)
_OBSERVED = Observation(
    instance=world.instance,
    auditor=_KEY.public,
    day=world.DAY,
    sightings=(Sighting(world.DAY, "bulletin", "0", bytes(32)),),
    findings=("page",),
)
_CANARY = canary.text(_KEY.public, world.instance, _THREAD, world.DAY, _KEY.sign)


def _observation(data: bytes) -> None:
    try:
        found = verify_observation(_document("observation", _OBSERVED.to_body(), labels.SIGN_OBSERVATION, data))
    except ProtocolError:
        return
    assert found.to_body() == Observation(**vars(found)).to_body()


def _cosignature(data: bytes) -> None:
    document = _document("cosignature", _COSIGNED.to_body(), labels.SIGN_COSIGNATURE, data)
    try:
        found = cosignature.verify_cosignature(document)
        cosignature.Quorum(frozenset({_KEY.public}), 1).require(world.bulletin, [document, data])
    except ProtocolError:
        return
    assert found == Cosignature(**vars(found) | {"hash": world.bulletin.hash})


def _document(kind: str, body: object, label: bytes, data: bytes) -> bytes:
    source = Source(data)
    if source.byte() == 0:
        return source.rest()
    return signed(kind, altered(body, source), lambda content: _KEY.sign(label + content), source)


def _canary(data: bytes) -> None:
    source = Source(data)
    text = source.rest().decode(errors="replace") if source.byte() == 0 else ""
    text = text or spliced(_CANARY.encode(), source).decode(errors="replace")
    found = canary.signer(text, world.instance, _THREAD, world.DAY, [_KEY.public])
    assert (found is not None) == (text == _CANARY), "only the marker itself is one"
    assert canary.signer(text, world.instance, bytes(16), world.DAY, [_KEY.public]) is None


def _seeds() -> list[bytes]:
    return [b"\0{}", b"\1", b"\1\1\1\3\0\4", b"\1\2\1\1\5\2\1\7\1\2\0\0"]


def _canary_seeds() -> list[bytes]:
    return [b"\0" + _CANARY.encode(), b"\0canary", b"\1", b"\1\1\5\2\1\7"]


TARGETS = (
    Target("observation", _observation, _seeds, longest=1024, share=4),
    Target("cosignature", _cosignature, _seeds, longest=1024, share=4),
    Target("canary", _canary, _canary_seeds, longest=512, share=4),
)
