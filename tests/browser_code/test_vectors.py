"""Every vector of the protocol, in the browser's code."""

from dropbox.protocol.receipt import LANGUAGES, Receipt
from tests.browser_code.node import Lines
from tests.vectors.operations import OPERATIONS
from tests.vectors.runner import load


def test_every_vector_has_the_outcome_that_it_must_have(lines: Lines) -> None:
    vectors = load()
    wrong = []
    for vector in vectors:
        output, refused = lines.ask(vector.operation, vector.input)
        if (output, refused) != (vector.output, vector.refused):
            wrong.append(f"{vector.name}: {refused} instead of {vector.refused}")
    assert not wrong
    assert {vector.operation for vector in vectors} == OPERATIONS.keys()


def test_the_word_lists_are_those_of_the_protocol(lines: Lines) -> None:
    for place in range(0, 2048, 12):
        numbers = [min(place + offset, 2047) for offset in range(12)]
        bits = "".join(f"{number:011b}" for number in numbers)[:120]
        entropy = int(bits, 2).to_bytes(15, "big")
        for language in LANGUAGES:
            shown, _ = lines.ask("receipt/show", {"entropy": entropy.hex(), "language": language})
            assert shown["words"] == " ".join(Receipt(entropy).words(language))
