import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.auditor.host import Host, running_host


@pytest.fixture
def host() -> Iterator[Host]:
    """A host of this test's own; sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="au") as name, running_host(Path(name)) as running:
        yield running
