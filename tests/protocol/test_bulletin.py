from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import documents, sizes
from dropbox.protocol.bulletin import (
    DAILY,
    FALLBACK,
    Bulletin,
    Recipient,
    sign_bulletin,
    verify_bulletin,
    verify_stored_bulletin,
)
from dropbox.protocol.errors import BadSignature, Malformed, OutsideDates, ProtocolError, WrongInstance
from dropbox.protocol.keys import Role
from dropbox.protocol.secret_keys import XWingSecretKey
from tests.simulators.basics import Clock, Seeded
from tests.simulators.bureau import SimulatedBureau

CLOCK = Clock()
BUREAU = SimulatedBureau(CLOCK, 2, "bulletin")
ROOT = BUREAU.root.public
SIGN = BUREAU.signing[Role.BULLETIN].sign
BULLETIN = BUREAU.bulletin()
SIGNED = BUREAU.signed(BULLETIN)
START = BULLETIN.day * sizes.DAY
RANDOM = Seeded("bulletin keys")
PUBLICS = [XWingSecretKey.generate(RANDOM).public for _ in range(4)]
recipients = st.lists(
    st.builds(Recipient, st.binary(min_size=16, max_size=16), st.sampled_from(PUBLICS)),
    min_size=1, max_size=4, unique_by=lambda entry: entry.identity,
)  # fmt: skip


bulletins = st.builds(
    replace,
    st.just(BULLETIN),
    day=st.integers(BULLETIN.day, BULLETIN.day + 700),
    revision=st.integers(0, 2**16 - 1),
    kind=st.sampled_from((DAILY, FALLBACK)),
    recipients=recipients.map(tuple),
    board_period=st.integers(5, sizes.DAY),
    browser_bundle=st.sampled_from(("", "ab" * 32)),
    previous=st.binary(min_size=32, max_size=32),
)


@given(bulletins)
def test_a_bulletin_is_read_as_it_was_signed(bulletin: Bulletin) -> None:
    found = verify_stored_bulletin(sign_bulletin(bulletin, SIGN), ROOT)
    assert found == bulletin
    assert found.hash == bulletin.hash


@given(st.integers(0, 8 * len(SIGNED) - 1))
def test_a_bulletin_with_any_bit_changed_is_refused(bit: int) -> None:
    altered = bytearray(SIGNED)
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProtocolError):
        verify_stored_bulletin(bytes(altered), ROOT)


@given(st.integers(-3 * sizes.DAY, 3 * sizes.DAY))
def test_a_bulletin_is_believed_on_its_day_and_twelve_hours_around(seconds: int) -> None:
    half = sizes.CLOCK_TOLERANCE
    if -half <= seconds < sizes.DAY + half:
        assert verify_bulletin(SIGNED, ROOT, START + seconds) == BULLETIN
    else:
        with pytest.raises(OutsideDates):
            verify_bulletin(SIGNED, ROOT, START + seconds)


@pytest.mark.parametrize(("seconds", "good"), [(-43201, False), (-43200, True), (129599, True), (129600, False)])
def test_the_edges_of_the_tolerance(seconds: int, *, good: bool) -> None:
    if good:
        assert verify_bulletin(SIGNED, ROOT, START + seconds) == BULLETIN
    else:
        with pytest.raises(OutsideDates):
            verify_bulletin(SIGNED, ROOT, START + seconds)


def changed(**fields: object) -> bytes:
    return documents.sign_document("bulletin", BULLETIN.to_body() | fields, SIGN)


ENTRY = BULLETIN.to_body()["recipients"][0]


@pytest.mark.parametrize(
    "fields",
    [
        {"more": 1}, {"version": 2}, {"version": True}, {"day": -1}, {"day": 2**32}, {"revision": 2**16},
        {"kind": "weekly"}, {"ladder": []}, {"ladder": [*sizes.ENVELOPE_LADDER, 2**31]}, {"board_period": 4},
        {"board_period": sizes.DAY + 1}, {"browser_bundle": "AB" * 32}, {"browser_bundle": "ab"}, {"previous": ""},
        {"recipients": []}, {"recipients": [ENTRY] * 2}, {"recipients": [ENTRY] * 5}, {"recipients": {}},
        {"recipients": [ENTRY | {"name": "x"}]}, {"recipients": [ENTRY | {"id": "00" * 15}]},
        {"recipients": [ENTRY | {"prekey": documents.to_base64(bytes(1216))}]},
        {"recipients": [ENTRY | {"prekey": documents.to_base64(PUBLICS[0][:-32] + bytes(32))}]},
        {"recipients": [ENTRY | {"prekey": documents.to_base64(PUBLICS[0] + b"x")}]},
        {"certificates": []}, {"certificates": list(BULLETIN.certificate_documents) * 6}, {"certificates": [1]},
    ],
)  # fmt: skip
def test_a_signed_bulletin_of_another_form_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        verify_stored_bulletin(changed(**fields), ROOT)


def test_a_bulletin_of_another_instance_is_refused() -> None:
    with pytest.raises(WrongInstance):
        verify_stored_bulletin(changed(instance="00" * 16), ROOT)
    with pytest.raises(WrongInstance):
        verify_stored_bulletin(SIGNED, SimulatedBureau(CLOCK, 1, "another").root.public)


def test_a_bulletin_signed_by_a_key_of_another_role_is_refused() -> None:
    seed = BUREAU.signing[Role.BOARD].seed
    impostor = replace(BUREAU.signing[Role.BULLETIN], seed=seed)
    with pytest.raises(BadSignature):
        verify_stored_bulletin(sign_bulletin(BULLETIN, impostor.sign), ROOT)


def test_a_bulletin_for_a_day_outside_its_certificates_is_refused() -> None:
    for day in (BULLETIN.day - 31, BULLETIN.day + 731):
        with pytest.raises(OutsideDates):
            verify_stored_bulletin(sign_bulletin(replace(BULLETIN, day=day), SIGN), ROOT)


def test_a_bulletin_without_a_certificate_for_its_key_is_refused() -> None:
    without = [item for item in BULLETIN.certificate_documents if item["body"]["role"] != "bulletin"]
    with pytest.raises(BadSignature):
        verify_stored_bulletin(changed(certificates=without), ROOT)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_our_own_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        verify_stored_bulletin(data, ROOT)


def test_the_hash_names_the_body_and_not_the_signature() -> None:
    assert BULLETIN.hash == verify_stored_bulletin(SIGNED, ROOT).hash
    assert BULLETIN.hash != replace(BULLETIN, revision=1).hash


def test_a_bulletin_that_could_not_be_read_is_not_made() -> None:
    one = BULLETIN.recipients[0]
    for to in ((), (one, one), tuple(Recipient(bytes([n]) * 16, PUBLICS[0]) for n in range(5))):
        with pytest.raises(Malformed):
            replace(BULLETIN, recipients=to)
    with pytest.raises(Malformed):
        replace(BULLETIN, previous=b"")
    assert isinstance(BULLETIN, Bulletin)
