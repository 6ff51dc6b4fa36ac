import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import primitives, sizes
from dropbox.protocol.bulletin import Bulletin
from dropbox.protocol.envelope import EnvelopeWriter, first_head, later_head, payload_context
from dropbox.protocol.errors import DoesNotOpen, Malformed, ProtocolError, UnknownVersion, WrongInstance, WrongSize
from dropbox.protocol.opening import EnvelopeReader
from dropbox.protocol.payload import Event, FrameWriter, Message
from dropbox.protocol.primitives import PayloadEncryptor, hpke_seal, sha256
from dropbox.protocol.receipt import Receipt
from dropbox.protocol.secret_keys import XWingSecretKey
from dropbox.protocol.thread import ReporterKeys
from tests.simulators.basics import Clock, Seeded
from tests.simulators.bureau import SimulatedBureau

RANDOM = Seeded("envelope")
CLOCK = Clock()
BUREAU = SimulatedBureau(CLOCK, 4, "envelope")
BULLETIN = BUREAU.bulletin()
KEYS = ReporterKeys.derive(Receipt.generate(RANDOM), BULLETIN.instance)
LOW_ORDER = [bytes(32), b"\x01" + bytes(31), (2**255 - 20).to_bytes(32, "little"), (2**255 - 19).to_bytes(32, "little")]


def sealed(bulletin: Bulletin = BULLETIN, left_out: frozenset[bytes] = frozenset()) -> bytes:
    writer = EnvelopeWriter(bulletin, KEYS.auth, RANDOM, left_out)
    data = writer.begin(first_head(KEYS, bulletin, bytes(16), left_out), Message("A report."))
    data += writer.begin_file("a.txt") + writer.file_data(b"content") + writer.end_file()
    return data + b"".join(writer.finish())


GOOD = sealed()


def opened(data: bytes, desk: int = 0, bulletin: Bulletin = BULLETIN, pieces: list[int] | None = None) -> list[Event]:
    recipient = BUREAU.desks[desk]
    reader = EnvelopeReader(bulletin, recipient.identity, recipient.keyring.prekeys[CLOCK.day, 0])
    events: list[Event] = []
    start = 0
    for end in sorted(pieces or []):
        events += reader.feed(data[start:end])
        start = max(start, end)
    events += reader.feed(data[start:])
    return events + list(reader.finish())


@pytest.mark.parametrize("desk", range(4))
def test_every_recipient_opens_the_same_report(desk: int) -> None:
    assert opened(GOOD, desk) == opened(GOOD, 0)
    assert opened(GOOD, desk)[1] == Message("A report.")


@given(st.lists(st.integers(0, len(GOOD)), max_size=20))
def test_an_envelope_opens_in_pieces_of_any_length(places: list[int]) -> None:
    assert opened(GOOD, 1, pieces=places) == opened(GOOD, 1)


@given(st.integers(0, 8 * len(GOOD) - 1))
def test_an_envelope_with_any_bit_changed_is_refused(bit: int) -> None:
    """Also one in the slot of somebody else: all recipients see the same report, or none does."""
    altered = bytearray(GOOD)
    altered[bit // 8] ^= 1 << bit % 8
    for desk in (0, 3):
        with pytest.raises(ProtocolError):
            opened(bytes(altered), desk)


@given(st.integers(0, len(GOOD) - 1))
def test_an_envelope_that_is_cut_is_refused(length: int) -> None:
    with pytest.raises(ProtocolError):
        opened(GOOD[:length])


@given(st.binary(min_size=1, max_size=40))
def test_an_envelope_with_something_after_it_is_refused(more: bytes) -> None:
    with pytest.raises(ProtocolError):
        opened(GOOD + more)


@given(st.binary(max_size=100), st.integers(0, len(GOOD)))
def test_any_bytes_are_refused_with_our_own_error(data: bytes, place: int) -> None:
    with pytest.raises(ProtocolError):
        opened(data)
    spliced = GOOD[:place] + data + GOOD[place + len(data) :]
    if spliced != GOOD:
        with pytest.raises(ProtocolError):
            opened(spliced)


@pytest.mark.parametrize("point", LOW_ORDER)
def test_a_slot_with_a_point_of_low_order_is_refused_with_our_own_error(point: bytes) -> None:
    place = sizes.PREFIX + 1088
    with pytest.raises(DoesNotOpen):
        opened(GOOD[:place] + point + GOOD[place + 32 :])


def test_slots_that_changed_places_are_refused() -> None:
    first, second = (slice(sizes.PREFIX + n * sizes.SLOT, sizes.PREFIX + (n + 1) * sizes.SLOT) for n in (0, 1))
    swapped = GOOD[: sizes.PREFIX] + GOOD[second] + GOOD[first] + GOOD[second.stop :]
    for desk in range(4):
        with pytest.raises(DoesNotOpen):
            opened(swapped, desk)


def test_slots_of_another_envelope_are_refused() -> None:
    other = sealed()
    with pytest.raises(DoesNotOpen):
        opened(GOOD[: sizes.PREFIX] + other[sizes.PREFIX : sizes.HEADER] + GOOD[sizes.HEADER :])
    with pytest.raises(DoesNotOpen):
        opened(other[: sizes.HEADER] + GOOD[sizes.HEADER :])


def test_chunks_of_the_payload_that_changed_places_are_refused() -> None:
    writer = EnvelopeWriter(BULLETIN, KEYS.auth, RANDOM)
    data = writer.begin(later_head(KEYS, bytes(16)), Message("x")) + writer.begin_file("a")
    data += writer.file_data(RANDOM(100_000)) + writer.end_file() + b"".join(writer.finish())
    start, chunk = sizes.HEADER + sizes.PAYLOAD_SALT + sizes.PAYLOAD_COMMITMENT, sizes.PAYLOAD_CHUNK + sizes.AEAD_TAG
    first, second = data[start : start + chunk], data[start + chunk : start + 2 * chunk]
    assert opened(data)
    for altered in (
        data[:start] + second + first + data[start + 2 * chunk :],
        data[:start] + first + first + data[start + 2 * chunk :],
        data[:start] + first + data[start + 2 * chunk :],
        data[:-chunk],
    ):
        with pytest.raises(DoesNotOpen):
            opened(altered)


def test_an_envelope_of_another_bulletin_is_refused() -> None:
    other = SimulatedBureau(CLOCK, 4, "another").bulletin()
    with pytest.raises(WrongInstance):
        opened(GOOD, bulletin=other)
    tomorrow = BUREAU.bulletin(CLOCK.day + 1)
    with pytest.raises(WrongInstance):
        opened(GOOD, bulletin=tomorrow)
    with pytest.raises(UnknownVersion):
        opened(b"DBXENV02" + GOOD[8:])


def test_an_envelope_to_a_bulletin_that_says_something_else_is_refused() -> None:
    """Same day, revision and keys, another text: the hash of the bulletin is in every derivation."""
    altered = Bulletin(
        **{name: getattr(BULLETIN, name) for name in Bulletin.__dataclass_fields__} | {"board_period": 60}
    )
    with pytest.raises(DoesNotOpen):
        opened(sealed(altered))


def test_a_recipient_left_out_cannot_open_it_and_the_slot_looks_like_any() -> None:
    left_out = BUREAU.desks[2].identity
    data = sealed(left_out=frozenset({left_out}))
    assert len(data) == len(GOOD)
    with pytest.raises(DoesNotOpen):
        opened(data, 2)
    head = opened(data, 0)[0]
    assert left_out not in [keys.recipient for keys in head.reply_keys]  # type: ignore[union-attr]  # it is a Head


def of_frames(frames: bytes, size: int = 16 * sizes.KIB, *, padded: bytes = b"\0") -> bytes:
    """An envelope by somebody who has the bulletin and keeps to none of the rules inside."""
    file_key = RANDOM(32)
    prefix = sizes.Prefix(BULLETIN.day, 0, RANDOM(14)).to_bytes()
    from_label = [
        hpke_seal(entry.prekey, _info(prefix, place), file_key) for place, entry in enumerate(BULLETIN.recipients)
    ]
    header = prefix + b"".join(from_label)
    stream = PayloadEncryptor(file_key, payload_context(header, BULLETIN.hash))
    chunks = -(-(size - sizes.HEADER - 56) // (sizes.PAYLOAD_CHUNK + sizes.AEAD_TAG))
    room = size - sizes.HEADER - 56 - chunks * sizes.AEAD_TAG
    return header + stream.update(frames + padded * (room - len(frames))) + stream.finalize()


def _info(prefix: bytes, place: int) -> bytes:
    return b"dropbox/v1/slot\0" + BULLETIN.instance + prefix + BULLETIN.hash + place.to_bytes(2, "big")


def frames() -> bytes:
    writer = FrameWriter(KEYS.auth, sha256(b"another header"))
    return writer.begin(later_head(KEYS, bytes(16)), Message("x")) + writer.end()


def test_a_well_sealed_envelope_off_the_ladder_is_refused() -> None:
    assert opened(of_frames(frames()))
    for size in (16 * sizes.KIB - 1, 17 * sizes.KIB, 32 * sizes.KIB):
        with pytest.raises(WrongSize):
            opened(of_frames(frames(), size))


def test_a_well_sealed_envelope_whose_padding_is_not_zeros_is_refused() -> None:
    with pytest.raises(Malformed):
        opened(of_frames(frames(), padded=b"\x01"))


def test_a_well_sealed_envelope_without_an_end_is_refused() -> None:
    with pytest.raises(ProtocolError):
        opened(of_frames(frames()[:-37]))
    with pytest.raises(ProtocolError):
        opened(of_frames(b""))


def test_a_mac_of_another_envelope_is_not_authentic() -> None:
    recipient = BUREAU.desks[0]
    reader = EnvelopeReader(BULLETIN, recipient.identity, recipient.keyring.prekeys[CLOCK.day, 0])
    assert [*reader.feed(of_frames(frames())), *reader.finish()]
    assert not reader.authentic(KEYS.auth)
    reader = EnvelopeReader(BULLETIN, recipient.identity, recipient.keyring.prekeys[CLOCK.day, 0])
    assert [*reader.feed(GOOD), *reader.finish()]
    assert reader.authentic(KEYS.auth)
    assert not reader.authentic(bytes(32))


def test_a_recipient_that_the_bulletin_does_not_name_has_no_slot() -> None:
    with pytest.raises(WrongInstance):
        EnvelopeReader(BULLETIN, bytes(16), XWingSecretKey(bytes(32)))
    reader = EnvelopeReader(BULLETIN, BUREAU.desks[0].identity, XWingSecretKey(bytes(32)))
    with pytest.raises(ValueError, match="before the end"):
        reader.authentic(bytes(32))


def test_every_slot_is_a_real_seal_used_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """One ML-KEM ciphertext is told from random bytes most of the time: no slot may be random bytes."""
    bureau = SimulatedBureau(CLOCK, 2, "two recipients")
    bulletin = bureau.bulletin()
    made: list[bytes] = []

    def counted(public: bytes, info: bytes, plaintext: bytes) -> bytes:
        made.append(hpke_seal(public, info, plaintext))
        assert len(plaintext) == sizes.SYMMETRIC_KEY
        return made[-1]

    monkeypatch.setattr(primitives, "hpke_seal", counted)
    data = sealed(bulletin, frozenset({bureau.desks[1].identity}))
    assert data[sizes.PREFIX : sizes.HEADER] == b"".join(made)
    assert len(set(made)) == sizes.SLOTS
