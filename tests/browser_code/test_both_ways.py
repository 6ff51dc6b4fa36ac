"""What one of the two implementations seals the other opens, and the other way round."""

import base64
import hashlib
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropbox.protocol import documents, envelope, payload, sizes
from dropbox.protocol.errors import BadReceipt, ProtocolError
from dropbox.protocol.file_names import clean_file_name
from dropbox.protocol.keys import Role
from dropbox.protocol.receipt import LANGUAGES, Receipt, parse_receipt
from dropbox.protocol.reply import Note, Reply
from dropbox.protocol.thread import ReporterKeys
from tests.browser_code.node import Lines
from tests.gateway.bureau import NOW, Bureau
from tests.protocol import strategies
from tests.vectors.story import Story

BUREAU = Bureau()
ENTROPY = bytes(range(15))
REPORTER = ReporterKeys.derive(Receipt(ENTROPY), BUREAU.bulletin.instance)

# Numbers of their own: each example is a conversation with another process, which may have no JIT compiler.
_calm = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
some = settings(max_examples=12, suppress_health_check=_calm)
many = settings(max_examples=60, suppress_health_check=_calm)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
short = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
files = st.lists(
    st.tuples(strategies.texts, st.sampled_from((0, 1, 65_535, 65_536, 65_537, 300_000, 1_048_576, 1_400_000))),
    max_size=3,
)
messages = st.builds(
    lambda text, category, ongoing, keep_from, answers: {
        "text": text, "category": category, "ongoing": ongoing, "keep_from": keep_from, "language": "nl",
        "answers": [[question.hex(), answer] for question, answer in answers],
    },
    texts, short, st.sampled_from(("", "yes", "no", "unsure")), short,
    st.lists(st.tuples(st.binary(min_size=8, max_size=8), short), max_size=4),
)  # fmt: skip


def written(data: bytes) -> dict[str, str]:
    """Bytes as a vector writes them."""
    return {"base64": base64.b64encode(data).decode()}


def content(name: str, size: int) -> bytes:
    """Bytes of a file, different for each."""
    return (hashlib.sha256(name.encode(errors="replace")).digest() * (size // 32 + 1))[:size]


def common() -> dict[str, Any]:
    return {"root": BUREAU.root.public.raw.hex(), "bulletin": written(BUREAU.signed_bulletin())}


@some
@given(message=messages, names=files, known=st.booleans())
def test_what_the_browser_seals_the_desk_opens(
    lines: Lines, message: dict[str, Any], names: list[tuple[str, int]], *, known: bool
) -> None:
    asked = common() | {
        "entropy": ENTROPY.hex(), "message_id": "ab" * 16, "known": [BUREAU.recipient.hex()] if known else [],
        "message": message, "files": [[name, written(content(name, size))] for name, size in names],
    }  # fmt: skip
    output, refused = lines.ask("seal", asked)
    assert refused is None
    sealed = base64.b64decode(output["envelope"])
    assert len(sealed) in sizes.ENVELOPE_LADDER
    BUREAU.knows(Receipt(ENTROPY))
    opened = BUREAU.open(sealed)
    assert opened.authentic
    assert opened.head.first is not known
    assert opened.head.thread_id == REPORTER.thread_id
    assert payload._message_json(opened.message) == {
        **message, "answers": [{"answer": answer, "question": question} for question, answer in message["answers"]],
    }  # fmt: skip
    assert opened.files == [(clean_file_name(name), content(name, size)) for name, size in names]


@some
@given(message=messages, names=files, known=st.booleans())
def test_what_the_gateway_seals_the_browsers_code_opens(
    lines: Lines, message: dict[str, Any], names: list[tuple[str, int]], *, known: bool
) -> None:
    head = (
        envelope.later_head(REPORTER, bytes(16)) if known else envelope.first_head(REPORTER, BUREAU.bulletin, bytes(16))
    )
    said = payload.Message(
        **{**message, "answers": tuple((bytes.fromhex(question), answer) for question, answer in message["answers"])}
    )
    writer = envelope.EnvelopeWriter(BUREAU.bulletin, REPORTER.auth, os.urandom)
    parts = [writer.begin(head, said)]
    for name, size in names:
        parts += [writer.begin_file(name), writer.file_data(content(name, size)), writer.end_file()]
    sealed = b"".join([*parts, *writer.finish()])
    asked = common() | {
        "recipient": BUREAU.recipient.hex(), "seed": BUREAU.prekey.seed.hex(), "envelope": written(sealed),
        "auth": REPORTER.auth.hex(),
    }  # fmt: skip
    output, refused = lines.ask("envelope/open", asked)
    story = Story()
    story.add(head)
    story.add(said)
    told = [
        event
        for name, size in names
        for event in ({"file": clean_file_name(name)},
                      {"size": size, "sha256": hashlib.sha256(content(name, size)).hexdigest()})
    ]  # fmt: skip
    assert refused is None
    assert output["authentic"]
    assert output["events"] == [*story.lines, *told]


@some
@given(notes=st.lists(st.tuples(strategies.notes, strategies.days), max_size=6))
def test_what_the_desk_answers_the_browser_reads(lines: Lines, notes: list[tuple[Note, int]]) -> None:
    bureau = Bureau()
    reporter = ReporterKeys.derive(Receipt(ENTROPY), bureau.bulletin.instance)
    keys = reporter.reply_keys(bureau.recipient)
    bureau.open(_first(bureau, reporter))
    fitting = [(note, day) for note, day in notes if len(documents.encode({"": repr(note)})) < 5_000]
    for note, day in fitting:
        bureau.reply(reporter.thread_id, note, day)
    asked = {
        "root": bureau.root.public.raw.hex(), "bulletin": written(bureau.signed_bulletin()),
        "board": written(bureau.boards()[5:]), "board_keys": [bureau.signing[Role.BOARD].public.hex()],
        "instance": bureau.bulletin.instance.hex(), "entropy": ENTROPY.hex(), "now": NOW,
    }  # fmt: skip
    output, refused = lines.ask("dialogue/read", asked)
    assert refused is None
    assert output[0]["unread"] == 0
    assert [one["day"] for one in output[0]["notes"]] == [day for _, day in fitting]
    told = [one["note"].get("text") for one in output[0]["notes"] if one["kind"] == "reply"]
    assert told == [note.text for note, _ in fitting if isinstance(note, Reply)]
    assert keys.public == reporter.reply_keys(bureau.recipient).public


def _first(bureau: Bureau, reporter: ReporterKeys) -> bytes:
    writer = envelope.EnvelopeWriter(bureau.bulletin, reporter.auth, os.urandom)
    begun = writer.begin(envelope.first_head(reporter, bureau.bulletin, bytes(16)), payload.Message("text"))
    return b"".join([begun, *writer.finish()])


@many
@given(value=strategies.json_objects)
def test_documents_are_written_and_read_alike(lines: Lines, value: dict[str, Any]) -> None:
    assert lines.ask("document/decode", {"document": written(documents.encode(value))}) == (value, None)


@many
@given(data=st.binary(max_size=60) | st.from_regex(r"\{[ -~]{0,40}\}", fullmatch=True).map(str.encode))
def test_documents_are_refused_alike(lines: Lines, data: bytes) -> None:
    expected: Any = None
    try:
        expected = documents.decode(data, limit=64 * sizes.KIB), None
    except ProtocolError as error:
        expected = None, type(error).__name__
    assert lines.ask("document/decode", {"document": written(data)}) == expected


def characters() -> st.SearchStrategy[str]:
    # The newest letters are letters to one side and unassigned to the other.
    return st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs", "Cn"])


@many
@given(name=st.text(characters(), max_size=80) | st.text(st.sampled_from("a.é/\\ \u202e\u0301"), max_size=400))
def test_file_names_are_cleaned_alike(lines: Lines, name: str) -> None:
    assert lines.ask("file-name/clean", {"name": name}) == ({"clean": clean_file_name(name)}, None)


@many
@given(entropy=st.binary(min_size=15, max_size=15), language=st.sampled_from(LANGUAGES), between=st.sampled_from(
    (" ", ", ", "\n", " 1. ", "\t—\t")), upper=st.booleans())  # fmt: skip
def test_a_receipt_pasted_in_any_way_is_read_alike(
    lines: Lines, entropy: bytes, language: str, between: str, *, upper: bool
) -> None:
    typed = between.join(Receipt(entropy).words(language))
    typed = typed.upper() if upper and language != "turkish" else typed
    assert lines.ask("receipt/parse", {"typed": typed}) == ({"entropy": parse_receipt(typed).entropy.hex()}, None)


@pytest.mark.parametrize("word", ["abandom", "zoo"])
def test_a_mistyped_receipt_is_told_alike(lines: Lines, word: str) -> None:
    typed = " ".join([*Receipt(ENTROPY).words()[:11], word])
    with pytest.raises(BadReceipt) as refused:
        parse_receipt(typed)
    told = {"fault": refused.value.fault, "position": refused.value.position, "found": refused.value.found}
    assert lines.ask("receipt/parse", {"typed": typed}) == (told, "BadReceipt")


mistyped = st.builds(
    lambda language, at, letters: (language, _with(Receipt(ENTROPY).words(language)[11], at, letters)),
    st.sampled_from(LANGUAGES), st.integers(0, 9), st.text("aelnrst\u00e9\U00010428", max_size=3),
)  # fmt: skip


def _with(word: str, at: int, letters: str) -> str:
    return f"{word[:at]}{letters}{word[at + 1 :]}" or "q"


@many
@given(typed=mistyped | st.tuples(st.sampled_from(LANGUAGES), st.text("abcdeilmnorstuy", min_size=1, max_size=12)))
def test_the_words_that_a_mistyped_one_may_have_been_are_told_alike(lines: Lines, typed: tuple[str, str]) -> None:
    language, word = typed
    words = " ".join([*Receipt(ENTROPY).words(language)[:11], word])
    suggestions = None
    try:
        parse_receipt(words)
    except BadReceipt as refused:
        suggestions = [*refused.suggestions]
    assert lines.ask("receipt/near", {"typed": words}) == ({"suggestions": suggestions}, None)
