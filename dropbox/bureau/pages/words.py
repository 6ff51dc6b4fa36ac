"""Words that the code chooses, marked for translation: names of states, reasons and problems in plain language.

What the reporter's own pages say stands here a second time, because roles do not import each other; a test keeps the
two the same.
"""

from types import MappingProxyType
from typing import Final

from dropbox.bureau.errors import (
    BackupBehindError,
    BoardFullError,
    BoardsUnreadError,
    DeskError,
    EmptyNoteError,
    NoReplyPossibleError,
    NoteTooLongError,
)
from dropbox.bureau.opening import Reason
from dropbox.bureau.outcomes import Reason as OutcomeReason
from dropbox.bureau.views import CaseStatus, EntryKind, Flag
from dropbox.web.catalogues import mark

SITE_NAME: Final = mark("Desk of the Reporting Point")

CATEGORIES: Final = MappingProxyType(
    {
        "": mark("No category chosen"),
        "treatment": mark("Bullying, threats or sexual harassment"),
        "discrimination": mark("Racism or discrimination"),
        "retaliation": mark("Punished for reporting"),
        "power": mark("Abuse of power"),
        "corruption": mark("Bribery or corruption"),
        "fraud": mark("Fraud or theft"),
        "waste": mark("Waste of public money, or work done badly on purpose"),
        "gifts": mark("Gifts and favours"),
        "favouritism": mark("Favouritism in jobs and appraisals"),
        "side_jobs": mark("Side jobs or conflicting interests"),
        "information": mark("Misuse or leaking of information"),
        "visas": mark("Visas, passports or consular help"),
        "safety": mark("Safety at the post"),
        "household": mark("Treatment of household staff"),
        "private_time": mark("Misconduct in private time"),
    }
)

YES_NO_UNSURE: Final = MappingProxyType({"yes": mark("Yes"), "no": mark("No"), "unsure": mark("Not sure")})

STATUSES: Final = MappingProxyType(
    {
        CaseStatus.RECEIVED: mark("Received"),
        CaseStatus.ASSESSING: mark("Assessing"),
        CaseStatus.ADDRESSING: mark("Addressing"),
        CaseStatus.CLOSED: mark("Closed"),
    }
)

# ------------------------------------------------------------------------------------ as the reporter's page says it
REPORTER_TITLES: Final = MappingProxyType(
    {
        EntryKind.REPLY: mark("Message from the bureau"),
        EntryKind.STATUS: mark("Where your report stands"),
        EntryKind.QUESTION: mark("Question from the bureau"),
        EntryKind.NOTICE: mark("Notice from the bureau"),
    }
)
REPORTER_STATUSES: Final = MappingProxyType(
    {
        CaseStatus.RECEIVED: mark("Your report has been received."),
        CaseStatus.ASSESSING: mark("The bureau is looking into what you reported, and what risk you run."),
        CaseStatus.ADDRESSING: mark("The bureau is acting on your report."),
        CaseStatus.CLOSED: mark("The bureau has closed this report."),
    }
)

# ------------------------------------------------------------------------------------------------------ the dialogue
KINDS: Final = MappingProxyType(
    {
        EntryKind.MESSAGE: mark("From the reporter"),
        EntryKind.REPLY: mark("Reply"),
        EntryKind.STATUS: mark("Status"),
        EntryKind.QUESTION: mark("Question"),
        EntryKind.NOTICE: mark("Notice"),
        EntryKind.ACKNOWLEDGEMENT: mark("Acknowledgement"),
    }
)
WRITE: Final = MappingProxyType(
    {
        EntryKind.REPLY: mark("Write a reply"),
        EntryKind.STATUS: mark("Say where the case stands"),
        EntryKind.QUESTION: mark("Ask a question with fixed answers"),
        EntryKind.NOTICE: mark("Write a notice"),
    }
)
WRITE_HINTS: Final = MappingProxyType(
    {
        EntryKind.REPLY: mark("An answer to this reporter. It goes out with the next board."),
        EntryKind.STATUS: mark("The stage of the case, with a sentence of your own if there is something to say."),
        EntryKind.QUESTION: mark("The reporter picks one of your answers. Good for consent and for check-ins."),
        EntryKind.NOTICE: mark("A general message to this reporter, such as when the bureau is shut."),
    }
)
SLUGS: Final = MappingProxyType({"reply": EntryKind.REPLY, "status": EntryKind.STATUS, "question": EntryKind.QUESTION,
                                 "notice": EntryKind.NOTICE})  # fmt: skip

FLAGS: Final = MappingProxyType(
    {
        Flag.UNKNOWN_THREAD: mark("Follow-up to a report that this desk does not have"),
        Flag.BAD_MAC: mark("Does not prove that it belongs to the report it names"),
        Flag.OTHER_KEYS: mark("Names a known report, but with other keys"),
        Flag.NO_KEYS: mark("Came without keys for this desk"),
    }
)
FLAG_MEANING: Final = MappingProxyType(
    {
        Flag.UNKNOWN_THREAD: mark(
            "It says that it continues an earlier report, but that report is not here. Perhaps it was discarded, or "
            "another colleague's desk has it. It cannot be answered."
        ),
        Flag.BAD_MAC: mark(
            "Somebody who knows the number of a report, but not its secret, may have sent this. Do not treat it as a "
            "word of that reporter. It cannot be answered."
        ),
        Flag.OTHER_KEYS: mark(
            "It names a report that is here, but brings keys of its own. It may be an attempt to take over a dialogue. "
            "It is kept apart, and that dialogue is unchanged."
        ),
        Flag.NO_KEYS: mark(
            "The reporter's keys in it are for other recipients of the bureau. You can read it; a colleague who has "
            "the keys can answer."
        ),
    }
)

# ------------------------------------------------------------------------------------------------------ what went on
DONE: Final = MappingProxyType(
    {
        "sent": mark("Sealed. It goes out with the next board, at its fixed time."),
        "discarded": mark("The case is destroyed. Its acknowledgement and replies leave with the next board."),
        "card": mark("The card is signed and sealed. It goes out with the next batch, at its fixed time."),
        "password": mark("Your password is changed. Use the new one from now on."),
        "signed-out": mark("You are signed out."),
    }
)

PROBLEMS: Final = MappingProxyType(
    {
        "unreachable": mark("The intake host cannot be reached. Nothing is lost: envelopes wait there. See whether Tor "
                            "and the network of this machine work."),
        "tor-down": mark("Tor does not run on this machine, so the intake host cannot be reached. Nothing is lost: "
                         "envelopes wait there. Ask who runs the desk to start Tor."),
        "not-tor": mark("What answers where Tor should be is not Tor. Ask who runs the desk to correct the setting "
                        "tor_socks."),
        "no-key": mark("Tor on this machine has no key for the intake host. Ask who runs the desk to put the key file "
                       "back and to restart Tor."),
        "wrong-key": mark("The intake host does not accept this desk's Tor key: it is the wrong one, or it was taken "
                          "back. Ask who runs the intake host."),
        "not-found": mark("The intake host cannot be found in the Tor network: its Tor does not run, or its address in "
                          "the settings is wrong. Nothing is lost: envelopes wait there. Ask who runs it."),
        "not-yet": mark("Tor asked for the intake host in vain and does not ask again for a quarter of an hour. "
                        "Nothing is lost. When it lasts, ask who runs this machine to restart Tor."),
        "host-down": mark("The intake host does not answer through Tor: it or its line is down. It is tried again by "
                          "itself, and nothing is lost. When it lasts, ask who runs it."),
        "not-serving": mark("The intake host's Tor answers, but intake does not run behind it. Nothing is lost. Tell "
                            "who runs the intake host."),
        "expired": mark("The way through Tor took too long. It is tried again by itself, and nothing is lost. When it "
                        "lasts, have this machine's network and clock checked."),
        "failed": mark("Tor made no connection and does not say why. It is tried again by itself, and nothing is lost. "
                       "When it lasts, tell who runs the desk."),
        "refused": mark("The intake host refuses this desk's requests. Ask who runs it whether this desk's key is in "
                        "its keys folder, and compare both clocks."),
        "peer": mark("Something else than the intake host answered. Tell who runs the desk."),
        "bad-answer": mark("The intake host gave an answer that makes no sense. Tell who runs it."),
        "not-certified": mark("A key of this desk has no valid certificate. Ask the holders of the root key for one."),
        "clock": mark("The clock of this machine stands before the day of the last complete fetch, or more than 30 "
                      "days after it. Nothing is published until that is put right. Tell who runs the desk."),
        "storage": mark("The vault's disk or database gives errors. Stop work and tell who runs the desk."),
        "backup": mark("The backup cannot be made, so nothing is confirmed to the intake host: reports stay there too. "
                       "If it goes on while you are signed in, tell who runs the desk."),
        "fault": mark("The desk's own program failed while fetching or publishing. It tries again at the next board; "
                      "tell who runs the desk."),
    }
)  # fmt: skip
OTHER_PROBLEM: Final = mark(
    "Fetching or publishing failed. It is tried again at the next board; tell who runs the desk."
)

WARNINGS: Final = MappingProxyType(
    {
        "one-recipient": mark("Only one recipient can open reports, and this version has no second one. If its keyring "
                              "or every password is lost, reports are lost: see that two people can sign in."),
        "no-backup": mark("There is no backup. If this machine's disk fails, its cases are gone: have a backup set up, "
                          "or keep the vault on mirrored disks."),
        "few-bulletins": mark("Soon no day keys are left for reporters. They are made while somebody is signed in: "
                              "stay signed in until this goes away."),
        "boards-unread": mark("The last board was not read back yet, so replies cannot be sealed. That is done as soon "
                              "as the intake host can be reached."),
        "board-missing": mark("The intake host has lost the last board, or keeps it back. The next one puts that "
                              "right; tell who runs the host."),
        "board-forged": mark("The intake host gave out a board that this desk has not signed. Tell who runs the desk "
                             "and the holders of the root key."),
        "board-rolled-back": mark("The intake host gave out an older board than the last one of this desk. Reporters "
                                  "may have seen old answers. Tell who runs the desk."),
        "board-full": mark("The board is full: some acknowledgements are left out, replies are not. Discard what is "
                           "junk."),
        "clock-back": mark("The clock of this machine has gone back behind the last board. Nothing is lost and boards "
                           "go on; tell who runs the desk to see which time is right."),
        "no-dummies": mark("Too few dummies are left to fill a batch, so cards wait. New ones are made while somebody "
                           "is signed in."),
        "outcomes-unreadable": mark("An answer of the ministry is shown at no card. It is kept, and tried again: see "
                                    "below why."),
    }
)  # fmt: skip
URGENT: Final = ("few-bulletins", "boards-unread", "board-forged", "board-rolled-back", "board-full")
"""Warnings that cannot wait until somebody looks at the foot of the page."""

OTHER_WARNING: Final = mark("The desk reports something that these pages have no words for. Tell who runs the desk.")

REASONS: Final = MappingProxyType(
    {
        Reason.DAMAGED: mark("It was altered or damaged on the way, or sealed without this desk's key. A sound copy of "
                             "it would still open."),
        Reason.NO_PREKEY: mark("The day key that it was sealed to has been destroyed on schedule. It cannot be opened "
                               "again."),
        Reason.NO_BULLETIN: mark("It names a bulletin that this desk has never issued."),
        Reason.NOT_FOR_US: mark("It is not for this desk: its bulletin names other recipients. A colleague's desk may "
                                "be able to open it."),
        Reason.VERSION: mark("It is of a version that this program does not know. An update may be needed."),
        Reason.SIZE: mark("It is not of a size that reports have. Some of it is missing, or it is no report."),
        Reason.MALFORMED: mark("It opened, but what is inside does not follow the rules for reports."),
        Reason.FAULT: mark("The desk's own program failed on it. Tell who runs the desk; it is tried again."),
    }
)  # fmt: skip
OUTCOME_REASONS: Final = MappingProxyType(
    {
        OutcomeReason.DOES_NOT_OPEN: mark("It was altered on the way, or sealed to another key than this desk's."),
        OutcomeReason.NOT_CERTIFIED: mark("The keys folder has no certificate for the ministry's answers that covers "
                                          "that day. Copy the renewed one there, then sign in again."),
        OutcomeReason.BAD_SIGNATURE: mark("It is not signed with the ministry's certified key. If the ministry has a "
                                          "new key, copy its certificate to the keys folder, then sign in again."),
        OutcomeReason.MALFORMED: mark("It opened, but what is inside does not follow the rules for answers."),
        OutcomeReason.UNKNOWN_CARD: mark("It answers a card that is not here. Perhaps its case was discarded."),
        OutcomeReason.OTHER_CONTENT: mark("It has the number of an earlier answer, with other words. Ask the ministry "
                                          "which one holds."),
    }
)  # fmt: skip
OTHER_REASON: Final = mark("It does not follow the rules for reports.")

# ------------------------------------------------------------------------------------------------------------- forms
WRONG_SIGN_IN: Final = mark(
    "Name and password do not belong together. Check both, and whether Caps Lock is on. Is the password lost? "
    "Then a colleague with an account can have a new account made."
)
TOO_MANY_TRIES: Final = mark("There were too many wrong attempts. Wait %(count)s minutes, then try again.")
TOO_MANY_TRIES_ONE: Final = mark("There were too many wrong attempts. Wait a minute, then try again.")
EMPTY_TEXT: Final = mark("Write a text.")
TOO_LONG: Final = mark("The text is %(over)s bytes too long. Make it shorter, or send it as two.")
CHOOSE_STATUS: Final = mark("Choose where the case stands.")
CLOSING_REASONS: Final = mark(
    "Say why the case is closed. Without the reasons this is no feedback, and the three months run on."
)
TWO_ANSWERS: Final = mark("Give at least two different answers to choose from.")
ANSWER_TOO_LONG: Final = mark("An answer may have 200 bytes. Make this one shorter.")
BOARD_FULL: Final = mark("The board is full: discard junk, or wait until old replies have expired.")
BOARDS_UNREAD: Final = mark(
    "The last board was not read back yet. Wait until the intake host can be reached, then send again."
)
BACKUP_BEHIND: Final = mark(
    "The backup is too far behind for another reply in this case. Tell who runs the desk, then send again."
)
CONFIRM_DISCARD: Final = mark("Tick the box to confirm that all this may be destroyed.")
OLD_PASSWORD: Final = mark("This is not your present password.")
SHORT_PASSWORD: Final = mark(
    "A password has at least 12 characters. A few words that do not belong together work well."
)
TWO_PASSWORDS: Final = mark("The two new passwords differ. Type the new one twice.")
SAME_PASSWORD: Final = mark("The new password is the old one. Choose another.")
TOO_MANY_TRIES_HERE: Final = mark("There were too many wrong attempts. Wait ten minutes, then try again.")

CANNOT_REPLY: Final = mark("This report came without keys that count, so nothing can be sealed to its reporter.")
STILL_TOO_LONG: Final = mark("The note is longer than eight records hold. Make it shorter, or send it as two.")

SENDING_FAULTS: Final[MappingProxyType[type[DeskError], str]] = MappingProxyType(
    {
        BackupBehindError: BACKUP_BEHIND,
        BoardFullError: BOARD_FULL,
        BoardsUnreadError: BOARDS_UNREAD,
        EmptyNoteError: EMPTY_TEXT,
        NoReplyPossibleError: CANNOT_REPLY,
        NoteTooLongError: STILL_TOO_LONG,
    }
)
CHOOSE: Final = mark("Choose…")
