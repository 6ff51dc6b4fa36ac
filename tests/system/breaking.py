"""A line to the reporting point that can be broken after the last byte of a form, before any of the answer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

_PIECE: Final = 1 << 16


class BreakingLine:
    """A relay on loopback. While `breaks` is set, whoever sends a form is cut off when its answer begins."""

    def __init__(self, base: str) -> None:
        """Relay to this address."""
        address = urlsplit(base)
        self._to = address.hostname or "", address.port or 0
        self.breaks, self.broken = threading.Event(), threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def accept(self) -> None:
        """Serve until the listener is closed."""
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(browser,), daemon=True).start()

    def close(self) -> None:
        """Take nobody new."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _relay(self, browser: socket.socket) -> None:
        with browser, socket.create_connection(self._to) as gateway:
            sends_a_form = threading.Event()

            def there() -> None:
                try:
                    while piece := browser.recv(_PIECE):
                        if piece.startswith(b"POST "):
                            sends_a_form.set()
                        gateway.sendall(piece)
                    gateway.shutdown(socket.SHUT_WR)
                except OSError:
                    return

            going = threading.Thread(target=there, daemon=True)
            going.start()
            try:
                while piece := gateway.recv(_PIECE):
                    if sends_a_form.is_set() and self.breaks.is_set():
                        self.broken.set()
                        break
                    browser.sendall(piece)
                browser.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            going.join()


@contextmanager
def breaking_line(base: str) -> Iterator[BreakingLine]:
    """Run a relay while the body runs."""
    line = BreakingLine(base)
    accepting = threading.Thread(target=line.accept)
    accepting.start()
    try:
        yield line
    finally:
        line.close()
        accepting.join()
