"""A visit without an event loop, for a process that serves one visitor and has nothing else to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

Result = TypeVar("Result")


def run(visit: Awaitable[Result]) -> Result:
    """The result of ``visit``, whose transport blocks where another would wait: it comes to its end in one step."""
    steps = visit.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: Result = end.value
        return result
    steps.throw(GeneratorExit)
    raise RuntimeError("the transport waits for an event loop, and there is none")
