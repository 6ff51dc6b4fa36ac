"""One connection, from first to last byte, in a process of its own that ends with it."""

import socket
from collections.abc import Callable

from dropbox.gateway.app import Application
from dropbox.gateway.confinement import limit_cost, lock_memory
from dropbox.gateway.settings import Settings
from dropbox.gateway.transport import IntakeTransport
from dropbox.gateway.wire import Line, Signs


def serve_one(
    application: Application,
    settings: Settings,
    jobs: socket.socket,
    taken: Callable[[], None],
    signs: Signs,
    *,
    lock: bool,
) -> None:
    """Wait for a connection, say `taken`, and serve it to its end. The caller then ends the process.

    `signs` are what the acceptor and the mother show to all who serve. The lease that came with it
    (see `acceptor`) hears what the connection costs, and closes with the process. With `lock` the memory is kept out of
    swap.
    """
    limit_cost()
    if lock:
        lock_memory()
    message, descriptors, _, _ = socket.recv_fds(jobs, 1, 2)
    if not message or len(descriptors) != 2:  # noqa: PLR2004 - as many as it was asked for
        return  # the acceptor gives no more
    taken()
    jobs.close()
    line = Line(socket.socket(fileno=descriptors[0]), signs=signs, lease=descriptors[1])
    with IntakeTransport(settings.intake_socket, settings.intake_seconds) as transport:
        line.serve(lambda request: application.respond(transport, request))
