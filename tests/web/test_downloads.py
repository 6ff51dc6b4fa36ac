import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.web.downloads import MAX_NAME_BYTES, content_disposition, safe_file_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\photo.jpg", "photo.jpg"),
        ("annexe\u202egpj.exe", "annexegpj.exe"),
        ("a\0b\r\nSet-Cookie: x.txt", "abSet-Cookie_ x.txt"),
        ("..", "file"),
        ("", "file"),
        ("con<>:|?*.txt", "con______.txt"),
    ],
)
def test_a_file_name_becomes_one_harmless_segment(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


@given(st.text(max_size=5000))
def test_any_name_gives_one_ascii_header_line(name: str) -> None:
    header = content_disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.startswith('attachment; filename="')
    assert len(safe_file_name(name).encode()) <= MAX_NAME_BYTES
    assert header.partition('filename="')[2].count('"') == 1
