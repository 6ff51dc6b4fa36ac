"""Words for referral cards and what comes back: fixed choices, what a gate objects to, states of the ministry.

A card carries the short names on the left; each side shows them in its reader's language.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dropbox.bureau.gates import Code
from dropbox.web.catalogues import mark

REGIONS: Final = MappingProxyType(
    {
        "africa": mark("Africa"),
        "asia-pacific": mark("Asia and the Pacific"),
        "europe": mark("Europe, The Hague included"),
        "latin-america": mark("Latin America and the Caribbean"),
        "middle-east": mark("Middle East and North Africa"),
        "north-america": mark("North America"),
    }
)
STAFF: Final = MappingProxyType(
    {
        "": mark("Not told"),
        "local": mark("Local staff"),
        "posted": mark("Posted staff"),
        "the-hague": mark("Staff in The Hague"),
        "other": mark("Other, such as hired or household staff"),
    }
)
FUNCTIONS: Final = MappingProxyType(
    {
        "": mark("Not told"),
        "leading": mark("Leading"),
        "substance": mark("Policy and substance"),
        "support": mark("Supporting"),
    }
)
SERIOUSNESS: Final = MappingProxyType(
    {"1": mark("1: limited"), "2": mark("2: serious"), "3": mark("3: very serious, or a danger to people")}
)

FIELDS: Final = MappingProxyType(
    {
        "region": mark("Region"),
        "staff": mark("Staff category"),
        "function": mark("Kind of work"),
        "category": mark("What it is about"),
        "period": mark("When it happened"),
        "summary": mark("Summary"),
        "evidence": mark("Kind of evidence"),
        "seriousness": mark("Seriousness"),
        "ongoing": mark("Still going on"),
        "retaliation": mark("Danger of retaliation"),
        "ask": mark("What the bureau asks"),
        "not_do": mark("What the ministry must not do"),
        "answer_by": mark("Answer wanted by"),
        "consent": mark("Consent"),
    }
)

OBJECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Code.NO_CONSENT: mark("The reporter's yes is missing. Tick the box and give the words in which they said it."),
        Code.REGION: mark("Choose one of the six regions. A post is never named."),
        Code.MISSING: mark("Fill this in: a card cannot do without it."),
        Code.CHOICE: mark("Choose one of the answers in the list."),
        Code.TOO_LONG: mark("This is longer than the card has room for. Make it shorter."),
        Code.SUMMARY_LONG: mark("The summary has more than 200 words. Make it shorter."),
        Code.SHARED_WORDS: mark("Five words in a row are the reporter's own. How somebody writes can give them away: "
                                "say it in your words."),
        Code.NO_KEYS: mark("The ministry's key has no valid certificate today, so nothing can be sealed to it. Ask "
                           "the holders of the root key."),
    }
)  # fmt: skip
OTHER_OBJECTION: Final = mark("A gate refuses this field.")

STATES: Final = MappingProxyType(
    {
        "received": mark("Received"),
        "investigating": mark("Investigating"),
        "measure": mark("Measure taken"),
        "closed": mark("Closed"),
    }
)
MEASURES: Final = MappingProxyType(
    {
        "": mark("None named"),
        "none": mark("no measure"),
        "conversation": mark("a conversation"),
        "agreement": mark("an agreement"),
        "disciplinary": mark("a disciplinary measure"),
        "dismissal": mark("dismissal"),
        "organisational": mark("a change in the organisation"),
        "other": mark("another measure"),
    }
)
TO_REPORTER_STATES: Final = MappingProxyType(
    {
        "received": mark("The ministry's integrity coordinator has received the anonymised summary of your report."),
        "investigating": mark("The ministry's integrity coordinator is investigating what you reported."),
        "measure": mark("The ministry has taken a measure after your report."),
        "closed": mark("The ministry's integrity coordinator has closed its work on your report."),
    }
)
TO_REPORTER_OTHER: Final = mark("The ministry's integrity coordinator has answered.")
TO_REPORTER_MEASURE: Final = mark("The measure: %(measure)s.")
