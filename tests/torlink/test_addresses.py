"""Nothing but a v3 onion name and this machine's own SOCKS socket can be written down as an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.torlink.addresses import OnionAddress, SocksAddress
from dropbox.torlink.errors import AddressError

# The address of the Tor Project's own site: one that this project did not compute.
PUBLISHED = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def test_a_published_address_is_taken() -> None:
    assert OnionAddress(PUBLISHED).url == f"http://{PUBLISHED}"


@given(st.integers(0, 55), st.sampled_from(ALPHABET))
def test_one_mistyped_character_is_refused(place: int, letter: str) -> None:
    changed = PUBLISHED[:place] + letter + PUBLISHED[place + 1 :]
    if changed != PUBLISHED:
        with pytest.raises(AddressError):
            OnionAddress(changed)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "example.org",
        "127.0.0.1",
        "localhost",
        PUBLISHED.removesuffix(".onion"),
        PUBLISHED.upper(),
        PUBLISHED + ".",
        PUBLISHED + "\n",
        "www." + PUBLISHED,
        PUBLISHED + ".example.org",
        "http://" + PUBLISHED,
        PUBLISHED + ":80",
        "expyuzz4wqqyqhjn.onion",  # version 2
        PUBLISHED[:55] + "e.onion",  # version 4
        "é" + PUBLISHED[1:],
    ],
)
def test_every_other_name_is_refused(name: str) -> None:
    with pytest.raises(AddressError, match=r"\.$"):
        OnionAddress(name)


@given(st.text(max_size=70))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with pytest.raises(AddressError):
        OnionAddress(text + ".onion")


def test_the_sentence_does_not_repeat_the_address() -> None:
    with pytest.raises(AddressError) as caught:
        OnionAddress("secretname.onion")
    assert "secretname" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9050", SocksAddress(host="127.0.0.1", port=9050)),
        ("127.9.9.9:1", SocksAddress(host="127.9.9.9", port=1)),
        ("[::1]:65535", SocksAddress(host="::1", port=65535)),
        ("unix:/run/tor/desk.sock", SocksAddress(path="/run/tor/desk.sock")),
    ],
)
def test_a_socks_address_on_this_machine_is_taken(text: str, address: SocksAddress) -> None:
    assert SocksAddress.parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9050",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:+1",
        "127.0.0.1:09050",
        "127.0.0.1:٩",
        "localhost:9050",
        "10.0.0.1:9050",
        "0.0.0.0:9050",
        "[::]:9050",
        "[::ffff:10.0.0.1]:9050",
        "example.org:9050",
        "2130706433:9050",
        "127.1:9050",
        "127.0.0.1 :9050",
        "socks5://127.0.0.1:9050",
        "unix:",
        "unix:tor.sock",
        "unix:/" + "a" * 107,
        "unix:/run/\0/x",
    ],
)
def test_every_other_socks_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match=r"\.$"):
        SocksAddress.parse(text)


def test_a_socks_address_is_a_path_or_a_port_not_both() -> None:
    with pytest.raises(AddressError):
        SocksAddress(path="/run/tor.sock", host="127.0.0.1", port=9050)
