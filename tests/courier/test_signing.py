"""Signatures without a network: what is covered, and that only one form counts."""

import base64
import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.courier.errors import SignatureRefusedError
from dropbox.courier.replay import replay_token
from dropbox.courier.signing import CourierKey, Request, SignedHeaders, Verifier, audience, key_id, sign_request

NOW = 1_700_000_000
KEY = CourierKey(bytes(range(32)))
AUDIENCE = audience("desk-courier", bytes(16))
TARGETS = st.from_regex(r"/[a-z0-9/]{0,40}(\?[a-z0-9=&]{0,20})?", fullmatch=True)
METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE"])


def verifier(*keys: bytes) -> Verifier:
    return Verifier(AUDIENCE, lambda _: keys or (KEY.public,))


def lines(headers: dict[str, str]) -> dict[str, list[str]]:
    return {name.lower(): [value] for name, value in headers.items()}


def verify(request: Request, headers: dict[str, str], now: int = NOW) -> SignedHeaders:
    signed = verifier().verify_headers(request.method, request.target, lines(headers), now)
    signed.require_body(request.body)
    return signed


def test_the_headers_are_those_of_the_specification() -> None:
    headers = sign_request(Request("PUT", "/v1/x?y=z", b"body"), KEY, AUDIENCE, NOW, bytes(16))
    assert set(headers) == {"Content-Digest", "Signature-Input", "Signature"}
    assert headers["Content-Digest"] == f"sha-256=:{base64.b64encode(hashlib.sha256(b'body').digest()).decode()}:"
    covered, *parameters = headers["Signature-Input"].removeprefix("courier=").split(";")
    assert covered == '("@method" "@authority" "@path" "@query" "content-digest")'
    assert dict(one.split("=") for one in parameters) == {
        "created": str(NOW),
        "expires": str(NOW + 300),
        "keyid": f'"{key_id(KEY.public)}"',
        "nonce": f'"{"0" * 32}"',
        "tag": '"dropbox/v1/courier"',
        "alg": '"ed25519"',
    }


@given(method=METHODS, target=TARGETS, body=st.binary(max_size=200))
def test_what_is_signed_verifies(method: str, target: str, body: bytes) -> None:
    request = Request(method, target, body)
    nonce = os.urandom(16)
    signed = verify(request, sign_request(request, KEY, AUDIENCE, NOW, nonce))
    assert (signed.nonce, signed.expires, signed.key_id) == (nonce, NOW + 300, key_id(KEY.public))


@given(
    first=st.tuples(METHODS, TARGETS, st.binary(max_size=50)),
    second=st.tuples(METHODS, TARGETS, st.binary(max_size=50)),
)
def test_a_signature_serves_for_no_other_request(first: tuple[str, str, bytes], second: tuple[str, str, bytes]) -> None:
    headers = sign_request(Request(*first), KEY, AUDIENCE, NOW, bytes(16))
    if _same(first, second):
        verify(Request(*second), headers)
        return
    with pytest.raises(SignatureRefusedError):
        verify(Request(*second), headers)


def _same(first: tuple[str, str, bytes], second: tuple[str, str, bytes]) -> bool:
    """RFC 9421 takes a missing and an empty query for the same."""
    targets = {target if "?" in target else target + "?" for _, target, _ in (first, second)}
    return (first[0], first[2]) == (second[0], second[2]) and len(targets) == 1


@given(noise=st.text(max_size=200), name=st.sampled_from(["signature", "signature-input", "content-digest"]))
def test_whatever_stands_in_the_headers_only_one_exception_comes_out(noise: str, name: str) -> None:
    headers = lines(sign_request(Request("GET", "/"), KEY, AUDIENCE, NOW, bytes(16)))
    headers[name] = [noise]
    with pytest.raises(SignatureRefusedError) as caught:
        verifier().verify_headers("GET", "/", headers, NOW)
    assert caught.value.code in {"bad_signature", "bad_time"}
    assert caught.value.__cause__ is None


def test_a_header_given_twice_is_refused() -> None:
    headers = lines(sign_request(Request("GET", "/"), KEY, AUDIENCE, NOW, bytes(16)))
    for name in headers:
        with pytest.raises(SignatureRefusedError, match="no signature that counts"):
            verifier().verify_headers("GET", "/", {**headers, name: headers[name] * 2}, NOW)


def test_two_signatures_in_one_request_are_refused() -> None:
    headers = lines(sign_request(Request("GET", "/"), KEY, AUDIENCE, NOW, bytes(16)))
    for name in ("signature", "signature-input"):
        headers[name] = [headers[name][0] + ", " + headers[name][0].replace("courier=", "second=")]
    with pytest.raises(SignatureRefusedError):
        verifier().verify_headers("GET", "/", headers, NOW)


def test_a_second_spelling_of_the_same_signature_is_refused() -> None:
    headers = lines(sign_request(Request("GET", "/"), KEY, AUDIENCE, NOW, bytes(16)))
    for name, old, new in (("signature-input", " ", "  "), ("signature", "courier=", "courier= ")):
        changed = {**headers, name: [headers[name][0].replace(old, new)]}
        with pytest.raises(SignatureRefusedError):
            verifier().verify_headers("GET", "/", changed, NOW)


def test_a_longer_life_than_five_minutes_is_refused_whoever_signs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dropbox.courier.signing.VALIDITY_SECONDS", 301)
    headers = sign_request(Request("GET", "/"), KEY, AUDIENCE, NOW, bytes(16))
    monkeypatch.undo()
    with pytest.raises(SignatureRefusedError) as caught:
        verify(Request("GET", "/"), headers)
    assert caught.value.code == "bad_time"


def test_an_absolute_target_is_refused() -> None:
    headers = lines(sign_request(Request("GET", "/"), KEY, AUDIENCE, NOW, bytes(16)))
    for target in ("http://elsewhere/", "*", ""):
        with pytest.raises(SignatureRefusedError):
            verifier().verify_headers("GET", target, headers, NOW)


def test_a_nonce_counts_per_key() -> None:
    first, second = (SignedHeaders(name * 32, bytes(16), NOW, "") for name in "ab")
    assert len(replay_token(first)) == 16
    assert replay_token(first) != replay_token(second)


def test_keys_and_nonces_have_one_length_and_a_seed_is_never_shown() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        CourierKey(bytes(31))
    with pytest.raises(ValueError, match="16 bytes"):
        sign_request(Request("GET", "/"), KEY, AUDIENCE, NOW, bytes(15))
    assert KEY.seed.hex() not in repr(KEY)
    assert repr(KEY.seed) not in repr(KEY)
