"""The handler's own password."""

from aiohttp import web

from dropbox.bureau.errors import WeakPasswordError, WrongSignInError
from dropbox.bureau.pages import words
from dropbox.bureau.pages.paths import Page
from dropbox.bureau.pages.site import View
from dropbox.web.form_reading import Form
from dropbox.web.forms import NO_PROBLEMS, Problem, Problems
from dropbox.web.sign_in import one_at_a_time


async def show(view: View) -> web.StreamResponse:
    """Show the form."""
    return _draw(view, NO_PROBLEMS)


async def change(view: View, form: Form) -> web.StreamResponse:
    """Change the password when the old one is right and the new one twice the same."""
    old, new = form.raw("old"), form.raw("new")
    if new != form.raw("again"):
        return _wrong(view, "again", words.TWO_PASSWORDS)
    if new == old:
        return _wrong(view, "new", words.SAME_PASSWORD)
    async with one_at_a_time(view.request):
        if view.site.attempts.wait_seconds():
            return _wrong(view, "old", words.TOO_MANY_TRIES_HERE)
        try:
            await view.desk.change_password(view.person.handler.user, old, new)
        except WrongSignInError:
            view.site.attempts.failed()
            return _wrong(view, "old", words.OLD_PASSWORD)
        except WeakPasswordError:
            return _wrong(view, "new", words.SHORT_PASSWORD)
    raise view.done("password", Page.ACCOUNT)


def _wrong(view: View, field: str, sentence: str) -> web.Response:
    return _draw(view, Problems((Problem(field, view.say(sentence)),)), status=422)


def _draw(view: View, problems: Problems, *, status: int = 200) -> web.Response:
    return view.draw("account.html", Page.ACCOUNT, status=status, problems=problems, done=view.done_words)
