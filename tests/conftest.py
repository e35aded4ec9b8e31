"""Rules for all tests."""

import os
import sys
from collections.abc import Generator
from typing import TypeVar

import pytest

#: Set where everything must run: a test that would be skipped for want of a tool fails.
REQUIRE_TOOLS = "FFP8_REQUIRE_TOOLS"

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_configure() -> None:
    # A second copy of a class under another name makes isinstance fail.
    doubled = {"golden", "hw", "synth", "boards", "cli"} & set(sys.modules)
    assert not doubled, f"import {doubled} through the ffp8 package"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return forbid_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return forbid_skip((yield))


def forbid_skip(report: Report) -> Report:
    if report.skipped and os.environ.get(REQUIRE_TOOLS):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{REQUIRE_TOOLS} is set, and this was skipped: {reason}"
    return report
