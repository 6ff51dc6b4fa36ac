"""Section 16: observations, cosignatures, canaries."""

from collections.abc import Callable
from typing import Any

from dropbox.protocol import canary, documents, labels
from dropbox.protocol.cosignature import Cosignature, sign_cosignature
from dropbox.protocol.keys import Role
from dropbox.protocol.observation import Observation, Sighting, sign_observation
from dropbox.protocol.secret_keys import SigningKey, _sign
from tests.vectors.making.book import Book
from tests.vectors.making.world import BULLETIN, DAY, INSTANCE, REPORTER, ROOT_HEX, stream

AUDITORS = tuple(SigningKey.generate(Role.CARD, stream(f"auditor {place}")) for place in range(3))  # any seed
KEYS = tuple(one.public for one in AUDITORS)


def _signs(place: int) -> Callable[[bytes], bytes]:
    return lambda message: _sign(AUDITORS[place].seed, message)


def make(book: Book) -> None:
    """All of them."""
    _observations(book)
    _cosignatures(book)
    _quorum(book)
    _canaries(book)


def _text(data: bytes) -> dict[str, str]:
    return {"text": data.decode()}


# ------------------------------------------------------------------------------------------------------ observations


def _observation_body(**changes: Any) -> documents.Json:  # noqa: ANN401 -- what JSON holds
    sightings = (
        Sighting(DAY - 1, "page", "/nl/melden", stream("page")(32)),
        Sighting(DAY, "bulletin", f"{DAY}/0", BULLETIN.hash),
    )
    return {**Observation(INSTANCE, KEYS[0], DAY, sightings, ("page-foreign",)).to_body(), **changes}


def _observations(book: Book) -> None:
    def add(name: str, about: str, data: bytes, refused: str | None = None) -> None:
        book.add(f"observation/{name}", f"16.1 {about}.", "observation/verify", {"observation": _text(data)}, refused)

    def signed(by: int = 0, label: bytes = labels.SIGN_OBSERVATION, **changes: Any) -> bytes:  # noqa: ANN401 - fields
        body = _observation_body(**changes)
        return documents.sign_document("observation", body, lambda data: _signs(by)(label + data))

    add("good", "A page on the day before, and the bulletin of the day", signed())
    empty = Observation(INSTANCE, KEYS[0], DAY, ())
    add("nothing_seen", "Nothing was seen", sign_observation(empty, _signs(0)))
    add("refused_other_signer", "Refused: signed by another auditor than it names", signed(1), "BadSignature")
    add("refused_other_label", "Refused: signed under the label of cosignatures", signed(label=labels.SIGN_COSIGNATURE),
        "BadSignature")  # fmt: skip
    good = documents.decode(signed(), limit=4096)
    twice = documents.encode({**good, "signatures": good["signatures"] * 2})
    add("refused_two_signatures", "Refused: a second signature, under which a copy would be another file", twice,
        "BadSignature")  # fmt: skip
    first, second = good["body"]["sightings"]
    for name, about, changes in (
        ("unknown_field", "a field that there is not", {"time": 0}),
        ("version_2", "a version that there is not", {"version": 2}),
        ("unordered", "sightings out of order", {"sightings": [second, first]}),
        ("sighting_twice", "one sighting twice", {"sightings": [first, first]}),
        ("seen_later", "something seen after the day of the observation", {"day": DAY - 1}),
        ("kind_unknown", "a kind that there is not", {"sightings": [{**first, "kind": "cookie"}]}),
        ("value_short", "a value of 31 bytes", {"sightings": [{**first, "value": "00" * 31}]}),
        ("finding_with_space", "a finding that is no word", {"findings": ["two words"]}),
    ):
        add(f"refused_{name}", f"Refused: {about}", signed(**changes), "Malformed")


# ------------------------------------------------------------------------------------------------------ cosignatures


def _cosignature(place: int, **changes: Any) -> bytes:  # noqa: ANN401 -- what JSON holds
    body = {**Cosignature.of(BULLETIN, KEYS[place], DAY).to_body(), **changes}
    return documents.sign_document("cosignature", body, lambda data: _signs(place)(labels.SIGN_COSIGNATURE + data))


def _cosignatures(book: Book) -> None:
    def add(name: str, about: str, data: bytes, refused: str | None = None) -> None:
        book.add(f"cosignature/{name}", f"16.2 {about}.", "cosignature/verify", {"cosignature": _text(data)}, refused)

    add("good", "What a witness says of the bulletin of the day", _cosignature(0))
    add("seen_a_day_early", "Seen in the half day before", _cosignature(0, seen_day=DAY - 1))
    add("refused_other_signer", "Refused: names another witness", _cosignature(0, witness=KEYS[1].hex()),
        "BadSignature")  # fmt: skip
    under_other = sign_cosignature(
        Cosignature.of(BULLETIN, KEYS[0], DAY), lambda data: _signs(0)(b"dropbox/v1/sign/canary\0" + data)
    )
    add("refused_other_label", "Refused: signed under another label too", under_other, "BadSignature")
    for name, about, changes in (
        ("ahead_of_time", "seen two days before the bulletin counts", {"seen_day": DAY - 2}),
        ("unknown_field", "a field that there is not", {"time": 0}),
        ("version_2", "a version that there is not", {"version": 2}),
        ("revision_too_large", "a revision that bulletins do not have", {"revision": 65_536}),
        ("hash_short", "a hash of 31 bytes", {"hash": "00" * 31}),
    ):
        add(f"refused_{name}", f"Refused: {about}", _cosignature(0, **changes), "Malformed")


def _quorum(book: Book) -> None:
    higher = {"revision": 1, "hash": stream("revised")(32).hex()}

    def add(name: str, about: str, documents_: list[Any], refused: str | None = None, **changes: Any) -> None:  # noqa: ANN401 - fields
        given = {
            "root": ROOT_HEX, "bulletin": {"shared": "bulletin"}, "witnesses": [key.hex() for key in KEYS],
            "needed": 2, "cosignatures": [_text(one) for one in documents_], **changes,
        }  # fmt: skip
        book.add(f"cosignature/{name}", f"16.2 {about}.", "cosignature/require", given, refused)

    both = [_cosignature(0), _cosignature(1)]
    add("two_of_three", "Two of three witnesses saw it", both)
    add("one_lies", "A third one says something else, and does not matter",
        [*both, _cosignature(2, hash=stream("lie")(32).hex())])  # fmt: skip
    add("one_is_ahead", "One of three has seen a higher revision: not yet enough", [*both, _cosignature(2, **higher)])
    add("passed_over", "What cannot be read counts for nothing and hinders nothing", [b"{}", *both])
    add("refused_one_of_two", "Refused: only one witness saw it", both[:1], "BadSignature")
    add(
        "refused_one_twice", "Refused: one witness, twice", [both[0], _cosignature(0, seen_day=DAY - 1)], "BadSignature"
    )
    add("refused_stranger", "Refused: the second one is no witness of ours", both, "BadSignature",
        witnesses=[KEYS[0].hex(), KEYS[2].hex()])  # fmt: skip
    other = [_cosignature(place, instance="00" * 16) for place in (0, 1)]
    add("refused_other_instance", "Refused: of another instance", other, "BadSignature")
    yesterday = [_cosignature(place, day=DAY - 1) for place in (0, 1)]
    add("refused_other_day", "Refused: of the day before", yesterday, "BadSignature")
    hashes = [_cosignature(0), _cosignature(1, hash=stream("lie")(32).hex())]
    add("refused_two_hashes", "Refused: the two saw different bulletins", hashes, "BadSignature")
    replaced = [*both, *(_cosignature(place, **higher) for place in (0, 2))]
    add("refused_replaced", "Refused: two witnesses saw one that replaces it", replaced, "OutsideDates")
    add("refused_none_needed", "Refused: no witness is required", both, "Malformed", needed=0)
    add("refused_more_than_named", "Refused: four of three", both, "Malformed", needed=4)
    many = [stream(f"witness {place}")(32).hex() for place in range(17)]
    add("refused_seventeen", "Refused: seventeen witnesses", both, "Malformed", witnesses=many)


# ---------------------------------------------------------------------------------------------------------- canaries


def _canaries(book: Book) -> None:
    good = canary.text(KEYS[0], INSTANCE, REPORTER.thread_id, DAY, _signs(0))

    def add(name: str, about: str, text: str = good, **changes: Any) -> None:  # noqa: ANN401 -- what JSON holds
        given = {
            "text": text, "instance": INSTANCE.hex(), "thread": REPORTER.thread_id.hex(), "day": DAY,
            "known": [KEYS[0].hex(), KEYS[1].hex()], **changes,
        }  # fmt: skip
        book.add(f"canary/{name}", f"16.3 {about}.", "canary/signer", given)

    add("good", "A canary of an auditor that the desk knows")
    add("unknown_key", "Of an auditor that it does not know: a report", known=[KEYS[1].hex()])
    add("nobody_known", "The desk knows no auditor: a report", known=[])
    add("other_thread", "A marker that was seen, in another thread: a report", thread=stream("thread")(16).hex())
    add("other_day", "A marker of the day before: a report", day=DAY + 1)
    add("other_instance", "A marker of another instance: a report", instance=bytes(16).hex())
    add("more_text", "One character more: a report, since a person may have written it", good + ".")
    add("line_end", "A line end behind it: a report", good + "\n")
    add("upper_case", "The key in upper case: a report", good.replace(KEYS[0].hex(), KEYS[0].hex().upper()))
    add("other_signer", "Names one auditor and is signed by another: a report",
        canary.text(KEYS[0], INSTANCE, REPORTER.thread_id, DAY, _signs(1)))  # fmt: skip
    add("words", "A report that speaks of canaries: a report", "canary")
