"""Signing in and out, for the roles whose people have accounts."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from aiohttp import web

from dropbox.web.form_reading import Form, read_form
from dropbox.web.forms import NO_PROBLEMS, Problem, Problems
from dropbox.web.gate import Gate
from dropbox.web.same_site import check_same_site
from dropbox.web.signed_in import SignedInView

_MINUTE: Final = 60
_LONGEST_NAME: Final = 200  # given back in the form
_one_at_a_time: Final = web.AppKey("one_at_a_time", asyncio.Lock)

View = TypeVar("View", bound=SignedInView[Any, Any])


def setup(app: web.Application) -> None:
    """Passwords are checked one at a time: each check takes 64 MiB of memory, and counting tries needs an order."""
    app[_one_at_a_time] = asyncio.Lock()


def one_at_a_time(request: web.Request) -> asyncio.Lock:
    """Held by whoever checks a password, from looking at the tries so far until a wrong one is counted."""
    return request.app[_one_at_a_time]


@dataclass(frozen=True)
class Sentences:
    """What a role says, as marked messages."""

    wrong: str
    wait: str
    """With `%(count)s` minutes."""

    wait_a_minute: str


@dataclass(frozen=True)
class SignIn(Generic[View]):
    """The views of signing in and out; `sign_in.html` is the role's."""

    gate: Gate[View]

    home: object
    """Where one comes after signing in, as `View.url` takes it."""

    check: Callable[[View, str, str], Awaitable[Any]]
    """Checks a name and a password and gives the person, or raises `refused`."""

    refused: type[Exception]
    sentences: Sentences

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the form, or the first page to somebody who is signed in already."""
        view = self.gate.view_of(request)
        if view.session is not None:
            raise web.HTTPSeeOther(view.url(self.home))
        return self._draw(view)

    async def submit(self, request: web.Request) -> web.StreamResponse:
        """Check name and password; the same answer for a wrong name and a wrong password."""
        view = self.gate.view_of(request)
        check_same_site(request.headers)
        form = await read_form(request)
        user = form.text("user")
        async with one_at_a_time(request):
            wait = view.site.attempts.wait_seconds()
            if wait:
                return self._draw(view, self.too_many(view, wait), status=429)
            try:
                person = await self.check(view, user, form.raw("password"))
            except self.refused:
                view.site.attempts.failed()
                return self._draw(view, view.say(self.sentences.wrong), user=user[:_LONGEST_NAME], status=403)
        cookie = self.gate.cookie
        view.site.sessions.close(cookie.read(request))
        session = view.site.sessions.open(person)
        answer = web.HTTPSeeOther(view.url(self.home))
        cookie.set(answer, session.token)
        raise answer

    async def sign_out(self, view: View, _form: Form) -> web.StreamResponse:
        """End the session; the last one that ends locks the keyring."""
        view.site.sessions.close(self.gate.cookie.read(view.request))
        answer = view.done("signed-out", self.gate.sign_in)
        self.gate.cookie.clear(answer)
        raise answer

    def too_many(self, view: View, wait: int) -> str:
        """Say how long to wait before the next try."""
        minutes = math.ceil(wait / _MINUTE)
        return view.say(self.sentences.wait, count=minutes) if minutes > 1 else view.say(self.sentences.wait_a_minute)

    def _draw(self, view: View, problem: str = "", *, user: str = "", status: int = 200) -> web.Response:
        problems = Problems((Problem("user", problem),)) if problem else NO_PROBLEMS
        return view.draw(
            "sign_in.html",
            self.gate.sign_in,
            status=status,
            problems=problems,
            name=user,
            done=view.done_words,
            open=view.is_open,
        )
