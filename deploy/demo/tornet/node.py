"""One tor process and its control port."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stem.control import Controller, EventType

from deploy.demo.tornet.errors import CommandRefused, NetworkFailed
from deploy.demo.tornet.uploads import Uploads
from deploy.demo.tornet.waiting import until

OVERWRITING = {"MALLOC_PERTURB_": "165"}  # glibc's; deploy/system/tor.conf says the same
_ENDS_WITHIN = 15  # seconds
_ACCEPTED = "25"  # 250: done; 251 and 252: done, with a remark


class Node:
    """A tor with its folder. It is not running until ``start``, and can be started again after ``stop``.

    ``socks``: the port of its SOCKS proxy on 127.0.0.1, 0 without.
    """

    def __init__(
        self, program: str, name: str, folder: Path, torrc: str, *, socks: int = 0, overwriting: bool = True
    ) -> None:
        """Writes the torrc into the folder. ``overwriting``: memory is overwritten when it is freed, as in production.

        tor does not do that by itself.
        """
        self.name, self.folder, self.socks = name, folder, socks
        self._environment = os.environ | (OVERWRITING if overwriting else {})
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._controller: Any = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "torrc").write_text(torrc)

    @property
    def pid(self) -> int:
        """The process that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def controller(self) -> Any:  # noqa: ANN401 - stem has no types
        """Stem's controller, signed in."""
        assert self._controller is not None
        return self._controller

    def start(self) -> None:
        """Runs tor and signs in to its control port, from a thread that lives as long. Raises ``NetworkFailed``."""
        self.run()
        self.sign_in()

    def run(self) -> None:
        """Runs tor; it is killed when the thread that runs it ends, however that happens.

        The kernel sees to that: tor also ends by itself when its owner is gone, but was seen to hang in the attempt,
        waiting for its worker threads.
        """
        self._ports.unlink(missing_ok=True)
        command = ["setpriv", "--pdeathsig", "KILL", self._program, "--defaults-torrc", "/dev/null"]
        command += ["-f", str(self.folder / "torrc"), "--hush"]
        with (self.folder / "stdout.log").open("wb") as output:
            # A session of its own: Ctrl-C in a terminal is for the program that runs the network.
            self._process = subprocess.Popen(  # noqa: S603 - the system's commands
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def sign_in(self) -> None:
        """Waits for the control port and signs in. Raises ``NetworkFailed``."""
        written = until(f"the control port of {self.name}", self._control_port)
        self._controller = Controller.from_port(port=int(written.rpartition(":")[2]))
        self._controller.authenticate()  # stem takes ownership: this tor ends when the connection does

    @property
    def _ports(self) -> Path:
        """Where tor writes its control port."""
        return self.folder / "control_port"

    def _control_port(self) -> str | None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise NetworkFailed(f"{self.name}: tor ended: {(self.folder / 'stdout.log').read_text()[-800:]}")
        text = self._ports.read_text() if self._ports.exists() else ""
        # One line for each; a socket of its own comes after the port.
        return text.splitlines()[0] if text.startswith("PORT=") and text.endswith("\n") else None

    def join(self) -> None:
        """Lets a tor that waits onto the network, and returns when it is wholly on it."""
        self.controller.set_conf("DisableNetwork", "0")
        until(f"the network of {self.name}", lambda: "PROGRESS=100" in self.info("status/bootstrap-phase"))

    def info(self, key: str, default: str | None = None) -> str:
        """``GETINFO``."""
        return str(self.controller.get_info(key, *([] if default is None else [default])))

    def fingerprint(self) -> str:
        """A relay's; empty as long as it has none."""
        return self.info("fingerprint", "")

    def has_directory(self) -> bool:
        """Tells whether it knows enough of the network to serve others."""
        return self.info("status/enough-dir-info", "0") == "1"

    def command(self, line: str) -> list[str]:
        """A raw command; gives the lines of the answer. Raises ``CommandRefused``."""
        answer = [(code, str(text)) for code, _, text in self.controller.msg(line).content()]
        if not all(code.startswith(_ACCEPTED) for code, _ in answer):
            raise CommandRefused(f"{self.name} refused {line.split(maxsplit=1)[0]}: {answer[-1][1]}")
        return [text for _, text in answer]

    def uploads(self) -> Uploads:
        """Watches, from now on, which descriptors of onion services reach their directories."""
        seen = Uploads(self.controller.remove_event_listener)
        self.controller.add_event_listener(seen.heard, EventType.HS_DESC)
        return seen

    def warnings(self) -> list[str]:
        """What tor complained of so far."""
        log = self.folder / "notice.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return [line for line in lines if "[warn]" in line or "[err]" in line]

    def kill(self) -> None:
        """Ends tor as a power cut would."""
        self._end((signal.SIGKILL,))

    def stop(self) -> None:
        """Ends tor."""
        self._end((signal.SIGTERM, signal.SIGKILL))

    def _end(self, numbers: Sequence[signal.Signals]) -> None:
        if self._process is not None:
            for number in numbers:
                self._process.send_signal(number)
                try:
                    self._process.wait(_ENDS_WITHIN)
                    break
                except subprocess.TimeoutExpired:
                    continue
        if self._controller is not None:
            self._controller.close()
            self._controller = None
