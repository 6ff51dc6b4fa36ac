import nacl.signing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import documents, keys, primitives
from dropbox.protocol.errors import BadSignature, DoesNotOpen, Malformed, OutsideDates, ProtocolError, WrongInstance
from dropbox.protocol.keys import Certificate, Role, RootPublicKey
from dropbox.protocol.labels import SIGN_CERTIFICATE
from dropbox.protocol.secret_keys import RootSecretKey, SigningKey, XWingSecretKey
from tests.simulators.basics import Seeded

RANDOM = Seeded("keys")
ROOT = RootSecretKey.generate(RANDOM)
SIGNING = SigningKey.generate(Role.BOARD, RANDOM)
BOX = XWingSecretKey.generate(RANDOM)
P = 2**255 - 19
LOW_ORDER = [
    0,
    1,
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
    P - 1,
]


def key_for(role: Role) -> bytes:
    return BOX.public if role in keys.XWING_ROLES else SIGNING.public


@given(st.sampled_from(Role), st.integers(0, keys.MAX_DAY), st.integers(0, keys.MAX_DAY))
def test_a_certificate_is_read_as_it_was_signed(role: Role, first: int, last: int) -> None:
    if first > last:
        with pytest.raises(Malformed):
            ROOT.certify(role, key_for(role), first, last)
        return
    certificate = keys.verify_certificate(ROOT.certify(role, key_for(role), first, last), ROOT.public)
    assert certificate == Certificate(role, key_for(role), first, last, ROOT.public.instance)
    assert certificate.covers(first)
    assert certificate.covers(last)
    assert not certificate.covers(first - 1)
    assert not certificate.covers(last + 1)


@given(st.sampled_from(Role), st.data())
def test_a_certificate_with_any_bit_changed_is_refused(role: Role, data: st.DataObject) -> None:
    signed = bytearray(ROOT.certify(role, key_for(role), 1, 2))
    bit = data.draw(st.integers(0, 8 * len(signed) - 1))
    signed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProtocolError):
        keys.verify_certificate(bytes(signed), ROOT.public)


def test_a_certificate_of_another_root_is_refused() -> None:
    other = RootSecretKey.generate(RANDOM)
    with pytest.raises(BadSignature):
        keys.verify_certificate(other.certify(Role.BOARD, SIGNING.public, 1, 2), ROOT.public)
    body = Certificate(Role.BOARD, SIGNING.public, 1, 2, other.public.instance).to_body()
    from_label = SigningKey(Role.BOARD, ROOT.seed)
    with pytest.raises(BadSignature):
        keys.verify_certificate(documents.sign_document("certificate", body, from_label.sign), ROOT.public)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "root"), ("role", ""), ("version", 2), ("not_before", -1), ("not_after", 2**32), ("key", "AA=="),
        ("instance", "00" * 16), ("instance", ""), ("not_before", True), ("more", 1),
    ],
)  # fmt: skip
def test_a_certificate_that_the_root_signed_with_a_field_out_of_form_is_refused(field: str, value: object) -> None:
    body = Certificate(Role.BOARD, SIGNING.public, 1, 2, ROOT.public.instance).to_body() | {field: value}
    data = documents.sign_document("certificate", body, sign_as_root)
    with pytest.raises((Malformed, WrongInstance)):
        keys.verify_certificate(data, ROOT.public)


def sign_as_root(body: bytes) -> bytes:
    return bytes(nacl.signing.SigningKey(ROOT.seed).sign(SIGN_CERTIFICATE + body).signature)


def test_a_key_is_certified_for_its_role_and_days_only() -> None:
    certificates = [
        keys.verify_certificate(ROOT.certify(Role.BOARD, SIGNING.public, 10, 20), ROOT.public),
        keys.verify_certificate(ROOT.certify(Role.BOARD, ROOT.public.raw, 15, 30), ROOT.public),
    ]
    assert keys.certified(certificates, Role.BOARD, 12) == (SIGNING.public,)
    assert keys.certified(certificates, Role.BOARD, 15) == (SIGNING.public, ROOT.public.raw)
    with pytest.raises(OutsideDates):
        keys.certified(certificates, Role.BOARD, 31)
    with pytest.raises(BadSignature):
        keys.certified(certificates, Role.BULLETIN, 12)


@pytest.mark.parametrize("number", LOW_ORDER)
def test_points_of_low_order_are_refused(number: int) -> None:
    point = number.to_bytes(32, "little")
    with pytest.raises(Malformed):
        primitives.check_x25519_public(point)
    with pytest.raises(DoesNotOpen):
        primitives.x25519(RANDOM(32), point)


@pytest.mark.parametrize("number", [P, P + 1, P + 9, 2**255 - 1, 2**255 + 9, 2**256 - 1])
def test_second_spellings_of_a_point_are_refused(number: int) -> None:
    with pytest.raises(Malformed):
        primitives.check_x25519_public(number.to_bytes(32, "little"))


@given(st.binary(max_size=40))
def test_any_bytes_are_an_x25519_key_or_refused(data: bytes) -> None:
    if len(data) != 32:
        with pytest.raises(Malformed):
            primitives.check_x25519_public(data)
        with pytest.raises(DoesNotOpen):
            primitives.x25519(bytes(32), data)
        with pytest.raises(DoesNotOpen):
            primitives.x25519(data, b"\x09" + bytes(31))
        with pytest.raises(ValueError, match="32 bytes"):
            primitives.x25519_public(data)


@pytest.mark.parametrize(
    "public",
    [
        b"", BOX.public[:-1], BOX.public + b"\0", b"\xff" * 1184 + BOX.public[1184:], BOX.public[:1184] + bytes(32),
        BOX.public[:1184] + P.to_bytes(32, "little"), b"\xff\x0f" + BOX.public[2:],
    ],
)  # fmt: skip
def test_an_x_wing_key_of_another_form_is_refused(public: bytes) -> None:
    with pytest.raises(Malformed):
        primitives.check_xwing_public(public)
    with pytest.raises(Malformed):
        Certificate(Role.MINISTRY_CARD_BOX, public, 1, 2, bytes(16))


def test_an_x_wing_key_is_what_its_seed_says() -> None:
    primitives.check_xwing_public(BOX.public)
    assert XWingSecretKey(BOX.seed).public == BOX.public
    primitives.check_xwing_public(primitives.throw_away_xwing_public())
    assert primitives.throw_away_xwing_public() != primitives.throw_away_xwing_public()


def test_a_root_key_is_32_bytes_and_names_its_instance() -> None:
    for raw in (b"", bytes(31), bytes(33)):
        with pytest.raises(Malformed):
            RootPublicKey(raw)
    with pytest.raises(Malformed):
        RootPublicKey.from_hex(ROOT.public.raw.hex().upper())
    assert RootPublicKey.from_hex(ROOT.public.raw.hex()) == ROOT.public
    assert len(ROOT.public.instance) == 16
    assert ROOT.public.fingerprint[:16] != ROOT.public.instance


def test_secret_keys_do_not_show_themselves() -> None:
    for secret in (ROOT, SIGNING, BOX):
        assert secret.seed.hex() not in repr(secret)
        assert str(secret.seed) not in repr(secret)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_what_is_sealed_once_opens_under_its_key_and_context_only(plaintext: bytes, aad: bytes) -> None:
    key = RANDOM(32)
    sealed = primitives.seal_once(key, plaintext, aad)
    assert primitives.open_once(key, sealed, aad) == plaintext
    for other_key, data, other_aad in ((RANDOM(32), sealed, aad), (key, sealed[:-1], aad), (key, sealed, aad + b"\0")):
        with pytest.raises(DoesNotOpen):
            primitives.open_once(other_key, data, other_aad)


def test_a_buffer_that_was_wiped_holds_zeros() -> None:
    buffer = bytearray(b"a secret")
    primitives.wipe(buffer)
    assert buffer == bytes(8)


@pytest.mark.parametrize("length", [0, 33, -1])
def test_one_block_of_expansion_is_all_there_is(length: int) -> None:
    with pytest.raises(ValueError, match="1 to 32"):
        primitives.hkdf_expand(bytes(32), b"", length)
