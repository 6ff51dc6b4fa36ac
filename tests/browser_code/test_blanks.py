"""What is made before anybody presses "send" goes into one envelope, and belongs to no bulletin."""

import base64
from typing import Any

import pytest

from dropbox.protocol import sizes
from tests.browser_code.node import Lines
from tests.gateway.bureau import Bureau, ciphertexts

ENTROPY = bytes(range(15))


def asked(first: Bureau, second: Bureau) -> dict[str, Any]:
    written = [{"base64": base64.b64encode(one.signed_bulletin()).decode()} for one in (first, second)]
    return {
        "root": first.root.public.raw.hex(), "bulletin": written[0], "next": written[1], "entropy": ENTROPY.hex(),
    }  # fmt: skip


@pytest.mark.parametrize("recipients", [1, 2, 4])
def test_a_blank_that_is_used_again_gives_nothing_twice_and_keeps_nothing(lines: Lines, recipients: int) -> None:
    bureau = Bureau()
    second = bureau.joined_by(recipients - 1, day=bureau.day + 1, revision=3)
    output, refused = lines.ask("blank/again", asked(bureau, second))
    assert refused is None
    envelopes = [base64.b64decode(one) for one in output["envelopes"]]
    given_out = [ciphertexts(one) for one in envelopes]
    assert len(output["prepared"]) == sizes.SLOTS - 1
    assert set(given_out[0][1:]) == set(output["prepared"])  # one recipient: the rest is what was made ahead
    assert len({one for slots in given_out for one in slots}) == len(envelopes) * sizes.SLOTS
    assert not "".join(output["memory"]).strip("0")
    for sealed, by in zip(envelopes, (bureau, bureau, second), strict=True):
        assert by.open(sealed).authentic


@pytest.mark.parametrize("recipients", [2, 3, 4])
def test_what_more_recipients_leave_of_a_blank_is_wiped(lines: Lines, recipients: int) -> None:
    bureau = Bureau().joined_by(recipients - 1)
    output, _ = lines.ask("blank/again", asked(bureau, bureau))
    first = ciphertexts(base64.b64decode(output["envelopes"][0]))
    assert set(first[recipients:]) <= set(output["prepared"])
    assert not "".join(output["memory"]).strip("0")


def test_sending_before_the_blank_is_whole_sends_a_whole_envelope(lines: Lines) -> None:
    bureau = Bureau()
    output, refused = lines.ask("blank/early", asked(bureau, bureau))
    assert refused is None
    envelopes = [base64.b64decode(one) for one in output["envelopes"]]
    assert len({one for envelope in envelopes for one in ciphertexts(envelope)}) == len(envelopes) * sizes.SLOTS
    assert all(bureau.open(envelope).authentic for envelope in envelopes)
    assert output["left"] == 0
