"""An upload that goes on in the page after a reload: the same bytes or none, wherever it was cut (decision 89)."""

import base64
import os
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropbox.protocol.receipt import Receipt
from dropbox.protocol.sizes import KIB, MIB
from tests.browser_code.node import Lines
from tests.browser_code.test_both_ways import BUREAU, ENTROPY, common, some, written

MESSAGE: Final = {"text": "tekst", "category": "", "ongoing": "", "keep_from": "", "language": "nl", "answers": []}
NUMBERS: Final = {**MESSAGE, "text": "[1, 2]", "answers": [["0001020304050607", "1"]]}
REQUESTS: Final = 5  # with bodies, of an envelope of 4 MiB: four chunks and its end
FILE: Final = os.urandom(3 * MIB + 17)
SMALL: Final = os.urandom(30 * KIB)


def resumed(lines: Lines, files: list[bytes], then: list[bytes], end: int, **more: object) -> dict[str, Any]:
    """What came of it, and what the host was shown."""
    asked = common() | {
        "entropy": ENTROPY.hex(), "message": MESSAGE, "end": end, "arrives": True,
        "files": [[f"{place}.bin", written(file)] for place, file in enumerate(files)],
        "then": [[f"{place}.bin", written(file)] for place, file in enumerate(then)],
    }  # fmt: skip
    output, refused = lines.ask("resume", asked | more)
    assert refused is None
    assert isinstance(output, dict)
    return output


def opens(outcome: dict[str, Any]) -> list[bytes]:
    """The files that the bureau gets."""
    assert outcome["finished"]
    opened = BUREAU.open(base64.b64decode(outcome["envelope"]))
    assert opened.authentic
    return [content for _, content in opened.files]


def bodies(outcome: dict[str, Any]) -> dict[str, set[str]]:
    """Every body that was ever sent, by its address."""
    shown: dict[str, set[str]] = {}
    for path, body in outcome["shown"]:
        shown.setdefault(path, set()).add(body)
    return shown


@pytest.mark.parametrize("arrives", [False, True])
@pytest.mark.parametrize("end", range(REQUESTS))
def test_the_same_file_goes_on_where_the_host_has_it(lines: Lines, end: int, *, arrives: bool) -> None:
    outcome = resumed(lines, [FILE], [FILE], end, arrives=arrives)
    assert outcome["ended"]
    assert opens(outcome) == [FILE]
    assert all(len(versions) == 1 for versions in bodies(outcome).values())
    paths = [path for path, _ in outcome["shown"]]
    assert len({path.split("/")[3] for path in paths}) == 1
    assert outcome["asked"][0].startswith("GET ")
    sent_again = paths[end + 1 :]
    assert len(sent_again) == REQUESTS - 1 - end + (not arrives)  # nothing that the host has is sent once more


def test_what_fits_in_one_request_is_sent_once_more_byte_for_byte(lines: Lines) -> None:
    for arrives in (False, True):
        outcome = resumed(lines, [SMALL], [SMALL], 0, arrives=arrives)
        assert opens(outcome) == [SMALL]
        ((path, versions),) = bodies(outcome).items()
        assert path.endswith("/whole")
        assert len(versions) == 1


LATE: Final = 2 * MIB - 12_000  # before the end of the second chunk, behind header, frames and tags
CHANGED: Final = {
    "first_byte": bytes([FILE[0] ^ 1]) + FILE[1:],
    "one_late_byte": FILE[:LATE] + bytes([FILE[LATE] ^ 1]) + FILE[LATE + 1 :],
    "shorter": FILE[:MIB],
    "far_shorter": b"",
    "longer": FILE + FILE,
}


@pytest.mark.parametrize("name", CHANGED)
def test_another_file_is_refused_before_anything_goes_out(lines: Lines, name: str) -> None:
    """Key and nonces are those of before: one byte of another plaintext under them would give the host both."""
    end = 4 if name == "longer" else 1  # the chunk of number 1 was half sent, or all was
    outcome = resumed(lines, [FILE], [CHANGED[name]], end, arrives=False)
    assert outcome["refused"]
    assert outcome["asked"] == []
    assert not outcome["finished"]


@some
@given(place=st.integers(0, len(FILE) - 1), end=st.integers(0, REQUESTS - 1), arrives=st.booleans())
def test_no_place_of_the_ciphertext_ever_has_two_values(lines: Lines, place: int, end: int, *, arrives: bool) -> None:
    """Changed behind what was sent it is another file of which only one version is ever shown; before that, refused."""
    other = FILE[:place] + bytes([FILE[place] ^ 1]) + FILE[place + 1 :]
    outcome = resumed(lines, [FILE], [other], end, arrives=arrives)
    assert all(len(versions) == 1 for versions in bodies(outcome).values())
    if outcome["refused"]:
        assert outcome["asked"] == []
    else:
        assert opens(outcome) == [other]


def test_what_is_left_opens_under_its_receipt_only_and_is_never_sealed_twice_alike(lines: Lines) -> None:
    asked = common() | {"entropy": ENTROPY.hex(), "other": Receipt(bytes(15)).entropy.hex(), "message": NUMBERS}
    output, refused = lines.ask("resume/left", asked)
    assert refused is None
    mine, *others = output["said"]
    assert (mine["text"], mine["answers"]) == (NUMBERS["text"], NUMBERS["answers"])
    assert others == [None] * 4  # another receipt, altered in two places, somebody else's name
    assert output["names"][0] != output["names"][1]
    assert all("tekst" not in name and ENTROPY.hex() not in name for name in output["names"])
