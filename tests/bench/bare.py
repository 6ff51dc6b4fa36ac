"""A bare server: `python -m tests.bench.bare PORT_FILE PAGE_FILE`. It gives one page for every GET, and counts a POST.

What a page, or a transfer, costs over an onion service when nothing is done for it. One thread for each connection.
"""

import socket
import sys
import threading
from pathlib import Path
from typing import Final

_PIECE: Final = 1 << 18


def main() -> int:
    """Serve until the process is ended."""
    port_file, page = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port_file.write_text(f"{listener.getsockname()[1]}\n", encoding="utf-8")
    while True:
        line, _ = listener.accept()
        threading.Thread(target=_serve, args=(line, page), daemon=True).start()


def _serve(line: socket.socket, page: bytes) -> None:
    with line:
        data = b""
        while True:
            head, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                piece = line.recv(_PIECE)
                if not piece:
                    return
                data += piece
                continue
            data = b"" if _taken(line, head, len(rest)) else rest
            line.sendall(page)


def _taken(line: socket.socket, head: bytes, had: int) -> bool:
    """Take the body of a POST; tell whether there was one."""
    lengths = [part.split(b":")[1] for part in head.lower().split(b"\r\n") if part.startswith(b"content-length:")]
    left = int(lengths[0]) - had if lengths else 0
    while left > 0:
        piece = line.recv(min(_PIECE, left))
        if not piece:
            return True
        left -= len(piece)
    return bool(lengths)


if __name__ == "__main__":
    sys.exit(main())
