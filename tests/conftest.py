"""For every test: with CI set a skipped test is a failed one, and nothing is judged by how long it took."""

import os
from collections.abc import Generator
from typing import Final

import hypothesis
import pytest

_NOTHING_MAY_BE_SKIPPED: Final = "With CI set nothing may be skipped: "

# No deadline: a busy machine is not a fault.
hypothesis.settings.register_profile("default", deadline=None, max_examples=25)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    expected = hasattr(report, "wasxfail")
    if os.environ.get("CI") and report.outcome == "skipped" and not expected:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = _NOTHING_MAY_BE_SKIPPED + reason


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips, in any phase, fails when CI is set."""
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """So does a module that skips while it is collected."""
    report = yield
    _forbid_skip(report)
    return report
