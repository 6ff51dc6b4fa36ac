"""Handing in a file that was sealed elsewhere: passed on to intake unopened, as it comes."""

import contextlib
from collections.abc import Sequence

from dropbox.gateway import texts
from dropbox.gateway.drafts import Fault
from dropbox.gateway.errors import FormError, TooManyFiles
from dropbox.gateway.form_reader import FormReader
from dropbox.gateway.paths import Page
from dropbox.gateway.receiving import UNAVAILABLE, UNPROCESSABLE, Refused, form_refusal
from dropbox.gateway.report_pages import problems, size_words
from dropbox.gateway.site import Visit, personal, public
from dropbox.gateway.wire import Answer
from dropbox.protocol.errors import ProtocolError
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import HostRefused, VisitError
from dropbox.reporter.handing_in import HandingIn
from dropbox.web.same_site import check_same_site


class _NoFile(Exception):
    """The visitor's: nothing was chosen."""


def show_sealed(visit: Visit) -> Answer:
    """The form: one file."""
    return public(visit.request, _page(visit, Page.SEALED, ()))


def hand_in(visit: Visit) -> Answer:
    """Pass the file on; answer with its size, or with the form and what was wrong."""
    check_same_site(visit.request.headers)
    form = FormReader(visit.request, {}, visit.site.settings.idle_seconds)
    outcome = _passed_on(visit, form)
    if isinstance(outcome, Refused):
        form.discard()
        return personal(_page(visit, None, outcome.faults), outcome.status)
    return personal(visit.site.draw("handed_in.html", visit.language, None, size=size_words(outcome)))


def _passed_on(visit: Visit, form: FormReader) -> int | Refused:
    """The size of the envelope that the host now holds.

    After a broken line what has come stays, so that the same file goes on from there; of what is no sealed file nothing
    stays.
    """
    handing = HandingIn(visit.transport)
    try:
        return _read(form, handing)
    except _NoFile:
        return Refused([Fault("files", texts.NO_FILE)], UNPROCESSABLE)
    except VisitError as error:
        sentence = texts.SEALED_TOO_OLD if isinstance(error, HostRefused) else texts.SEALED_AWAY
        return Refused([Fault("files", sentence)], UNAVAILABLE)
    except (TooManyFiles, ProtocolError) as error:
        with contextlib.suppress(VisitError):  # the host sweeps it within a day
            run(handing.cancel())
        sentence = texts.ONE_SEALED_FILE if isinstance(error, TooManyFiles) else texts.NO_SEALED_FILE
        return Refused([Fault("files", sentence)], UNPROCESSABLE)
    except FormError as error:
        return form_refusal(error, [])


def _read(form: FormReader, handing: HandingIn) -> int:
    form.fields()
    files = form.files()
    if (file := next(files, None)) is None:
        raise _NoFile
    for piece in file.pieces:
        run(handing.add(piece))
    if next(files, None) is not None:
        raise TooManyFiles
    return run(handing.finish())


def _page(visit: Visit, page: Page | None, faults: Sequence[Fault]) -> str:
    site, language = visit.site, visit.language
    return site.draw("sealed.html", language, page, problems=problems(site, language, faults))
