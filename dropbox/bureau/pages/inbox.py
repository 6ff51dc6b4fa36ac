"""The first page: what is due, what could not be opened, how the desk stands towards the host."""

from aiohttp import web

from dropbox.bureau.pages.paths import Page
from dropbox.bureau.pages.site import View
from dropbox.bureau.pages.timeline import urgency
from dropbox.bureau.views import CaseStatus


async def show(view: View) -> web.StreamResponse:
    """Show every report, the earliest deadline first; closed ones apart."""
    rows = await view.desk.cases()
    # A closed case stands apart once nothing is due in it: its reasons may still wait for the board.
    closed = [row for row in rows if row.status is CaseStatus.CLOSED and not row.unread and not row.deadlines.next_name]
    return view.draw(
        "inbox.html",
        Page.INBOX,
        current=[row for row in rows if row not in closed],
        closed=closed,
        failures=await view.desk.failures(),
        outcome_failures=await view.desk.outcome_failures(),
        sync=await view.desk.sync_state(),
        urgency=urgency,
        done=view.done_words,
    )
