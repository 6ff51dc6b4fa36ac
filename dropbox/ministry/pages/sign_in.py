"""Signing in and out."""

import asyncio
import math
from typing import Final

from aiohttp import web

from dropbox.ministry.pages import words
from dropbox.ministry.pages.forms import Form, read_form
from dropbox.ministry.pages.paths import Page
from dropbox.ministry.pages.site import COOKIE, View
from dropbox.storage.errors import WrongPasswordError
from dropbox.web.forms import NO_PROBLEMS, Problem, Problems
from dropbox.web.sessions import check_same_site

_MINUTE: Final = 60
_LONGEST_NAME: Final = 200  # given back in the form
_one_at_a_time: Final = web.AppKey("one_at_a_time", asyncio.Lock)


def setup(app: web.Application) -> None:
    """Passwords are checked one at a time: each check takes 64 MiB of memory, and counting tries needs an order."""
    app[_one_at_a_time] = asyncio.Lock()


async def show(request: web.Request) -> web.StreamResponse:
    """Show the form, or the cards to somebody who is signed in already."""
    view = View.of(request)
    if view.session is not None:
        raise web.HTTPSeeOther(view.url(Page.INBOX))
    return _draw(view)


async def submit(request: web.Request) -> web.StreamResponse:
    """Check name and password; the same answer for a wrong name and a wrong password."""
    view = View.of(request)
    check_same_site(request)
    form = await read_form(request)
    async with request.app[_one_at_a_time]:
        wait = view.site.attempts.wait_seconds()
        if wait:
            return _draw(view, too_many(view, wait), status=429)
        try:
            person = await view.inbox.sign_in(form.text("user"), form.raw("password"))
        except WrongPasswordError:
            view.site.attempts.failed()
            return _draw(view, view.say(words.WRONG_SIGN_IN), user=form.text("user")[:_LONGEST_NAME], status=403)
    view.site.sessions.close(COOKIE.read(request))
    session = view.site.sessions.open(person)
    answer = web.HTTPSeeOther(view.url(Page.INBOX))
    COOKIE.set(answer, session.token)
    raise answer


async def sign_out(view: View, _form: Form) -> web.StreamResponse:
    """End the session; the last one that ends locks the keyring."""
    view.site.sessions.close(COOKIE.read(view.request))
    answer = view.done("signed-out", Page.SIGN_IN)
    COOKIE.clear(answer)
    raise answer


def too_many(view: View, wait: int) -> str:
    """Say how long to wait before the next try."""
    minutes = math.ceil(wait / _MINUTE)
    return view.say(words.TOO_MANY_TRIES, count=minutes) if minutes > 1 else view.say(words.TOO_MANY_TRIES_ONE)


def _draw(view: View, problem: str = "", *, user: str = "", status: int = 200) -> web.Response:
    problems = Problems((Problem("user", problem),)) if problem else NO_PROBLEMS
    return view.draw(
        "sign_in.html",
        Page.SIGN_IN,
        status=status,
        problems=problems,
        name=user,
        done=view.done_words,
        open=view.inbox.is_open,
    )
