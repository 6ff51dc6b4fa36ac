"""Words that the code chooses, marked for translation.

The codes are the bureau's, which fills in a card by choosing from lists.  A code that is not in these lists is shown as
it came, so that a later release of the bureau's program loses nothing here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dropbox.ministry.cards import Reason
from dropbox.ministry.states import State
from dropbox.ministry.views import Trouble
from dropbox.web.catalogues import mark

SITE_NAME: Final = mark("Inbox of the Central Integrity Coordinator")

CATEGORIES: Final[Mapping[str, str]] = MappingProxyType({
    "": mark("Something else"),
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
})  # fmt: skip
REGIONS: Final[Mapping[str, str]] = MappingProxyType({
    "africa": mark("Africa"),
    "asia-pacific": mark("Asia and the Pacific"),
    "europe": mark("Europe, The Hague included"),
    "latin-america": mark("Latin America and the Caribbean"),
    "middle-east": mark("Middle East and North Africa"),
    "north-america": mark("North America"),
})  # fmt: skip
STAFF: Final[Mapping[str, str]] = MappingProxyType({
    "": mark("Not told"),
    "local": mark("Local staff"),
    "posted": mark("Posted staff"),
    "the-hague": mark("Staff in The Hague"),
    "other": mark("Other, such as hired or household staff"),
})  # fmt: skip
FUNCTIONS: Final[Mapping[str, str]] = MappingProxyType({
    "": mark("Not told"),
    "leading": mark("Leading"),
    "substance": mark("Policy and substance"),
    "support": mark("Supporting"),
})  # fmt: skip
SERIOUSNESS: Final[Mapping[int, str]] = MappingProxyType({
    1: mark("1: limited"),
    2: mark("2: serious"),
    3: mark("3: very serious, or a danger to people"),
})  # fmt: skip
YES_NO_UNSURE: Final[Mapping[str, str]] = MappingProxyType({
    "yes": mark("Yes"),
    "no": mark("No"),
    "unsure": mark("Not sure"),
})  # fmt: skip

STATES: Final[Mapping[State, str]] = MappingProxyType({
    State.NEW: mark("New"),
    State.RECEIVED: mark("Received"),
    State.INVESTIGATING: mark("Being looked into"),
    State.MEASURE: mark("Measure taken"),
    State.CLOSED: mark("Closed"),
})  # fmt: skip
CHOICES: Final[Mapping[State, tuple[str, str]]] = MappingProxyType({
    State.RECEIVED: (mark("Received"), mark("You have read the card and will come back to it.")),
    State.INVESTIGATING: (mark("We are looking into it"), mark("Say in a few words how, as far as you can.")),
    State.MEASURE: (mark("A measure was taken"), mark("Choose below which kind.")),
    State.CLOSED: (mark("Closed"), mark("Say what was done, or why nothing is. The bureau has to tell the reporter.")),
})  # fmt: skip
TAKE_UP_AGAIN: Final = mark("We take it up again")
MEASURES: Final[Mapping[str, str]] = MappingProxyType({
    "": mark("Choose a kind of measure"),
    "none": mark("No measure"),
    "conversation": mark("Conversation"),
    "agreement": mark("Agreement made"),
    "disciplinary": mark("Disciplinary measure"),
    "dismissal": mark("Dismissal"),
    "organisational": mark("Change in the organisation"),
    "other": mark("Other measure"),
})  # fmt: skip

REASONS: Final[Mapping[Reason, str]] = MappingProxyType({
    Reason.DOES_NOT_OPEN: mark("It does not open with this inbox's key: altered on the way, or for somebody else."),
    Reason.NOT_CERTIFIED: mark("On the day it came, no card key of the bureau was certified here."),
    Reason.BAD_SIGNATURE: mark("It is not signed by the bureau's card key. It may be a forgery: tell the bureau."),
    Reason.WRONG_INSTANCE: mark("It says inside that it is meant for somebody else. Tell the bureau."),
    Reason.MALFORMED: mark("It has another form than a card has. Tell the bureau."),
    Reason.OTHER_CONTENT: mark("It bears the reference of a card that is here, with other words. Ask the bureau."),
})  # fmt: skip

TROUBLES: Final[Mapping[Trouble, str]] = MappingProxyType({
    Trouble.UNREACHABLE: mark("The intake host cannot be reached. It is tried again every round; nothing is lost."),
    Trouble.TOR_DOWN: mark("Tor does not run on this machine, so the intake host cannot be reached. Nothing is lost. "
                           "Ask who runs this machine to start Tor."),
    Trouble.NOT_TOR: mark("What answers where Tor should be is not Tor. Ask who runs this machine to correct the "
                          "setting tor_socks."),
    Trouble.NO_KEY: mark("Tor on this machine has no key for the intake host. Ask who runs this machine to put the key "
                         "file back and to restart Tor."),
    Trouble.WRONG_KEY: mark("The intake host does not accept this machine's Tor key: it is the wrong one, or it was "
                            "taken back. Ask who runs the intake host."),
    Trouble.NOT_FOUND: mark("The intake host cannot be found in the Tor network: its Tor does not run, or its address "
                            "in the settings is wrong. Nothing is lost. Ask who runs the intake host."),
    Trouble.NOT_YET: mark("Tor asked for the intake host in vain and does not ask again for a quarter of an hour. "
                          "Nothing is lost. When it lasts, ask who runs this machine to restart Tor."),
    Trouble.HOST_DOWN: mark("The intake host does not answer through Tor: it or its line is down. It is tried again by "
                            "itself, and nothing is lost. When it lasts, ask who runs it."),
    Trouble.NOT_SERVING: mark("The intake host's Tor answers, but intake does not run behind it. Nothing is lost. "
                              "Tell who runs the intake host."),
    Trouble.EXPIRED: mark("The way through Tor took too long. It is tried again by itself, and nothing is lost. "
                          "When it lasts, have this machine's network and clock checked."),
    Trouble.FAILED: mark("Tor made no connection and does not say why. It is tried again by itself, and nothing is "
                         "lost. When it lasts, tell who runs this machine."),
    Trouble.REFUSED: mark("The intake host refuses our requests. Check this machine's clock and the courier's "
                          "certificate, and ask the bureau."),
    Trouble.FULL: mark("The bureau has not collected our answers for a long time. They wait here; ask the bureau."),
    Trouble.BAD_ANSWER: mark("The intake host answers in a form that the protocol does not have. Tell the bureau."),
    Trouble.KEYS: mark("The folder of certificates cannot be read, or holds one that the root key did not sign."),
    Trouble.NOT_OURS: mark("The certificates do not name the keys of this inbox, or have run out. Ask the holders "
                           "of the root key."),
    Trouble.NO_BUREAU: mark("There is no valid certificate for the bureau's keys. Cards cannot be checked, and answers "
                            "cannot be sealed."),
    Trouble.NO_DUMMIES: mark("The stock for sending ran out, because nobody had signed in for some time. Now that you "
                             "are here, it is filled again."),
    Trouble.MANY_WAITING: mark("Very many sealed cards wait. No more are collected until these are opened."),
    Trouble.DATABASE: mark("The inbox's own database failed. Check the disk's free room."),
    Trouble.OURS: mark("A round failed by a fault of this program. It is tried again; tell who runs it."),
})  # fmt: skip

WRONG_SIGN_IN: Final = mark("The name or the password is wrong. Check both, also capitals, and try again.")
TOO_MANY_TRIES_ONE: Final = mark("Too many wrong tries. Wait a minute, then try again.")
TOO_MANY_TRIES: Final = mark("Too many wrong tries. Wait %(count)s minutes, then try again.")

CHOOSE_STATE: Final = mark("Choose where the card stands now.")
CHOOSE_MEASURE: Final = mark("Choose which kind of measure was taken.")
CLOSING_TEXT: Final = mark("Write what was done, or why nothing is done. A card is not closed without words.")
TEXT_LONG: Final = mark("The text is too long by about %(count)s characters. Make it shorter; nothing was sent.")
OVERTAKEN: Final = mark("This card was answered in the meantime, or you sent the form twice. Read what was answered, "
                        "then decide whether your answer still fits.")  # fmt: skip
NO_BUREAU_KEY: Final = mark("There is no valid certificate for the bureau's key, so nothing can be sealed to it. Keep "
                            "your text and ask the holders of the root key.")  # fmt: skip

OLD_WRONG: Final = mark("The present password is wrong.")
NEW_WEAK: Final = mark("A password has 12 characters or more.")
NEW_DIFFERS: Final = mark("The two new passwords are not the same.")

DONE: Final[Mapping[str, str]] = MappingProxyType({
    "signed-out": mark("You are signed out."),
    "answered": mark("Your answer is sealed. It goes with the next batch."),
    "dismissed": mark("It is put away."),
    "password": mark("Your password is changed."),
})  # fmt: skip
