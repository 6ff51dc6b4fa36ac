"""The gateway's blocking halves beside an event loop: a thread where the command has a process."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from dropbox.gateway.app import Application, make_site
from dropbox.gateway.settings import Settings
from dropbox.gateway.transport import IntakeTransport
from dropbox.gateway.wire import Line
from dropbox.reporter.blocking import run
from dropbox.reporter.transport import Request, Response, Transport


@contextmanager
def gateway_at(
    settings: Settings,
    clock: Callable[[], int],
    random: Callable[[int], bytes],
    transport: Transport | None = None,
) -> Iterator[str]:
    """The address of a gateway on a free port; each connection has its own way to intake, unless one is given."""
    failed: list[str] = []
    application = Application(make_site(settings, clock, random), failed.append)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    serving: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with ExitStack() as stack:
            way = transport or stack.enter_context(IntakeTransport(settings.intake_socket, settings.intake_seconds))
            Line(connection).serve(lambda request: application.respond(way, request))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            serving.append(threading.Thread(target=serve, args=(connection,)))
            serving[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in serving:
            thread.join()
    assert not failed


class Unblocked:
    """A blocking transport for tests that share the event loop with what it talks to."""

    def __init__(self, transport: IntakeTransport) -> None:
        self._transport = transport

    async def send(self, request: Request) -> Response:
        return await asyncio.to_thread(lambda: run(self._transport.send(request)))
