"""What the mother's process runs: load everything, rehearse, say so, and keep the pool. Imported after the fork."""

import os
import socket
import time
from collections.abc import Callable

from dropbox.gateway import public_pages
from dropbox.gateway.app import Application, make_site
from dropbox.gateway.confinement import can_lock_memory, forbid_writing, has_swap
from dropbox.gateway.connection import serve_one
from dropbox.gateway.heap import settle
from dropbox.gateway.mother import Mother, Pool
from dropbox.gateway.settings import Settings
from dropbox.gateway.transport import IntakeTransport
from dropbox.gateway.warming import rehearse, warm
from dropbox.gateway.wire import Signs
from dropbox.web.tally import Tally

RENEW_SECONDS = 1.0  # for each look at what the bureau signed, in which no process is made


def keep(settings: Settings, jobs: socket.socket, crowd: int, ready: Callable[[], None]) -> None:
    """Serve connections that come over `jobs` until SIGTERM; call `ready` once that can begin.

    `crowd` can be read while somebody waits for a place.
    """
    site = make_site(settings, lambda: int(time.time()), os.urandom)
    warm(site)
    forbid_writing()
    pool = Pool(
        settings.warm_processes,
        settings.connections_at_once,
        settings.connection_seconds,
        settings.drain_seconds,
    )
    tally = Tally()
    application = Application(site, tally.count)
    lock = has_swap() and can_lock_memory()  # it costs more than a page does: not where it changes nothing

    rehearsed = False

    def renew() -> None:
        nonlocal rehearsed
        with IntakeTransport(settings.intake_socket, RENEW_SECONDS) as transport:
            if site.bulletins.renew(transport):
                public_pages.prepare(site, transport)
        if site.bulletins.known and not rehearsed:
            rehearsed = True  # also where it fails: then visits are slower, and the tally says so
            if not rehearse(site, application):
                tally.count("a rehearsal of a report failed")
            settle()

    def serve(taken: Callable[[], None], ending: int) -> None:
        serve_one(application, settings, jobs, taken, Signs(ending, crowd), lock=lock)

    mother = Mother(pool, serve, tally, renew)
    ready()
    mother.run()
