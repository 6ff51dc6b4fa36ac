"""One's own password."""

from aiohttp import web

from dropbox.ministry.pages import words
from dropbox.ministry.pages.paths import Page
from dropbox.ministry.pages.sign_in import SIGN_IN
from dropbox.ministry.pages.site import View
from dropbox.storage.errors import WeakPasswordError, WrongPasswordError
from dropbox.web.form_reading import Form
from dropbox.web.forms import NO_PROBLEMS, Problem, Problems
from dropbox.web.sign_in import one_at_a_time


async def show(view: View) -> web.StreamResponse:
    """Show the form."""
    return _draw(view)


async def change(view: View, form: Form) -> web.StreamResponse:
    """Change the password, or say what is wrong."""
    if form.raw("new") != form.raw("again"):
        return _draw(view, "again", view.say(words.NEW_DIFFERS), status=422)
    async with one_at_a_time(view.request):
        wait = view.site.attempts.wait_seconds()
        if wait:  # whoever finds a screen left open must not guess at the password either
            return _draw(view, "old", SIGN_IN.too_many(view, wait), status=429)
        try:
            await view.inbox.change_password(view.person, form.raw("old"), form.raw("new"))
        except WeakPasswordError:
            return _draw(view, "new", view.say(words.NEW_WEAK), status=422)
        except WrongPasswordError:
            view.site.attempts.failed()
            return _draw(view, "old", view.say(words.OLD_WRONG), status=422)
    raise view.done("password", Page.ACCOUNT)


def _draw(view: View, field: str = "", sentence: str = "", *, status: int = 200) -> web.Response:
    problems = Problems((Problem(field, sentence),)) if field else NO_PROBLEMS
    return view.draw("account.html", Page.ACCOUNT, status=status, problems=problems, done=view.done_words)
