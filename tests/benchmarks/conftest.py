"""The table of ratios under the benchmarks."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    rows = [bench for bench in session.benchmarks if "ratio" in bench.extra_info] if session else []
    if rows:
        terminalreporter.section("ratios (bound: what the project asks of itself)")
    for bench in rows:
        info = bench.extra_info
        terminalreporter.line(f"{bench.name:<70} {info['ratio']:>7} of {info['bound']}")
        if also := info.get("also"):
            terminalreporter.line(f"    {', '.join(f'{name} {value}' for name, value in also.items())}")
