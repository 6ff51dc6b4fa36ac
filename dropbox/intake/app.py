"""Three applications on one store, one for each socket."""

import logging
from collections.abc import Callable

from aiohttp import web

from dropbox.courier.server import signed_only
from dropbox.courier.signing import Verifier, audience
from dropbox.intake import http
from dropbox.intake.certificates import keys_on
from dropbox.intake.couriers import Desk, Ministry
from dropbox.intake.days import day_of
from dropbox.intake.reporters import Reporters
from dropbox.intake.store import Store
from dropbox.protocol.keys import Certificate, Role

logger = logging.getLogger("dropbox.intake")


def reporters_app(store: Store) -> web.Application:
    """Make the reporters' application. What fails there is counted, not logged: a line in a log has a clock time."""
    app = web.Application(middlewares=[http.answer_failures(store.faults.count), http.one_spelling, http.no_query])
    app.on_response_prepare.append(http.bare_headers)
    app.add_routes(Reporters(store).routes())
    return app


def desk_app(store: Store, certificates: tuple[Certificate, ...], clock: Callable[[], int]) -> web.Application:
    """Make the desk's application: only keys certified as `desk-courier` count."""
    return _courier_app(store, certificates, clock, Role.DESK_COURIER, Desk(store).routes())


def ministry_app(store: Store, certificates: tuple[Certificate, ...], clock: Callable[[], int]) -> web.Application:
    """Make the ministry's application: only keys certified as `ministry-courier` count."""
    return _courier_app(store, certificates, clock, Role.MINISTRY_COURIER, Ministry(store).routes())


def _courier_app(
    store: Store,
    certificates: tuple[Certificate, ...],
    clock: Callable[[], int],
    role: Role,
    routes: list[tuple[web.RouteDef, int]],
) -> web.Application:
    limits = {route.handler: limit for route, limit in routes}
    verifier = Verifier(
        audience(role.value, store.context.root.instance), lambda now: keys_on(certificates, role, day_of(now))
    )
    signed = signed_only(
        verifier,
        store.nonces,
        clock=clock,
        limit_of=lambda request: limits.get(request.match_info.handler, 0),
    )
    app = web.Application(middlewares=[http.answer_failures(logger.error), http.one_spelling, signed])
    app.on_response_prepare.append(http.bare_headers)
    app.add_routes([route for route, _ in routes])
    return app
