"""What goes to a SOCKS port, byte for byte, and what each answer means."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.torlink.errors import SENTENCES, Fault, LinkError
from dropbox.torlink.handshake import Exchange, Isolation, handshake
from tests.simulators.socks import onion

ONION = onion("intake")
ISOLATION = Isolation(b"name", b"word")


def answered(*answers: bytes) -> Exchange:
    """An exchange after these answers."""
    exchange = handshake(ONION, ISOLATION)
    next(exchange)
    for answer in answers:
        exchange.send(answer)
    return exchange


def test_the_exchange_byte_for_byte() -> None:
    exchange = handshake(ONION, ISOLATION)
    assert next(exchange) == (b"\x05\x01\x02", 2)
    assert exchange.send(b"\x05\x02") == (b"\x01\x04name\x04word", 2)
    name = ONION.name.encode()
    assert exchange.send(b"\x01\x00") == (b"\x05\x01\x00\x03" + bytes([len(name)]) + name + b"\x00\x50", 4)
    assert exchange.send(b"\x05\x00\x00\x01") == (b"", 6)
    with pytest.raises(StopIteration):
        exchange.send(bytes(6))


def test_tor_may_answer_with_an_address_of_either_kind() -> None:
    assert answered(b"\x05\x02", b"\x01\x00").send(b"\x05\x00\x00\x04") == (b"", 18)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (0x01, Fault.FAILED),
        (0x02, Fault.NOT_SERVING),
        (0x03, Fault.HOST_DOWN),
        (0x04, Fault.NOT_YET),
        (0x05, Fault.NOT_SERVING),
        (0x06, Fault.EXPIRED),
        (0x07, Fault.FAILED),
        (0xF0, Fault.NOT_FOUND),
        (0xF1, Fault.NOT_FOUND),
        (0xF2, Fault.HOST_DOWN),
        (0xF3, Fault.HOST_DOWN),
        (0xF4, Fault.NO_KEY),
        (0xF5, Fault.WRONG_KEY),
        (0xF6, Fault.NOT_FOUND),
        (0xF7, Fault.HOST_DOWN),
        (0xFF, Fault.FAILED),
    ],
)
def test_each_of_tors_codes_says_whose_fault_it_is(code: int, fault: Fault) -> None:
    with pytest.raises(LinkError, match=r"\.$") as caught:
        answered(b"\x05\x02", b"\x01\x00").send(bytes([5, code, 0, 1]))
    assert caught.value.fault is fault


def test_a_port_that_does_not_look_at_names_is_never_used() -> None:
    with pytest.raises(LinkError) as caught:
        answered().send(b"\x05\x00")  # "no authentication needed": all purposes would share circuits
    assert caught.value.fault is Fault.NOT_TOR


@given(st.binary(min_size=2, max_size=2), st.binary(min_size=2, max_size=2), st.binary(min_size=4, max_size=4))
def test_any_answer_is_the_right_one_or_a_fault(greeting: bytes, granted: bytes, head: bytes) -> None:
    right = (greeting == b"\x05\x02", granted == b"\x01\x00", head[:2] == b"\x05\x00" and head[3] in (1, 4))
    try:
        answered(greeting, granted, head)
    except LinkError:
        assert not all(right)
    else:
        assert all(right)


def test_every_fault_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Fault)


def test_an_isolation_is_new_each_time_and_stays_out_of_texts() -> None:
    many = [Isolation.fresh(os.urandom) for _ in range(100)]
    assert len({one.name for one in many} | {one.password for one in many}) == 200
    assert many[0].name.decode() not in repr(many[0])
    assert many[0].password.decode() not in repr(many[0])
