import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.gateway.errors import BadProxyLine
from dropbox.gateway.proxy_line import circuit_of


@pytest.mark.parametrize(
    ("line", "circuit"),
    [
        (b"PROXY TCP6 fc00:dead:beef:4dad::0:53 ::1 83 80\r\n", 83),  # as tor writes it
        (b"PROXY TCP6 fc00:dead:beef:4dad::ffff:ffff ::1 65535 80\r\n", 0xFFFF_FFFF),
        (b"PROXY TCP6 fc00:dead:beef:4dad::1:0 ::1 0 80\r\n", 65536),
    ],
)
def test_tors_line_names_a_circuit(line: bytes, circuit: int) -> None:
    assert circuit_of(line) == circuit


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        b"PROXY UNKNOWN\r\n",
        b"PROXY TCP4 127.0.0.1 127.0.0.1 83 80\r\n",
        b"PROXY TCP6 ::1 ::1 83 80\r\n",  # not in tor's range
        b"PROXY TCP6 fc00:dead:beef:4dad:1::53 ::1 83 80\r\n",
        b"PROXY TCP6 fc00:dead:beef:4dad::0:53 ::1 83 80\n",
        b"PROXY TCP6 fc00:dead:beef:4dad::0:53 ::1 83 80",
        b"PROXY TCP6 fc00:dead:beef:4dad::0:53 ::1 83 80\r\nGET / HTTP/1.1\r\n",
        b"PROXY TCP6  fc00:dead:beef:4dad::0:53 ::1 83 80\r\n",
        b"PROXY TCP6 fc00:dead::beef::53 ::1 83 80\r\n",
        b"PROXY TCP6 :::::::: ::1 83 80\r\n",
    ],
)
def test_a_line_that_tor_does_not_write_is_refused(line: bytes) -> None:
    with pytest.raises(BadProxyLine):
        circuit_of(line)


@given(st.binary(max_size=120) | st.from_regex(rb"PROXY TCP6 [0-9a-f:]{0,45} ::1 [0-9]{1,6} 80\r\n", fullmatch=True))
def test_whatever_comes_is_a_circuit_or_refused(line: bytes) -> None:
    try:
        assert 0 <= circuit_of(line) < 1 << 32
    except BadProxyLine:
        return


@given(st.integers(0, (1 << 32) - 1))
def test_every_circuit_comes_through(circuit: int) -> None:
    groups = f"{circuit >> 16:x}:{circuit & 0xFFFF:x}"
    assert circuit_of(f"PROXY TCP6 fc00:dead:beef:4dad::{groups} ::1 1 80\r\n".encode()) == circuit
