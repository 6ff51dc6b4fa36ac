"""Two clicks on one button."""

import asyncio

import pytest

from dropbox.bureau.errors import BoardFullError
from dropbox.bureau.pages.once import Once


async def test_second_click_waits_for_the_first_and_fails_with_it() -> None:
    forms, begun, go_on = Once(), [], asyncio.Event()

    async def fail() -> None:
        begun.append(1)
        await go_on.wait()
        raise BoardFullError

    clicks = [asyncio.create_task(forms.do("a", fail)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in clicks)
    go_on.set()
    ends = await asyncio.gather(*clicks, return_exceptions=True)
    assert [type(one) for one in ends] == [BoardFullError] * 2
    assert begun == [1]
    with pytest.raises(BoardFullError):
        await forms.do("a", fail)
    assert begun == [1, 1], "what failed may be tried again"


async def test_what_is_done_is_not_done_again() -> None:
    forms, done = Once(), []

    async def work() -> None:
        done.append(1)

    await asyncio.gather(forms.do("a", work), forms.do("a", work))
    await forms.do("a", work)
    await forms.do("b", work)
    assert done == [1, 1]


async def test_browser_that_goes_away_stops_nothing() -> None:
    forms, done, go_on = Once(), [], asyncio.Event()

    async def work() -> None:
        await go_on.wait()
        done.append(1)

    click = asyncio.create_task(forms.do("a", work))
    await asyncio.sleep(0)
    click.cancel()
    await asyncio.gather(click, return_exceptions=True)
    go_on.set()
    await forms.do("a", work)
    assert done == [1]
