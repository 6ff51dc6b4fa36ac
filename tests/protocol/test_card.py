from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import card, documents, labels, padding, sizes
from dropbox.protocol.card import Card, Dummy, Outcome, Referral, read_card, seal_card
from dropbox.protocol.decapsulation import hpke_open
from dropbox.protocol.errors import BadSignature, DoesNotOpen, Malformed, ProtocolError, TooLong, WrongInstance
from dropbox.protocol.keys import Role
from dropbox.protocol.primitives import hpke_seal
from dropbox.protocol.secret_keys import SigningKey, XWingSecretKey
from tests.protocol.strategies import texts
from tests.simulators.basics import Clock, Seeded, run
from tests.simulators.bureau import instance_with_host
from tests.simulators.desk import opens_with
from tests.simulators.reporter import SimulatedReporter

RANDOM = Seeded("card")
MINISTRY, BUREAU = XWingSecretKey.generate(RANDOM), XWingSecretKey.generate(RANDOM)
CARD_KEY, OUTCOME_KEY = SigningKey.generate(Role.CARD, RANDOM), SigningKey.generate(Role.OUTCOME, RANDOM)
INSTANCE = b"i" * 16
REFERRAL = Referral(
    reference=b"12345678", region="", staff="", function="", category="", period="", summary="", evidence="",
    seriousness=1, ongoing="yes", retaliation="no", ask="", not_do="", answer_by="",
)  # fmt: skip
referrals = st.builds(
    replace, st.just(REFERRAL), reference=st.binary(min_size=8, max_size=8), summary=texts, ask=texts,
    seriousness=st.integers(1, 3), ongoing=st.sampled_from(card.YES_NO_UNSURE),
)  # fmt: skip
outcomes = st.builds(
    Outcome, st.binary(min_size=8, max_size=8), st.integers(0, 1 << 20), st.sampled_from(card.OUTCOME_STATES),
    st.sampled_from(card.MEASURES), texts,
)  # fmt: skip


def to_ministry(what: Card) -> bytes:
    return seal_card(what, INSTANCE, MINISTRY.public, CARD_KEY.sign)


def read(data: bytes, secret: XWingSecretKey = MINISTRY) -> Card:
    plaintext = hpke_open(secret, card.card_info(INSTANCE, secret.public), data)
    return read_card(plaintext, INSTANCE, secret.public, (CARD_KEY.public,), labels.SIGN_CARD, Referral)


@given(referrals | st.just(Dummy()))
def test_a_card_is_read_as_it_was_written_and_has_one_size(what: Card) -> None:
    data = to_ministry(what)
    assert len(data) == sizes.CARD
    assert read(data) == what


@given(outcomes | st.just(Dummy()))
def test_an_outcome_is_read_as_it_was_written_and_has_the_same_size(what: Card) -> None:
    data = seal_card(what, INSTANCE, BUREAU.public, OUTCOME_KEY.sign)
    assert len(data) == sizes.CARD
    plaintext = hpke_open(BUREAU, card.card_info(INSTANCE, BUREAU.public), data)
    assert read_card(plaintext, INSTANCE, BUREAU.public, (OUTCOME_KEY.public,), labels.SIGN_OUTCOME, Outcome) == what


def test_the_longest_card_fits() -> None:
    longest = replace(REFERRAL, **{name: '"' * limit for name, limit in card.CARD_FIELDS.items()})  # type: ignore[arg-type]  # all are texts
    assert read(to_ministry(longest)) == longest


@given(st.integers(0, 8 * sizes.CARD - 1))
def test_a_card_with_any_bit_changed_is_refused(bit: int) -> None:
    altered = bytearray(GOOD)
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProtocolError):
        read(bytes(altered))


GOOD = to_ministry(REFERRAL)


@given(st.binary(max_size=60))
def test_any_bytes_as_a_card_are_refused_with_our_own_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read(data)
    with pytest.raises(ProtocolError):
        read(hpke_seal(MINISTRY.public, card.card_info(INSTANCE, MINISTRY.public), data))
    padded = padding.pad(data, card.CARD_PLAINTEXT)
    with pytest.raises(ProtocolError):
        read(hpke_seal(MINISTRY.public, card.card_info(INSTANCE, MINISTRY.public), padded))


def test_a_card_for_somebody_else_is_refused_even_when_sealed_on() -> None:
    plaintext = hpke_open(MINISTRY, card.card_info(INSTANCE, MINISTRY.public), GOOD)
    passed_on = hpke_seal(BUREAU.public, card.card_info(INSTANCE, BUREAU.public), plaintext)
    with pytest.raises(WrongInstance):
        read(passed_on, BUREAU)
    with pytest.raises(DoesNotOpen):
        read(GOOD, BUREAU)


def test_a_card_signed_by_another_key_or_role_is_refused() -> None:
    for sign in (OUTCOME_KEY.sign, SigningKey(Role.CARD, bytes(32)).sign, replace(CARD_KEY, role=Role.BOARD).sign):
        with pytest.raises(BadSignature):
            read(seal_card(REFERRAL, INSTANCE, MINISTRY.public, sign))


def test_an_outcome_in_the_place_of_a_card_is_refused() -> None:
    with pytest.raises(Malformed):
        read(to_ministry(Outcome(bytes(8), 0, "closed", "", "")))


@pytest.mark.parametrize(
    "fields",
    [{"reference": b"1"}, {"seriousness": 0}, {"seriousness": True}, {"ongoing": ""}, {"retaliation": "maybe"}],
)
def test_a_card_with_a_value_outside_its_list_is_not_made(fields: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        replace(REFERRAL, **fields)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(("name", "limit"), card.CARD_FIELDS.items())
def test_a_card_with_a_longer_text_is_not_made(name: str, limit: int) -> None:
    with pytest.raises(TooLong):
        replace(REFERRAL, **{name: "x" * (limit + 1)})  # type: ignore[arg-type]  # all are texts
    with pytest.raises(Malformed):
        replace(REFERRAL, **{name: "\ud800"})  # type: ignore[arg-type]  # all are texts


def test_an_outcome_with_a_value_outside_its_list_is_not_made() -> None:
    for fields in ((b"1", 0, "closed", "", ""), (bytes(8), -1, "closed", "", ""), (bytes(8), 0, "lost", "", "")):
        with pytest.raises(Malformed):
            Outcome(*fields)


def test_property_3_the_ministry_gets_cards_only() -> None:
    """The fields of a card are all there is, and its key opens no envelope."""
    plaintext = hpke_open(MINISTRY, card.card_info(INSTANCE, MINISTRY.public), GOOD)
    body = documents.read_document(padding.unpad(plaintext), "card", limit=sizes.CARD).body
    assert set(body) == {"content", "instance", "kind", "recipient", "version"}
    assert set(body["content"]) == {"reference", "seriousness", "ongoing", "retaliation", *card.CARD_FIELDS}
    bureau, host = instance_with_host()
    reporter = SimulatedReporter(bureau.root.public, Clock())
    run(reporter.send(host, "A report."))
    (held,) = host.envelopes.values()
    bulletin = bureau.desks[0].bulletins[bureau.clock.day, 0]
    assert not opens_with({(0, 0): MINISTRY}, bulletin, bureau.desks[0].identity, held.data)
    assert opens_with(bureau.desks[0].keyring.prekeys, bulletin, bureau.desks[0].identity, held.data)
