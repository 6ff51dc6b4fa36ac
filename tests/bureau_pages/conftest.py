from collections.abc import AsyncIterator, Iterator

import pytest

from tests.bureau.office import Office, short_folder
from tests.bureau_pages.browser import Room, pages


@pytest.fixture
def office() -> Iterator[Office]:
    with short_folder() as folder:
        yield Office(folder)


@pytest.fixture
async def desk(office: Office) -> AsyncIterator[Room]:
    """The pages, with nobody signed in."""
    async with office.open() as opened, pages(office, opened) as found:
        yield found


@pytest.fixture
async def signed_in(desk: Room) -> Room:
    """The pages, with the first account signed in."""
    answer = await desk.browser.sign_in()
    assert answer.path == "/nl/"
    return desk
