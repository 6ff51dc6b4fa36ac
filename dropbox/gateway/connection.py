"""One connection, from first to last byte, in a process of its own that ends with it."""

import asyncio
import signal
import socket
from collections.abc import Callable

from aiohttp import web

from dropbox.gateway.confinement import can_lock_memory, has_swap, limit_cost, lock_memory
from dropbox.web.serving import QuietRunner, serve_connection

KEEPALIVE_SECONDS = (
    20.0  # a new connection on the circuit that is there costs a visitor 50 ms, an idle process us a place
)


def serve_one(app: web.Application, jobs: socket.socket, taken: Callable[[], None]) -> None:
    """Wait for a connection, say `taken`, and serve it with `app` to its end. The caller then ends the process.

    The lease that came with it (see `acceptor`) is never looked at: it closes with the process.
    """
    limit_cost()
    if has_swap() and can_lock_memory():  # it costs more than a page does: not where it changes nothing
        lock_memory()
    message, descriptors, _, _ = socket.recv_fds(jobs, 1, 2)
    if not message or not descriptors:
        return  # the acceptor has gone
    taken()
    jobs.close()
    connection = socket.socket(fileno=descriptors[0])
    connection.setblocking(False)  # noqa: FBT003 - the library takes it by position
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_serve(app, connection))


async def _serve(app: web.Application, connection: socket.socket) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    runner = QuietRunner(app, keepalive_seconds=KEEPALIVE_SECONDS)
    await runner.setup()
    await serve_connection(runner, connection, stop)
