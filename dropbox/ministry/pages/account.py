"""One's own password."""

from aiohttp import web

from dropbox.ministry.pages import words
from dropbox.ministry.pages.forms import Form
from dropbox.ministry.pages.paths import Page
from dropbox.ministry.pages.site import View
from dropbox.storage.errors import WeakPasswordError, WrongPasswordError
from dropbox.web.forms import NO_PROBLEMS, Problem, Problems


async def show(view: View) -> web.StreamResponse:
    """Show the form."""
    return _draw(view)


async def change(view: View, form: Form) -> web.StreamResponse:
    """Change the password, or say what is wrong."""
    if form.raw("new") != form.raw("again"):
        return _draw(view, "again", words.NEW_DIFFERS)
    try:
        await view.inbox.change_password(view.person, form.raw("old"), form.raw("new"))
    except WeakPasswordError:
        return _draw(view, "new", words.NEW_WEAK)
    except WrongPasswordError:
        return _draw(view, "old", words.OLD_WRONG)
    raise view.done("password", Page.ACCOUNT)


def _draw(view: View, field: str = "", sentence: str = "") -> web.Response:
    problems = Problems((Problem(field, view.say(sentence)),)) if field else NO_PROBLEMS
    status = 422 if field else 200
    return view.draw("account.html", Page.ACCOUNT, status=status, problems=problems, done=view.done_words)
