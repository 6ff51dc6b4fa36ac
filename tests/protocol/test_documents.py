import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol import documents
from dropbox.protocol.errors import BadSignature, Malformed, NotCanonical, ProtocolError, TooLong
from dropbox.protocol.keys import Role
from dropbox.protocol.labels import SIGN_BOARD, SIGN_BULLETIN
from dropbox.protocol.secret_keys import SigningKey
from tests.protocol.strategies import any_text, json_objects
from tests.simulators.basics import Seeded

KEY = SigningKey.generate(Role.BULLETIN, Seeded("documents"))


@given(json_objects)
def test_what_is_written_is_read_again(value: documents.Json) -> None:
    data = documents.encode(value)
    assert documents.decode(data, limit=len(data)) == value
    with pytest.raises(TooLong):
        documents.decode(data, limit=len(data) - 1)


@given(json_objects)
def test_there_is_one_spelling_of_every_value(value: documents.Json) -> None:
    canonical = documents.encode(value)
    spellings = {
        json.dumps(value).encode(),
        json.dumps(value, separators=(",", ":")).encode(),
        json.dumps(dict(reversed(value.items())), separators=(",", ":"), ensure_ascii=False).encode(),
        canonical + b"\n",
        b" " + canonical,
        b"\xef\xbb\xbf" + canonical,
    }
    for other in spellings - {canonical}:
        with pytest.raises(Malformed):
            documents.decode(other, limit=len(other))


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode), json_objects.map(documents.encode)))
def test_any_bytes_are_read_or_refused_with_our_own_error(data: bytes) -> None:
    try:
        value = documents.decode(data, limit=10_000)
    except ProtocolError:
        return
    assert documents.encode(value) == data


@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"[]", b"1", b'"a"', b'{"a":1.0}', b'{"a":1e2}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-0}',
        b'{"a":1,"a":1}', b'{"a":1,"a":2}', b'{"b":1,"a":2}', b'{"a":"\\u0041"}', b'{"a":"\\ud800"}', b'{"a":"\\/"}',
        b'{"a":9007199254740992}', b'{"a":' + b"9" * 5000 + b"}", b'{"\xc3\xa9":1}', b'{"a":"\xed\xa0\x80"}',
        b'{"a":' * 9 + b"1" + b"}" * 9, b"[" * 60_000, b'{"a":01}', b'{"a":"\x01"}', b'{"a":1}\0',
    ],
)  # fmt: skip
def test_a_second_spelling_or_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        documents.decode(data, limit=100_000)


def test_not_canonical_is_told_from_not_a_document() -> None:
    with pytest.raises(NotCanonical):
        documents.decode(b'{"b":1,"a":2}', limit=100)


@given(any_text, st.integers(0, 200))
def test_a_text_is_bounded_in_bytes_and_never_half_of_a_character(text: str, limit: int) -> None:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        with pytest.raises(Malformed):
            documents.text(text, limit)
        return
    if len(data) > limit:
        with pytest.raises(TooLong):
            documents.text(text, limit)
    else:
        assert documents.text(text, limit) == text
    assert documents.written_size(text) >= len(data)


@given(st.binary(max_size=60))
def test_base64_and_hexadecimal_have_one_spelling(data: bytes) -> None:
    assert documents.from_base64(documents.to_base64(data)) == data
    assert documents.from_hex(data.hex(), len(data)) == data
    with pytest.raises(Malformed):
        documents.from_base64(documents.to_base64(data), len(data) + 1)
    if data.hex() != data.hex().upper():
        with pytest.raises(Malformed):
            documents.from_hex(data.hex().upper(), len(data))


@pytest.mark.parametrize("value", ["YR==", "YQ", "YQ=", "Y Q==", "YQ==\n", "-_==", "\u0661", 5, None, b"YQ=="])
def test_other_base64_is_refused(value: object) -> None:
    with pytest.raises(Malformed):
        documents.from_base64(value)


@pytest.mark.parametrize("value", [True, 1.0, "1", -1, 11, None])
def test_an_integer_is_an_integer_within_bounds(value: object) -> None:
    with pytest.raises(Malformed):
        documents.integer(value, 0, 10)


@pytest.mark.parametrize("value", [{}, {"a": 1}, {"a": 1, "b": 2, "c": 3, "d": 4}, [], None, "ab"])
def test_an_object_with_other_fields_is_refused(value: object) -> None:
    with pytest.raises(Malformed):
        documents.fields(value, ("a", "b"), ("c",))


@given(json_objects)
def test_a_signed_document_is_believed_under_its_key_and_label_only(body: documents.Json) -> None:
    data = documents.sign_document("thing", body, KEY.sign)
    document = documents.read_document(data, "thing", limit=len(data))
    assert document.verify((KEY.public,), SIGN_BULLETIN) == body
    for publics, label in (((KEY.public,), SIGN_BOARD), ((bytes(32),), SIGN_BULLETIN), ((), SIGN_BULLETIN)):
        with pytest.raises(BadSignature):
            document.verify(publics, label)
    with pytest.raises(Malformed):
        documents.read_document(data, "another thing", limit=len(data))


@given(json_objects, st.data())
def test_a_signed_document_with_any_bit_changed_is_refused(body: documents.Json, data: st.DataObject) -> None:
    signed = bytearray(documents.sign_document("thing", body, KEY.sign))
    bit = data.draw(st.integers(0, 8 * len(signed) - 1))
    signed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ProtocolError):
        documents.read_document(bytes(signed), "thing", limit=len(signed)).verify((KEY.public,), SIGN_BULLETIN)


@pytest.mark.parametrize(
    "document",
    [
        {"body": {}, "signatures": [], "type": "thing"},
        {"body": {}, "signatures": [{"alg": "ed25519", "sig": "AA=="}] * 9, "type": "thing"},
        {"body": {}, "signatures": [{"alg": "rsa", "sig": "AA=="}], "type": "thing"},
        {"body": {}, "signatures": [{"alg": "ed25519", "sig": "AA==", "key": ""}], "type": "thing"},
        {"body": [], "signatures": [{"alg": "ed25519", "sig": "AA=="}], "type": "thing"},
        {"body": {}, "signatures": [{"alg": "ed25519", "sig": "AA=="}], "type": "thing", "more": 1},
        {"body": {}, "signatures": {}, "type": "thing"},
        {"body": {}, "type": "thing"},
    ],
)
def test_a_signed_document_of_another_form_is_refused(document: documents.Json) -> None:
    with pytest.raises(Malformed):
        documents.read_document(documents.encode(document), "thing", limit=10_000)
