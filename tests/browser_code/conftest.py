"""The browser's code, built once, in node with and without a JIT compiler."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser_code import node


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    node.require_tools()
    file = tmp_path_factory.mktemp("lines") / "lines.mjs"
    node.build("lines", str(file))
    return file


@pytest.fixture(scope="module", params=node.MODES)
def lines(request: pytest.FixtureRequest, script: Path) -> Iterator[node.Lines]:
    with node.running(script, node.MODES[request.param]) as process:
        yield process
