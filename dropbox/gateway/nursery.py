"""What the mother's process runs: load everything, rehearse, say so, and keep the pool. Imported after the fork."""

import os
import socket
import time
from collections.abc import Callable

from dropbox.gateway.app import app_of, make_site
from dropbox.gateway.confinement import forbid_writing
from dropbox.gateway.connection import serve_one
from dropbox.gateway.mother import Mother, Pool
from dropbox.gateway.settings import Settings
from dropbox.gateway.warming import warm
from dropbox.web.tally import Tally


def keep(settings: Settings, jobs: socket.socket, ready: Callable[[], None]) -> None:
    """Serve connections that come over `jobs` until SIGTERM; call `ready` once that can begin."""
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
    app = app_of(site, failed=tally.count)  # of which each child starts its own copy
    mother = Mother(pool, lambda taken: serve_one(app, jobs, taken), tally)
    ready()
    mother.run()
