from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import documents, sizes
from dropbox.protocol.errors import BadSignature, OutsideDates, ProtocolError, TooLong, WrongInstance
from dropbox.protocol.keys import Role
from dropbox.protocol.publication import Adviser, NoticeText, Publication, sign_publication, verify_publication
from dropbox.protocol.secret_keys import SigningKey
from tests.protocol.strategies import days, texts
from tests.simulators.basics import Seeded

KEY = SigningKey.generate(Role.PUBLICATION, Seeded("publication"))
INSTANCE = b"i" * 16
PLAIN = Publication(INSTANCE, 1, 100, 130, 99)
SIGNED = sign_publication(PLAIN, KEY.sign)
_names = st.text("abcdefghij_", min_size=1, max_size=8)
_short = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
publications = st.builds(
    Publication,
    st.just(INSTANCE),
    st.integers(0, 10**6),
    days,
    days,
    days,
    notices=st.lists(st.builds(NoticeText, st.sampled_from(("nl", "en")), texts), max_size=3).map(tuple),
    facts=st.dictionaries(_names, texts, max_size=4).map(lambda facts: tuple(sorted(facts.items()))),
    figures=st.dictionaries(_names, st.integers(0, 999), max_size=4).map(lambda found: tuple(sorted(found.items()))),
    advisers=st.lists(st.builds(Adviser, _short, _short, _short, _short), max_size=3).map(tuple),
)


def verify(data: bytes) -> Publication:
    return verify_publication(data, (KEY.public,), INSTANCE)


@given(publications)
def test_a_publication_is_read_as_it_was_signed_and_has_a_size_of_its_ladder(publication: Publication) -> None:
    data = sign_publication(publication, KEY.sign)
    assert len(data) in sizes.PUBLICATION_LADDER
    assert verify(data) == publication


@given(st.integers(0, 8 * len(SIGNED) - 1))
def test_a_publication_with_any_bit_changed_is_refused(bit: int) -> None:
    altered = bytearray(SIGNED)
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProtocolError):
        verify(bytes(altered))


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_with_our_own_error(data: bytes) -> None:
    for body in (data, data.ljust(sizes.PUBLICATION_LADDER[0], b" ")):
        with pytest.raises(ProtocolError):
            verify(body)


@given(st.integers(0, 200))
def test_a_publication_is_shown_within_its_days_only(today: int) -> None:
    if 99 <= today <= 130:
        PLAIN.require_valid(today)
    else:
        with pytest.raises(OutsideDates):
            PLAIN.require_valid(today)


def test_a_publication_of_another_instance_or_key_is_refused() -> None:
    with pytest.raises(WrongInstance):
        verify_publication(SIGNED, (KEY.public,), b"j" * 16)
    with pytest.raises(BadSignature):
        verify_publication(SIGNED, (bytes(32),), INSTANCE)
    with pytest.raises(BadSignature):
        verify(sign_publication(PLAIN, replace(KEY, role=Role.BOARD).sign))


def changed(**fields: object) -> bytes:
    body = PLAIN.to_body(0) | fields
    bare = len(documents.sign_document("publication", body, KEY.sign))
    size = next(size for size in sizes.PUBLICATION_LADDER if bare <= size)
    return documents.sign_document("publication", body | {"pad": "0" * (size - bare)}, KEY.sign)


@pytest.mark.parametrize(
    "fields",
    [
        {"more": 1}, {"version": 2}, {"sequence": -1}, {"issued_day": 2**32}, {"notices": [{"language": "nl"}]},
        {"notices": [{"language": "nl", "text": "x"}] * 21}, {"notices": [{"language": "x" * 17, "text": ""}]},
        {"facts": {"a": 1}}, {"facts": []}, {"figures": {"a": "1"}}, {"figures": {"a": -1}}, {"advisers": {}},
        {"facts": {str(number): "" for number in range(201)}}, {"advisers": [{"name": "x"}]},
    ],
)  # fmt: skip
def test_a_signed_publication_of_another_form_is_refused(fields: dict[str, object]) -> None:
    assert verify(changed()) == PLAIN
    with pytest.raises(ProtocolError):
        verify(changed(**fields))


def test_padding_is_no_place_for_a_second_text() -> None:
    body = PLAIN.to_body(0)
    bare = len(documents.sign_document("publication", body, KEY.sign))
    room = sizes.PUBLICATION_LADDER[0] - bare
    with pytest.raises(ProtocolError):
        verify(documents.sign_document("publication", body | {"pad": "0" * (room - 1) + "1"}, KEY.sign))


def test_more_than_fits_the_largest_size_is_too_long() -> None:
    facts = tuple((f"{number:03}", "x" * 2_000) for number in range(140))
    with pytest.raises(TooLong):
        sign_publication(replace(PLAIN, facts=facts), KEY.sign)
