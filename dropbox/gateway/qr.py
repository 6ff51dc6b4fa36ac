"""A receipt as a QR code: a small PNG inside the page.

PNG and not SVG: Tor Browser's "Safest" level shows no SVG. Written with zlib alone: two colours need no library.
"""

import base64
import struct
import zlib

from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]  # no types are published with it
from qrcode.main import QRCode  # type: ignore[import-untyped]  # as above

PIXELS_PER_MODULE = 8
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png_address(text: str) -> str:
    """Return a `data:` address with the QR code of `text`."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    code.make(fit=True)
    return "data:image/png;base64," + base64.b64encode(_png(code.get_matrix())).decode()


def _png(modules: list[list[bool]]) -> bytes:
    side = len(modules) * PIXELS_PER_MODULE
    rows = b"".join((b"\0" + _row(row)) * PIXELS_PER_MODULE for row in modules)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit per pixel, grey
    return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")


def _row(modules: list[bool]) -> bytes:
    return bytes(0 if dark else 0xFF for dark in modules)  # eight pixels of one colour are one byte


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
