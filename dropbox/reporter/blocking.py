"""A visit without an event loop, for a process that serves one visitor and has nothing else to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Result = TypeVar("Result")


def run(visit: Coroutine[Any, Any, Result]) -> Result:
    """The result of ``visit``, whose transport blocks where another would wait: it comes to its end in one step."""
    try:
        visit.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    visit.close()
    raise RuntimeError("the transport waits for an event loop, and there is none")
