"""One case on one screen, its files, and its end as junk."""

from aiohttp import web

from dropbox.bureau.pages import timeline, words
from dropbox.bureau.pages.paths import Page
from dropbox.bureau.pages.site import View
from dropbox.web.downloads import as_download
from dropbox.web.form_reading import Form
from dropbox.web.forms import NO_PROBLEMS, Problem, Problems
from dropbox.web.languages import LANGUAGES


async def show(view: View) -> web.StreamResponse:
    """Show the case, and note that its messages are on somebody's screen."""
    case = await view.desk.case(view.names["case"])
    await view.desk.mark_read(view.names["case"])
    return view.draw(
        "case.html",
        Page.CASE,
        case=case,
        line=timeline.draw(case.row.deadlines, view.desk.today()),
        urgency=timeline.urgency,
        languages={language.code: language.name for language in LANGUAGES},
        done=view.done_words,
    )


async def download(view: View, _form: Form) -> web.StreamResponse:
    """Send one file as a download under a sandboxing policy, as it is opened."""
    file, pieces = await view.desk.open_file(view.names["case"], view.names["file"])
    response = web.StreamResponse()
    as_download(response, file.name)
    response.content_length = file.size
    await response.prepare(view.request)
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response


async def ask_discard(view: View) -> web.StreamResponse:
    """Ask whether all this may be destroyed."""
    return await _discard_page(view, NO_PROBLEMS)


async def discard(view: View, form: Form) -> web.StreamResponse:
    """Destroy the case, when the box was ticked."""
    if not form.ticked("sure"):
        return await _discard_page(view, Problems((Problem("sure", view.say(words.CONFIRM_DISCARD)),)), status=422)
    await view.desk.discard(view.names["case"])
    raise view.done("discarded", Page.INBOX)


async def _discard_page(view: View, problems: Problems, *, status: int = 200) -> web.Response:
    case = await view.desk.case(view.names["case"])
    return view.draw("discard.html", Page.DISCARD, status=status, case=case, problems=problems)
