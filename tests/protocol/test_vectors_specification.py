"""The specification's examples are those of the vectors, and its tables are those of the code."""

import re
from pathlib import Path

from dropbox.protocol import board_head, errors, labels, payload, receipt, sizes
from dropbox.protocol.keys import Role
from dropbox.protocol.reply import CaseStatus, Kind
from tests.vectors.runner import HERE, load

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
_EXAMPLE = re.compile(r"^Example \(\[([^\]]+)\][^\n]*\n+(?:```\n(.*?)```)?", re.MULTILINE | re.DOTALL)
_DIGITS = re.compile(r"\b[0-9a-f]{12,}\b")


def test_digits_of_examples_stand_in_their_vectors() -> None:
    examples = _EXAMPLE.findall(PAGE)
    assert len(examples) >= 14
    for name, block in examples:
        vector = (HERE / f"{name}.json").read_text("utf-8")
        missing = [digits for digits in _DIGITS.findall(block) if digits not in vector]
        assert not missing, f"{name}: {missing}"


def test_every_vector_names_a_section_of_the_page() -> None:
    headings = set(re.findall(r"^#+ ([0-9.]+?)\.? ", PAGE, re.MULTILINE))
    assert {vector.section for vector in load()} <= headings


def test_every_label_stands_on_the_page() -> None:
    made = [value for value in vars(labels).values() if isinstance(value, bytes)]
    names = [label.removeprefix(b"dropbox/v1/").removesuffix(b"\0").decode() for label in made]
    assert len(set(names)) == len(names)
    table = PAGE.split("## 2. Labels")[1].split("## 3.")[0]
    assert set(re.findall(r"`([a-z0-9/]+)`", table)) - {"64726f70626f782f76312f736c6f7400"} == set(names)


def test_every_refusal_stands_on_the_page() -> None:
    table = PAGE.split("## 15. ")[1].split("## 16. ")[0]
    ours = {name for name, value in vars(errors).items() if isinstance(value, type) and name != "ProtocolError"}
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == ours


def test_every_fixed_word_stands_on_the_page() -> None:
    words = {*map(str, Role), *map(str, CaseStatus), *receipt.LANGUAGES}
    assert not {word for word in words if f"`{word}`" not in PAGE}
    assert all(kind.name.lower() in PAGE for kind in Kind)


def test_the_sizes_on_the_page_are_those_of_the_code() -> None:
    table = PAGE.split("## 3. Sizes")[1].split("**The ladder")[0]
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([\d,]+)[^|]* \|", table, re.MULTILINE))
    written = {name: int(number.replace(",", "")) for name, number in rows.items()}
    assert written == {
        "instance, recipient, thread, message id": sizes.INSTANCE,
        "prefix": sizes.PREFIX,
        "slot": sizes.SLOT,
        "header": sizes.HEADER,
        "payload of p bytes": sizes.PAYLOAD_SALT + sizes.PAYLOAD_COMMITMENT,
        "record": sizes.RECORD,
        "inner record": sizes.RECORD_INNER,
        "body of a record": sizes.RECORD_BODY,
        "head of a board": board_head.HEAD,
        "end of a board": board_head.TRAILER,
        "card": sizes.CARD,
        "publication": sizes.PUBLICATION_LADDER[0],
        "chunk of an upload": sizes.UPLOAD_CHUNK,
    }
    frames = PAGE.split("### 8.3 Frames")[1].split("They stand")[0]
    limits = [int(number.replace(",", "")) for number in re.findall(r"\| ([\d,]+) \|$", frames, re.MULTILINE)]
    assert limits == [payload._LIMIT[kind] for kind in payload.Frame]
