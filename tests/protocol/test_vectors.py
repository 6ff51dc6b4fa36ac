"""Every vector, and that the generators still give them."""

import pytest

from dropbox.protocol import errors
from tests.vectors import generate, runner

VECTORS = runner.load()


@pytest.mark.parametrize("vector", VECTORS, ids=[vector.name for vector in VECTORS])
def test_vector(vector: runner.Vector) -> None:
    runner.run(vector)


def test_generators_give_the_committed_files() -> None:
    made, there = generate.make(), generate.present()
    assert sorted(made) == sorted(there)
    assert [path for path in made if made[path] != there[path]] == []


def test_there_are_enough_of_both_kinds() -> None:
    refused = [vector for vector in VECTORS if vector.refused]
    assert len(refused) >= 60
    assert len(VECTORS) - len(refused) >= 25


def test_a_refusal_is_one_of_our_exception_classes() -> None:
    ours = {name for name, value in vars(errors).items() if isinstance(value, type) and name != "ProtocolError"}
    assert {vector.refused for vector in VECTORS if vector.refused} <= ours


def test_a_vector_that_says_something_else_fails() -> None:
    good = next(vector for vector in VECTORS if vector.refused is None)
    changed = runner.Vector(**{**good.__dict__, "output": "something else"})
    with pytest.raises(AssertionError):
        runner.run(changed)
