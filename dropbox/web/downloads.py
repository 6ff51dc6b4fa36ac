"""Files of strangers leave as downloads only: never shown, never run, never guessed at by the browser."""

import unicodedata
from urllib.parse import quote

from aiohttp import web

from dropbox.web.headers import allow
from dropbox.web.policy import Allowed

MAX_NAME_BYTES = 200  # file systems stop at 255, and browsers add " (1)" and a suffix of their own

_ATTR_CHARS = "!#$&+-.^_`|~"  # RFC 8187 attr-char, besides letters and digits


def safe_file_name(name: str, fallback: str = "file") -> str:
    """Return `name` as one harmless path segment: no folders, control, format (bidi) or reserved characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(
        "_" if character in '<>:"|?*' else character
        for character in unicodedata.normalize("NFC", last)
        if unicodedata.category(character)[0] != "C"
    )
    shortened = kept.encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip(" .")
    return shortened or fallback


def content_disposition(name: str) -> str:
    """Return an `attachment` header (RFC 6266) with an ASCII name and, where it differs, the full one (RFC 8187)."""
    safe = safe_file_name(name)
    plain = "".join(character if character.isascii() and character not in '\\"%' else "_" for character in safe)
    header = f'attachment; filename="{plain}"'
    return header if plain == safe else f"{header}; filename*=UTF-8''{quote(safe, safe=_ATTR_CHARS)}"


def as_download(response: web.StreamResponse, name: str) -> None:
    """Make `response` (whole or streamed) a download of `name` under a sandboxing policy."""
    response.content_type = "application/octet-stream"
    response.headers["Content-Disposition"] = content_disposition(name)
    allow(response, Allowed(sandbox=True))
