"""A tor that is nothing but its control port, to be any tor that a test needs: old, deaf, with a wrong clock."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DONE = 'NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"'


@dataclass
class ControlPort:
    """What this tor says. `asked` keeps the commands that came."""

    path: Path
    version: str = "0.4.9.11"
    methods: str = "NULL"
    info: dict[str, str] = field(default_factory=lambda: {"status/bootstrap-phase": DONE})
    options: dict[str, str] = field(default_factory=dict)
    services: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    lines: list[socket.socket] = field(default_factory=list)

    def tell(self, event: str) -> None:
        """Send an event to everybody who is connected."""
        for line in self.lines:
            with contextlib.suppress(OSError):
                line.sendall(f"650 {event}\r\n".encode())

    def hang_up(self) -> None:
        """End as tor does when it is killed, for those who are connected."""
        for line in self.lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def serve(self, line: socket.socket) -> None:
        """Answer one controller until it goes."""
        with line, line.makefile("rb") as commands:
            for command in commands:
                said = command.decode().strip()
                self.asked.append(said)
                try:
                    line.sendall("".join(f"{row}\r\n" for row in self._answer(*said.split(" ", 1))).encode())
                except OSError:
                    return

    def _answer(self, verb: str, rest: str = "") -> list[str]:
        if verb == "PROTOCOLINFO":
            return [
                "250-PROTOCOLINFO 1", f"250-AUTH METHODS={self.methods}", f'250-VERSION Tor="{self.version}"', "250 OK",
            ]  # fmt: skip
        if verb == "AUTHENTICATE":
            return ["250 OK" if "NULL" in self.methods else "515 Authentication failed"]
        if verb == "GETINFO":
            info = self.info | {"version": self.version}
            return [f"250+{rest}=", *info[rest].splitlines(), ".", "250 OK"] if rest in info else ["552 Unrecognized"]
        if verb == "GETCONF":
            return _last([*self.services] if rest == "HiddenServiceOptions" else [(rest, self.options.get(rest, "0"))])
        return ["250 OK"]


def _last(values: list[tuple[str, str]]) -> list[str]:
    rows = [f"250-{name}={value}" for name, value in values] or ["250-HiddenServiceOptions"]
    return [*rows[:-1], rows[-1].replace("250-", "250 ", 1)]


@contextlib.contextmanager
def control_port(path: Path, **said: object) -> Iterator[ControlPort]:
    """Listen at `path` until the block ends."""
    simulated = ControlPort(path, **said)  # type: ignore[arg-type]  # a test's own words
    serving: list[threading.Thread] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def accept() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                simulated.lines.append(line)
                serving.append(threading.Thread(target=simulated.serve, args=(line,)))
                serving[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield simulated
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            simulated.hang_up()
            for thread in serving:
                thread.join()
            path.unlink()
