"""The options a student may give to pytest, and the hooks that answer before a test is collected."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autograder.board.plugin import Board

MARKERS = (
    "unit(id): the unit of the course that this file tests",
    "item(id): the item of the unit that this test judges",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("course", "the course's exercises")
    group.addoption(
        "--hint",
        action="append",
        default=[],
        metavar="ITEM[:N]",
        help="print the hint of an item and run nothing; give it twice, or ITEM:2, for the stronger one",
    )
    group.addoption("--lang", choices=("en", "vi"), help="language of the board (else COURSE_LANG, else grading.yml's)")
    group.addoption("--board-json", metavar="FILE", type=Path, help="write the score board to FILE as JSON")


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    config.pluginmanager.register(Board(config), "course-board")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """`--hint` answers and runs nothing."""
    wishes = config.getoption("hint")
    if not wishes:
        return None
    from autograder.board.hints import NoHint, hints
    from autograder.words import say

    board = Board(config)
    if board.course is None:
        raise pytest.UsageError(say(board.no_course, board.lang))
    paths = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
    try:
        lines = hints(wishes, board.course, paths, board.lang)
    except NoHint as error:
        raise pytest.UsageError(say(error.words, board.lang)) from None
    sys.stdout.write("\n".join([*lines, ""]))
    return 0
