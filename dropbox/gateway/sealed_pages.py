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
from dropbox.protocol.sealed_file import SealedHead
from dropbox.protocol.sizes import DAY
from dropbox.reporter.blocking import run
from dropbox.reporter.errors import (
    HostFull,
    HostNotReady,
    OutcomeUnknown,
    TransportFailed,
    UploadLost,
    UploadTaken,
    VisitError,
    WrongDay,
)
from dropbox.reporter.handing_in import DayRefused, HandedIn, HandingIn
from dropbox.web.same_site import check_same_site
from dropbox.web.templating import long_day

_REFUSALS: tuple[tuple[type[VisitError], str], ...] = (
    (HostFull, texts.SEALED_FULL),
    (UploadTaken, texts.SEALED_TAKEN),
    (UploadLost, texts.SEALED_LOST),
    (OutcomeUnknown, texts.SEALED_UNKNOWN),
    (TransportFailed, texts.SEALED_AWAY),
    (HostNotReady, texts.SEALED_AWAY),
)
_DAYS = {
    DayRefused.OLD: texts.SEALED_TOO_OLD,
    DayRefused.AHEAD: texts.SEALED_AHEAD,
    DayRefused.ELSEWHERE: texts.SEALED_ELSEWHERE,
}


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
    size = size_words(outcome.size)
    return personal(visit.site.draw("handed_in.html", visit.language, None, size=size, before=outcome.before))


def _passed_on(visit: Visit, form: FormReader) -> HandedIn | Refused:
    """What the host now holds.

    After a broken line what has come stays, so that the same file goes on from there; of what is no sealed file nothing
    stays, nor of what somebody else put under its name.
    """
    handing = HandingIn(visit.transport)
    try:
        return _read(form, handing)
    except _NoFile:
        return Refused([Fault("files", texts.NO_FILE)], UNPROCESSABLE)
    except VisitError as error:
        if isinstance(error, UploadTaken):
            _take_back(handing)
        return Refused([_refused(visit, error, handing.head)], UNAVAILABLE)
    except TooManyFiles:
        _take_back(handing)
        return Refused([Fault("files", texts.ONE_SEALED_FILE)], UNPROCESSABLE)
    except ProtocolError:
        _take_back(handing)
        sentence = texts.SEALED_DAMAGED if handing.ours else texts.NO_SEALED_FILE
        return Refused([Fault("files", sentence)], UNPROCESSABLE)
    except FormError as error:
        return form_refusal(error, [])
    finally:
        handing.drop()


def _take_back(handing: HandingIn) -> None:
    with contextlib.suppress(VisitError):  # the host sweeps it within a day
        run(handing.cancel())


def _refused(visit: Visit, error: VisitError, head: SealedHead | None) -> Fault:
    """Why the host did not take a file that is one of ours, as far as anybody can know who cannot open it."""
    if isinstance(error, WrongDay) and head is not None:
        day = head.prefix.day
        sentence = _DAYS[DayRefused.of(day, visit.site.clock() // DAY)]
        return Fault("files", sentence, {"day": long_day(day, visit.language)})
    for kind, sentence in _REFUSALS:
        if isinstance(error, kind):
            return Fault("files", sentence)
    return Fault("files", texts.SEALED_REFUSED)


def _read(form: FormReader, handing: HandingIn) -> HandedIn:
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
