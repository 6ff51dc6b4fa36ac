"""A host that an auditor visits through a SOCKS port: a real gateway, and between the two a hand that can change it."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import h11

from dropbox.auditor import cli
from dropbox.gateway.settings import Settings as GatewaySettings
from dropbox.gateway.settings import Tcp
from dropbox.protocol.receipt import fingerprint_words
from dropbox.torlink.addresses import SocksAddress
from tests.gateway.bureau import Bureau, SimulatedIntake
from tests.gateway.threads import gateway_at
from tests.simulators.socks import SimulatedTor, onion

ONION: Final = onion("reporters")
READING: Final = onion("reading")
_HOP: Final = frozenset({"connection", "content-length"})


@dataclass
class Reply:
    """An answer of the gateway on its way to the visitor; a test changes what it likes."""

    path: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    breaks: int = -1  # the line breaks after so many bytes of the body


@dataclass
class Request:
    """A request as it came, headers in order and spelling as they were sent."""

    connection: int
    method: str
    path: str
    headers: list[tuple[str, str]]


Hand = Callable[[Reply], None]


def on(path: str, change: Hand) -> Hand:
    def hand(reply: Reply) -> None:
        if re.fullmatch(path, reply.path):
            change(reply)

    return hand


def swap(before: bytes, after: bytes) -> Hand:
    def change(reply: Reply) -> None:
        reply.headers = [one for one in reply.headers if one[0].lower() != "content-encoding"]
        assert before in reply.body
        reply.body = reply.body.replace(before, after)

    return change


def both(first: Hand, second: Hand) -> Hand:
    def hand(reply: Reply) -> None:
        first(reply)
        second(reply)

    return hand


def hangs_up(_: Reply) -> None:
    raise ConnectionError


def unzipped(change: Hand) -> Hand:
    def hand(reply: Reply) -> None:
        if ("Content-Encoding", "gzip") in reply.headers:
            reply.headers.remove(("Content-Encoding", "gzip"))
            reply.body = gzip.decompress(reply.body)
        change(reply)

    return hand


def plain(between: Between, change: Hand) -> None:
    """Have the gateway answer uncompressed, and change the text after whatever else is changed."""
    between.hand = unzipped(both(between.hand, change))


@dataclass
class Between:
    """Stands between Tor and the gateway. `hand` may change every answer, or break the line with ConnectionError; `cut`
    breaks it before this path is asked for.
    """

    base: str
    hand: Hand = lambda _: None
    cut: str = ""
    deaf: str = ""  # what begins so never reaches the gateway; the hand answers alone
    asked: list[Request] = field(default_factory=list)
    _count: int = 0

    @contextmanager
    def listening(self, path: Path) -> Iterator[None]:
        """Serve on a Unix socket while the body runs."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            with self._accepting(listener):
                yield

    @contextmanager
    def on_port(self) -> Iterator[str]:
        """Serve on a port of this machine, for browsers; gives the address."""
        with socket.create_server(("127.0.0.1", 0)) as listener, self._accepting(listener):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"

    @contextmanager
    def _accepting(self, listener: socket.socket) -> Iterator[None]:
        listener.listen(64)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            self._count += 1
            threading.Thread(target=self._serve, args=(accepted, self._count), daemon=True).start()

    def _serve(self, line: socket.socket, number: int) -> None:
        http_ = h11.Connection(h11.SERVER)
        host, port = self.base.removeprefix("http://").split(":")
        with line, ExitStack() as stack:
            behind = http.client.HTTPConnection(host, int(port), timeout=60)
            stack.callback(behind.close)
            while (request := _next(http_, line)) is not None:
                head, body = request
                path = head.target.decode()
                said = [(name.decode(), value.decode()) for name, value in head.headers.raw_items()]
                self.asked.append(Request(number, head.method.decode(), path, said))
                if path == self.cut:
                    return
                reply = Reply(path, 0, [], b"")
                if not self.deaf or not path.startswith(self.deaf):
                    behind.request(head.method.decode(), path, body or None, dict(said))
                    answer = behind.getresponse()
                    reply = Reply(path, answer.status, answer.getheaders(), answer.read())
                try:
                    self.hand(reply)
                except ConnectionError:
                    return  # the line breaks before the answer
                kept = [(name, value) for name, value in reply.headers if name.lower() not in _HOP]
                sent = http_.send(
                    h11.Response(status_code=reply.status, headers=[*kept, ("Content-Length", str(len(reply.body)))])
                )
                http_.send_with_data_passthrough(h11.Data(data=reply.body))
                http_.send(h11.EndOfMessage())
                try:
                    line.sendall((sent or b"") + (reply.body if reply.breaks < 0 else reply.body[: reply.breaks]))
                except OSError:
                    return  # the visitor has gone
                if reply.breaks >= 0:
                    return
                http_.start_next_cycle()


def _next(http_: h11.Connection, line: socket.socket) -> tuple[h11.Request, bytes] | None:
    head, body = None, b""
    while True:
        event = http_.next_event()
        if event is h11.NEED_DATA:
            try:
                http_.receive_data(line.recv(1 << 16))
            except OSError:
                return None
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            return head, body
        else:
            return None


@contextmanager
def tor_at(path: Path, services: dict[str, Path]) -> Iterator[SimulatedTor]:
    """A SOCKS port on a Unix socket, in a thread with an event loop of its own."""
    tor, ready, loop = SimulatedTor(services), threading.Event(), asyncio.new_event_loop()
    ending = asyncio.Event()

    async def serve() -> None:
        async with tor.listening(SocksAddress(path=str(path))):
            ready.set()
            await ending.wait()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await asyncio.sleep(0)  # streams close in the next turn of the loop

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait(30)
    try:
        yield tor
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join()
        loop.close()


@dataclass
class Host:
    """A drop-box, and who looks at it."""

    folder: Path
    bureau: Bureau
    intake: SimulatedIntake
    between: Between
    tor: SimulatedTor
    reading: Between | None = None  # at the second address, where there is one

    def config(self, name: str = "ann", **changes: Any) -> Path:  # noqa: ANN401 -- a settings file
        """An auditor's settings file, with a key of their own."""
        own = self.folder / name
        own.mkdir(exist_ok=True)
        values = {
            "onion": ONION.name,
            "fingerprint": " ".join(fingerprint_words(self.bureau.root.public.fingerprint)),
            "tor_socks": f"unix:{self.folder / 'socks'}",
            "folder": str(own / "state"),
            "key": str(own / "key"),
            "language": "en",
            **({} if self.reading is None else {"reading_onion": READING.name}),
            **changes,
        }
        path = own / "audit.toml"
        path.write_text("".join(f"{key} = {_toml(value)}\n" for key, value in values.items()))
        if not (own / "key").exists():
            assert cli.main(["key", "--out", str(own / "key")]) == 0
        return path

    def paths(self) -> list[str]:
        """What the gateway was asked for, in order, uploads without their numbers."""
        return [f"{one.method} {_without_number(one.path)}" for one in self.between.asked]


def _toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _without_number(path: str) -> str:
    return "/v1/uploads/ID/whole" if path.startswith("/v1/uploads/") else path


@contextmanager
def running_host(folder: Path, bureau: Bureau | None = None, *, two_addresses: bool = False) -> Iterator[Host]:
    """Today's bureau, an intake in memory, a real gateway, and the way to it, or the two ways."""
    bureau = bureau or Bureau(int(time.time()))
    intake = SimulatedIntake(bureau)
    settings = GatewaySettings(Path("/nowhere"), Tcp("127.0.0.1", 0), bureau.root.public, idle_seconds=60)
    if two_addresses:
        settings = replace(settings, reporters_address=ONION.name, reading_address=READING.name)
    with ExitStack() as stack:
        base = stack.enter_context(gateway_at(settings, lambda: int(time.time()), os.urandom, intake))
        between, reading = Between(base), Between(base) if two_addresses else None
        services = {ONION.name: folder / "gateway"}
        stack.enter_context(between.listening(folder / "gateway"))
        if reading is not None:
            services[READING.name] = folder / "reading"
            stack.enter_context(reading.listening(folder / "reading"))
        tor = stack.enter_context(tor_at(folder / "socks", services))
        yield Host(folder, bureau, intake, between, tor, reading)
