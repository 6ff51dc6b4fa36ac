"""Sessions of people who sign in (desk and inbox; the reporter's pages have none): in memory, gone with the process.

A session is found by a random token in a cookie that no script reads and no other site sends. Every form carries
the session's second random value; a form without it changes nothing.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aiohttp import web

from dropbox.web.errors import RefusedRequest

Person = TypeVar("Person")

SWEEP_SECONDS = 30
"""How often idle sessions are looked for, so that a keyring does not stay open until somebody comes along."""

TOKEN_BYTES = 32
CSRF_FIELD = "csrf"


@dataclass(slots=True)
class Session(Generic[Person]):
    """One sign-in. `person` is whatever the role keeps about who signed in, keys included: `close` drops it."""

    token: str
    csrf: str
    person: Person
    last_used: float = field(repr=False)

    def __repr__(self) -> str:
        """Show nothing: a token in a traceback is a stolen session."""
        return "Session()"


class Sessions(Generic[Person]):
    """All sessions of one process.

    `clock` counts seconds and never goes back (`time.monotonic`), `randomness(n)` returns n random bytes,
    `idle_seconds` is how long a session lives without a request. `on_close` is called with each person whose
    session ends, so that keys can be wiped.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
        idle_seconds: float,
        on_close: Callable[[Person], None] = lambda _person: None,
    ) -> None:
        """Start without any session."""
        self._clock = clock
        self._randomness = randomness
        self._idle_seconds = idle_seconds
        self._on_close = on_close
        self._open: dict[str, Session[Person]] = {}

    def open(self, person: Person) -> Session[Person]:
        """Begin a session with a fresh token: signing in never keeps the token from before."""
        session = Session(self._secret(), self._secret(), person, self._clock())
        self._open[session.token] = session
        return session

    def find(self, token: str | None) -> Session[Person] | None:
        """Return the session of `token` and note that it was used; None when unknown or idle for too long."""
        self.sweep()
        session = self._open.get(token or "")
        if session is not None:
            session.last_used = self._clock()
        return session

    def close(self, token: str | None) -> None:
        """End a session; nothing happens when there is none."""
        session = self._open.pop(token or "", None)
        if session is not None:
            self._on_close(session.person)

    def close_all(self) -> None:
        """End every session, as when the process stops."""
        for token in tuple(self._open):
            self.close(token)

    def sweep(self) -> None:
        """End the sessions that were idle for too long; call it from a timer too, so that keys do not wait."""
        limit = self._clock() - self._idle_seconds
        for token in [token for token, session in self._open.items() if session.last_used <= limit]:
            self.close(token)

    def _secret(self) -> str:
        return self._randomness(TOKEN_BYTES).hex()


def end_idle(app: web.Application, sessions: Sessions[Person]) -> None:
    """End idle sessions while the application runs, and all of them when it stops."""

    async def sweep() -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            sessions.sweep()

    async def run(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(sweep())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        sessions.close_all()

    app.cleanup_ctx.append(run)


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie that carries a session's token.

    `secure` is False only on plain http over loopback, where a browser would not keep a Secure cookie; the
    `__Host-` prefix comes with it. Cookies of one host are shared by all its ports, hence a name per role.
    """

    role: str
    secure: bool = False

    @property
    def name(self) -> str:
        """The cookie's name."""
        return f"__Host-{self.role}" if self.secure else f"dropbox-{self.role}"

    def read(self, request: web.Request) -> str | None:
        """Return the token that the browser sent."""
        return request.cookies.get(self.name)

    def set(self, response: web.StreamResponse, token: str) -> None:
        """Give the browser the token until it closes."""
        response.set_cookie(self.name, token, httponly=True, samesite="Strict", secure=self.secure, path="/")

    def clear(self, response: web.StreamResponse) -> None:
        """Take the token away."""
        response.del_cookie(self.name, httponly=True, samesite="Strict", secure=self.secure, path="/")


def check_csrf(session: Session[Person], submitted: object) -> None:
    """Refuse a form that does not carry the session's value (`CSRF_FIELD`)."""
    if not isinstance(submitted, str) or not hmac.compare_digest(submitted.encode(), session.csrf.encode()):
        message = "the form does not carry this session's value"
        raise RefusedRequest(message)
