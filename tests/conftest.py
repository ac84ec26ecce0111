"""Fixtures and options that every room of the tests may use."""

import os

import pytest

# Whoever runs the tests, the program speaks English to them unless a test says otherwise.
os.environ["LANGUAGE"] = "en"

pytest_plugins = ["tests.servers.fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--scale long`` tries in tests/fire all that can be tried; it takes hours."""
    parser.addoption("--scale", choices=["short", "long"], default="short")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that the tests have kept, for docs/reliability.md."""
    reports = terminalreporter.stats.get("passed", [])
    figures = [value for r in reports for name, value in r.user_properties if name == "figure"]
    if figures:
        terminalreporter.section("figures")
        for figure in figures:
            terminalreporter.write_line(figure)
