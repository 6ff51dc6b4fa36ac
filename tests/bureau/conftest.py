from collections.abc import Iterator

import pytest

from tests.bureau.office import Office, short_folder
from tests.postgres import postgres_cluster  # noqa: F401 - a fixture


@pytest.fixture
def sqlite_office() -> Iterator[Office]:
    with short_folder() as folder:
        yield Office(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """An office on each database in turn."""
    with short_folder() as folder:
        if request.param == "sqlite":
            yield Office(folder)
        else:
            yield Office(folder, request.getfixturevalue("postgres_cluster").new_database())
