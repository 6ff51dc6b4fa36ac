"""The bytes of keys: against tor's own, and what is refused."""

import base64
import os

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from dropbox.onion import keys
from dropbox.onion.errors import KeyFault

ADDRESS = keys.service_keys(lambda n: bytes(range(n))).address


def test_a_key_of_a_known_seed_has_the_address_that_rend_spec_gives() -> None:
    made = keys.service_keys(bytes)  # a seed of zeros: RFC 8032's arithmetic, by any other library
    raw = base64.b32decode(made.address.removesuffix(".onion").upper())
    assert raw[:32].hex() == "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
    assert made.public[32:] == raw[:32]
    assert keys.address_of(made.public) == made.address == keys.check_address(made.address)
    assert keys.is_secret_key(made.secret)
    assert len(made.secret) == 96


def test_two_keys_are_not_the_same() -> None:
    assert keys.service_keys(os.urandom) != keys.service_keys(os.urandom)


def test_a_clients_public_key_belongs_to_its_private_one() -> None:
    private, public = keys.client_key(os.urandom)
    raw = X25519PrivateKey.from_private_bytes(base64.b32decode(private + "====")).public_key().public_bytes_raw()
    assert base64.b32decode(public + "====") == raw
    assert keys.public_line(public) == f"descriptor:x25519:{public}\n"
    assert keys.private_line(ADDRESS, private) == f"{ADDRESS.removesuffix('.onion')}:descriptor:x25519:{private}\n"


@pytest.mark.parametrize("public", ["", "A" * 51, "A" * 53, "a" * 52, "1" * 52, "A" * 51 + "B", "é" * 52, "A B"])
def test_what_is_no_public_key_is_refused(public: str) -> None:
    with pytest.raises(KeyFault):
        keys.check_public(public)


@pytest.mark.parametrize("name", ["", "nobody", "../desk", "Bureau", "a b", "-a", "a" * 33, "a.auth", "a\n"])
def test_a_name_that_could_leave_its_folder_or_hide_is_refused(name: str) -> None:
    with pytest.raises(KeyFault):
        keys.check_name(name)


@given(st.integers(0, 55), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_an_address_with_a_wrong_letter_is_refused(place: int, letter: str) -> None:
    wrong = ADDRESS[:place] + letter + ADDRESS[place + 1 :]
    if wrong != ADDRESS:
        with pytest.raises(KeyFault):
            keys.check_address(wrong)


@given(st.binary(max_size=80) | st.binary(max_size=40).map(lambda tail: b"== ed25519v1-public: type0 ==\0\0\0" + tail))
def test_a_damaged_public_key_is_refused_or_has_an_address(file: bytes) -> None:
    try:
        address = keys.address_of(file)
    except KeyFault:
        address = ""
    assert bool(address) == (len(file) == 64 and file.startswith(b"== ed25519v1-public"))
    assert not address or keys.check_address(address) == address
