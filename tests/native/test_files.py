"""Paths as people type them, and files that are read without a mark of when."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from dropbox.native.files import opened, typed_path


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        (" '/media/stick/a b.pdf' ", "/media/stick/a b.pdf"),
        ('"/media/stick/a"', "/media/stick/a"),
        ("~/a.pdf", "/home/somebody/a.pdf"),
        ("~nobody-of-this-name/a.pdf", "~nobody-of-this-name/a.pdf"),
        ("~$report.docx", "~$report.docx"),
    ],
)
def test_a_path_is_read_however_it_is_typed(monkeypatch: pytest.MonkeyPatch, typed: str, path: str) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert typed_path(typed) == Path(path)


def test_reading_asks_for_no_new_time_of_reading(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(b"x")
    os.utime(path, (1, 2))
    with opened(path) as (file, size):
        assert file.read() == b"x" * size
        assert fcntl.fcntl(file, fcntl.F_GETFL) & os.O_NOATIME
    assert path.stat().st_atime == 1


def test_the_file_of_somebody_else_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = tmp_path / "theirs", os.open
    path.write_bytes(b"x")

    def not_the_owner(name: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_NOATIME:
            raise PermissionError
        return real(name, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", not_the_owner)
    with opened(path) as (file, _):
        assert file.read() == b"x"
