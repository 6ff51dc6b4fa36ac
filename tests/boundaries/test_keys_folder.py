"""The folder that an instance publishes holds no secret."""

from pathlib import Path
from typing import Final

_KEYS: Final = Path(__file__).parents[2] / "keys"
_KINDS: Final = {".md", ".json", ".txt"}
_SIGNS: Final = (b"PRIVATE KEY", b'"seed"', b'"secret"', b'"private"', b'"passphrase"', b"AGE-SECRET-KEY")


def test_the_published_folder_holds_no_secret() -> None:
    files = [path for path in _KEYS.rglob("*") if not path.is_dir()]
    assert files
    assert not [path.name for path in files if path.is_symlink() or path.suffix not in _KINDS]
    assert not [path.name for path in files if any(sign in path.read_bytes() for sign in _SIGNS)]
