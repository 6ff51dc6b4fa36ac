"""Work that a form begins once, however often its button is pressed."""

import asyncio
from collections.abc import Callable, Coroutine


class Once:
    """The work of one person's forms, each under the random name that the form carries."""

    def __init__(self) -> None:
        """Start with none."""
        self._begun: dict[str, asyncio.Task[object]] = {}

    async def do(self, name: str, work: Callable[[], Coroutine[object, object, object]]) -> None:
        """Do the work, or wait for it where an earlier click began it; both end alike, also by its exception.

        Work that failed may be begun again.  It goes on when the browser that waits for it goes away.
        """
        task = self._begun.get(name)
        if task is None:
            task = self._begun[name] = asyncio.ensure_future(work())
        try:
            await asyncio.shield(task)
        finally:
            failed = task.done() and (task.cancelled() or task.exception() is not None)
            if failed and self._begun.get(name) is task:
                del self._begun[name]
