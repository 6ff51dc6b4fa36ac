"""Personal pages have one of three sizes, so that their length on the wire does not tell what they hold."""

from dropbox.web.errors import PageTooLarge

KIB = 1024
PAGE_SIZES = (16 * KIB, 64 * KIB, 256 * KIB)

_OPEN = b"\n<!--"
_CLOSE = b"-->\n"
_FRAME = len(_OPEN) + len(_CLOSE)


def pad_page(html: str, *, least: int = 0, grow: bool = False) -> bytes:
    """Return `html` in UTF-8 with a comment of dots behind it, exactly 16, 64 or 256 KiB long, at least `least` bytes.

    Above that it raises `PageTooLarge`, or with `grow` takes a multiple of 256 KiB: a refused text of megabytes must
    come back whole. The result must be sent uncompressed: compression would undo the padding.
    """
    body = html.encode()
    size = next((size for size in PAGE_SIZES if max(len(body) + _FRAME, least) <= size), None)
    if size is None and grow:
        size = -(-(len(body) + _FRAME) // PAGE_SIZES[-1]) * PAGE_SIZES[-1]
    if size is None:
        message = f"a personal page needs {len(body)} bytes, the largest size is {PAGE_SIZES[-1]}"
        raise PageTooLarge(message)
    return body + _OPEN + b"." * (size - len(body) - _FRAME) + _CLOSE
