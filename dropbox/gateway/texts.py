"""Words that the code chooses, marked for translation: choices of the form and sentences of refusals."""

from dropbox.protocol.errors import BadReceipt, OutsideDates, ProtocolError
from dropbox.protocol.reply import CaseStatus
from dropbox.reporter.errors import HostFull, HostNotReady, OutcomeUnknown, TransportFailed, VisitError
from dropbox.web.catalogues import mark

SITE_NAME = mark("Independent Reporting Point")

CATEGORIES: tuple[tuple[str, str], ...] = (
    ("", mark("I do not know, or it is something else")),
    ("treatment", mark("Bullying, threats or sexual harassment")),
    ("discrimination", mark("Racism or discrimination")),
    ("retaliation", mark("I am being punished because I reported something")),
    ("power", mark("Abuse of power")),
    ("corruption", mark("Bribery or corruption")),
    ("fraud", mark("Fraud or theft")),
    ("waste", mark("Waste of public money, or work done badly on purpose")),
    ("gifts", mark("Gifts and favours")),
    ("favouritism", mark("Favouritism in jobs and appraisals")),
    ("side_jobs", mark("Side jobs or interests that do not go together with the work")),
    ("information", mark("Misuse or leaking of information")),
    ("visas", mark("Visas, passports or consular help")),
    ("safety", mark("Safety at the post")),
    ("household", mark("Treatment of household staff")),
    ("private_time", mark("Misconduct in private time")),
)

ONGOING: tuple[tuple[str, str], ...] = (
    ("yes", mark("Yes, it is still going on")),
    ("no", mark("No, it is over")),
    ("unsure", mark("I am not sure")),
)

STATUSES: dict[CaseStatus, str] = {
    CaseStatus.RECEIVED: mark("Your report has been received."),
    CaseStatus.ASSESSING: mark("The bureau is looking into what you reported, and what risk you run."),
    CaseStatus.ADDRESSING: mark("The bureau is acting on your report."),
    CaseStatus.CLOSED: mark("The bureau has closed this report."),
}

EMPTY_REPORT = mark("Write what happened, or choose a file. Both were empty.")
EMPTY_ANSWER = mark(
    "All was empty. Write something here or choose a file. To choose one of the answers, go back to them below."
)
TEXT_CUT = mark(
    "Your text is far too long. Only its first part is still here: go back in your browser to find all of it."
)
TEXT_TOO_LONG = mark(
    "Your text is %(over)s bytes too long. It may have %(limit)s bytes. Make it shorter, or send it as a file."
)
FIELD_TOO_LONG = mark("This text is %(over)s bytes too long. Make it shorter.")
UNREADABLE_TEXT = mark(
    "Some characters could not be read, and show as a question mark in a box. Type those again, then send."
)
UNKNOWN_CHOICE = mark("Choose one of the answers in the list.")
TOO_MANY_FILES = mark("You chose more than 20 files. Choose 20 at most, or put several in one archive file.")
TOO_LARGE = mark("Your files are more than 1 GB together. Choose fewer, or send them in several messages.")
MALFORMED = mark(
    "Your browser sent a form that we could not read, or the line broke. This time nothing was sent to the bureau. "
    "What we did receive is below. Check it, choose your files again and send it once more."
)
TOO_SLOW = mark(
    "Nothing came from your browser for some minutes. This time nothing was sent to the bureau. What we did receive is "
    "below. Choose your files again and send it once more."
)
DRIPS = mark(
    "Your line is too slow for what you are sending: it took very long, and little came. We broke it off. This time "
    "nothing was sent to the bureau. What we did receive is below. Try again without files, with smaller files, or "
    "over another network."
)
NEW_WORDS = mark("The words of this form were damaged on the way. Below are new ones. Write these down instead.")
HOST_FULL = mark(
    "Our server is full just now. This time your report was not sent. Your text is still below: keep this page open, "
    "or copy it to a safe place. Try again tomorrow, or use one of the other ways to report."
)
HOST_AWAY = mark(
    "Our server did not answer, so this time your report did not come in. Your text is still below. Wait a few minutes "
    "and send it once more. Are your files no longer chosen? Then choose them again."
)
OUTCOME_UNKNOWN = mark(
    "Our server did not answer, so we do not know whether your report came in. Your text is still below. "
    "Choose your files again and send it once more: the bureau sees that it is the same report."
)
NOT_READY = mark(
    "The bureau has not put out its keys for today, so nothing can be sealed to it. That is not your fault. "
    "This time nothing was sent. Your text is still below. Try again tomorrow."
)
WRONG_DATE = mark(
    "The bureau's keys have expired, or the clock of our server is wrong. Sealing would not be safe, so this time "
    "nothing was sent. That is not your fault. Your text is still below. Try again tomorrow."
)
REFUSED = mark(
    "Our server refused the report. That is our fault. This time nothing was sent, and your text is still below. Try "
    "again tomorrow, or use one of the other ways to report."
)
CANNOT_SEND_NOW = mark(
    "Reports cannot be sent just now: the bureau's keys cannot be had. That is not your fault. "
    "Try again tomorrow, or use one of the other ways to report."
)
MALFORMED_WORDS = mark("Your words did not come in whole. Type them here once more.")
READ_AWAY = mark("The answers cannot be had just now. That is not your fault. Try again tomorrow.")
READ_EXPIRED = mark(
    "What our server has is too old to believe, or its clock is wrong. The office may be shut, or somebody keeps "
    "newer answers back. Try again tomorrow. If it stays like this, use one of the other ways to report."
)

NO_FILE = mark("Choose the sealed file. None was chosen.")
ONE_SEALED_FILE = mark("Hand in one sealed file at a time.")
NO_SEALED_FILE = mark("This is not a sealed file. Nothing of it was kept. Choose the file that dropbox-report made.")
SEALED_DAMAGED = mark(
    "This is a sealed file, but it is damaged: a part of it is missing, too much or changed. Nothing of it was "
    "kept. Do you have another copy? Hand in that one. If not, it has to be written and sealed anew."
)
SEALED_TOO_OLD = mark(
    "This file was sealed with the keys of %(day)s. That is more than 7 days ago, and these keys may be gone. The"
    " file was not taken. It has to be written and sealed anew."
)
SEALED_AHEAD = mark(
    "This file was sealed with the keys of %(day)s. By the clock of our server that day has yet to come. The file"
    " was not taken. Keep it, and hand it in on that day."
)
SEALED_ELSEWHERE = mark(
    "Our server does not have the keys with which this file was sealed, those of %(day)s. It was sealed for "
    "another reporting point, or the bureau has taken these keys back. The file was not taken. Compare the "
    "address of this page with your leaflet. Is it right? Then the file has to be written and sealed anew."
)
SEALED_FULL = mark("Our server is full just now. The file was not handed in. Keep it, and hand it in again tomorrow.")
SEALED_TAKEN = mark(
    "Under the name of this file something else stood on our server. We have removed that. Hand the file in once "
    "more. Does this come again? Then somebody has a copy of your file and is in the way. Then write and seal it "
    "anew, and keep it where nobody comes."
)
SEALED_LOST = mark("Our server no longer has what had come in of this file. Hand it in once more: it begins anew.")
SEALED_UNKNOWN = mark(
    "Our server did not answer at the end, so we do not know whether the whole file came in. Hand the same file "
    "in again, now or tomorrow: it counts once."
)
SEALED_AWAY = mark(
    "Our server did not answer. The file was not handed in yet. What has come in of it stays for a day. Hand the "
    "same file in again: it goes on where it was."
)
SEALED_REFUSED = mark(
    "Our server refused this file. That is our fault. The file was not handed in. Keep it and try again tomorrow,"
    " or use one of the other ways to report."
)

RECEIPT_EMPTY = mark("Type your twelve words here.")
RECEIPT_COUNT = mark("There are %(found)s words here. A receipt has twelve. See whether one is missing or twice there.")
RECEIPT_WORD = mark("Word %(position)s is not a word of a receipt. Check how it is spelled.")
RECEIPT_WORD_NEAR = mark("Word %(position)s is not a word of a receipt. Did you mean: %(suggestions)s?")
RECEIPT_DIGITS = mark("These letters and digits are not a receipt. Compare them with your note, group by group.")
RECEIPT_CHECKSUM = mark(
    "Each word exists, but these twelve do not belong together. Look for a wrong word, or two that changed places."
)

OF_THE_SCRIPT: dict[str, str] = {
    "sealed_here": mark("Sealed in your browser."),
    "sealed": mark(
        "What you write and choose is sealed on your own device, to the keys of the bureau. Our server gets it sealed "
        "and cannot open it. The twelve words are made here too, and are never sent."
    ),
    "opened_here": mark("Opened in your browser."),
    "opened": mark(
        "The answers come to your own device sealed and are opened there. Your twelve words are never sent. "
        "Everyone gets the same list, so our server does not see whether there is something for you."
    ),
    "cannot_seal": mark(
        "Your browser cannot seal here: it lacks something that is needed. So it is done in the memory of our server."
    ),
    "cannot_start": mark(
        "Your browser could seal, but a part of this page did not come. So it is done in the memory of our server."
    ),
    "send_here": mark(
        "Your report is sealed in your browser, and leaves your device sealed. Only the bureau can open it."
    ),
    "fingerprint": mark(
        "The fingerprint of the key on which all keys of the bureau hang. Compare it with the leaflet:"
    ),
    "size": mark("What our server gets to see is a sealed packet of {size}."),
    "photo": mark("{name} is a photo. Photos usually hold a place, a date and the device."),
    "picture": mark("{name} is a picture. Pictures can hold a date, a place and the name of a program."),
    "pdf": mark("{name} is a PDF file. These often hold the name of who made it, and dates."),
    "office": mark("{name} is an office document. These often hold names, dates, remarks and earlier versions."),
    "strip": mark("Take the hidden fields out of JPEG and PNG pictures before sealing"),
    "strip_hint": mark(
        "Out go the fields with place, date, device and remarks. The picture itself stays as it is: what it shows can "
        "still give you away. It may come out turned, or in slightly other colours. Other files are not changed."
    ),
    "not_stripped": mark(
        "{name} could not be read as a picture. This time nothing was sent. Leave it out, or take off the tick."
    ),
    "unreadable": mark(
        "{name} cannot be read any more. Was it moved or changed? Choose it again. This time nothing was sent."
    ),
    "going": mark("Sealing and sending: {done} of {total}."),
    "left_seconds": mark("Less than a minute to go."),
    "left_minutes": mark("About {count} minutes to go."),
    "left_hours": mark("About {count} hours to go."),
    "keep_open": mark(
        "Leave this page open. Should your browser ask, stay on this page: a new circuit works all the same."
    ),
    "may_reload": mark(
        "Leave this page open. Should your browser ask, stay on this page: a new circuit works all the same. Was it "
        "loaded again after all? Then it can go on where it was, with your twelve words and the same files."
    ),
    "paused": mark("Paused. What is on its way still goes out, 1 MB at most. Then nothing, until you go on."),
    "line_broke": mark("The line broke. What came through is kept. We try again in {count} seconds."),
    "pause": mark("Pause"),
    "go_on": mark("Go on"),
    "cancel": mark("Stop and take back"),
    "cancelled": mark("You stopped it. Nothing of it is left on our server. What you typed is still here."),
    "cancelled_unsure": mark(
        "You stopped it, but we do not know whether that was in time. If all of it had come in, the bureau gets it. "
        "If not, what our server has of it is sealed, and is deleted within a day. What you typed is still here."
    ),
    "left": mark(
        "Something was on its way when this page was loaded again. It can go on where it was, and your text comes "
        "back. Give the twelve words that you wrote down before, not new ones. Choose the same files once more, and "
        "send. Or take it back: then nothing of it is left on our server, and your text is gone too."
    ),
    "left_words": mark(
        "These are not the words of what was on its way. Type those that you wrote down before, in the field for words "
        "from before. Are they lost? Then take it back and begin anew."
    ),
    "left_files": mark("Choose the same files as before, no more and no fewer: {names}."),
    "other_files": mark(
        "A file is not the same as before: its name and size are, its content is not. Nothing of it was sent. Choose "
        "the file as it was. Is it gone? Then take it back and begin anew."
    ),
    "left_gone": mark("You took it back. Nothing of it is left on our server."),
    "left_unsure": mark(
        "You took it back, but we do not know whether that was in time. If all of it had come in, the bureau gets it. "
        "If not, what our server has of it is sealed, and is deleted within a day."
    ),
    "clock": mark(
        "The bureau's keys are not of the day that your device says it is: {day}. If that date is wrong, put your "
        "clock right and send again. If it is right, our server has old keys. This time nothing was sent. Your text is "
        "still here."
    ),
    "forged": mark(
        "What our server gave as the bureau's keys is not signed by the bureau. Someone may be tampering. This time "
        "nothing was sent, and your text is still here. Use one of the other ways to report."
    ),
    "other_code": mark(
        "The code of this page is not the code that the bureau vouches for today. Perhaps it was renewed while you "
        "wrote. This time nothing was sent, and your text is still here. Copy your text, load this page anew, and "
        "write down the new words. Does this come again? Try again tomorrow, or use one of the other ways to report."
    ),
    "lost": mark(
        "Our server no longer has the first part of what you sent. Your text and your files are still here: "
        "send once more."
    ),
    "failed": mark(
        "Something in this page failed. That is our fault. What you typed is still here, and was not sent unsealed. "
        "Try again, or copy your text and load the page anew."
    ),
    "read_clock": mark(
        "What our server has is not of the day that your device says it is: {day}. If that date is wrong, put your "
        "clock right and try again. If it is right, somebody keeps newer answers back, or the office is shut."
    ),
    "read_forged": mark(
        "What our server gave as the bureau's answers is not signed by the bureau. Someone may be tampering. "
        "Your words were not sent. Try again tomorrow, or use one of the other ways to report."
    ),
    "read_other_code": mark(
        "The code of this page is not the code that the bureau vouches for today. Your words were not sent. "
        "Load this page anew. Does this come again? Try again tomorrow, or use one of the other ways to report."
    ),
    "read_failed": mark("Something in this page failed. That is our fault. Your words were not sent. Try again."),
    "too_many": TOO_MANY_FILES,
    "too_large": TOO_LARGE,
    "text_long": TEXT_TOO_LONG,
    "field_long": FIELD_TOO_LONG,
    "empty_report": EMPTY_REPORT,
    "empty_answer": EMPTY_ANSWER,
    "full": HOST_FULL,
    "away": HOST_AWAY,
    "unknown": OUTCOME_UNKNOWN,
    "not_ready": NOT_READY,
    "refused": REFUSED,
    "read_away": READ_AWAY,
    "receipt_empty": RECEIPT_EMPTY,
    "receipt_count": RECEIPT_COUNT,
    "receipt_word": RECEIPT_WORD,
    "receipt_word_near": RECEIPT_WORD_NEAR,
    "receipt_digits": RECEIPT_DIGITS,
    "receipt_checksum": RECEIPT_CHECKSUM,
}
"""What the script says, by the names under which it looks for it. It puts values in place of `{name}` or `%(name)s`."""

_RECEIPT_FAULTS = {
    "empty": RECEIPT_EMPTY,
    "count": RECEIPT_COUNT,
    "digits": RECEIPT_DIGITS,
    "checksum": RECEIPT_CHECKSUM,
}


def receipt_fault(fault: BadReceipt) -> tuple[str, dict[str, object]]:
    """Return the sentence for a mistyped receipt and its values. It shows the reporter's own typing to them only."""
    if fault.fault == "word" and fault.suggestions:
        return RECEIPT_WORD_NEAR, {"position": fault.position, "suggestions": ", ".join(fault.suggestions)}
    if fault.fault == "word":
        return RECEIPT_WORD, {"position": fault.position}
    return _RECEIPT_FAULTS[fault.fault], {"found": fault.found}


def sending_fault(error: VisitError | ProtocolError) -> str:
    """Return why a message could not be sent, and what to do."""
    match error:
        case HostFull():
            return HOST_FULL
        case HostNotReady():
            return NOT_READY
        case OutcomeUnknown():
            return OUTCOME_UNKNOWN
        case TransportFailed():
            return HOST_AWAY
        case OutsideDates():
            return WRONG_DATE
        case _:
            return REFUSED


def reading_fault(error: VisitError | ProtocolError) -> str:
    """Return why the answers cannot be shown, and what to do."""
    return READ_EXPIRED if isinstance(error, OutsideDates) else READ_AWAY
