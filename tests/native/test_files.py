"""Paths as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dropbox.native.files import typed_path


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
