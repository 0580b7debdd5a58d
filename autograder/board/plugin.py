"""The hooks of a session: what pytest collects and runs → `Board`, and the words on the terminal."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Generator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder.board.calls import LastCall, watched
from autograder.board.failure import Asked, Block, Crash, in_words
from autograder.board.records import BrokenFile, Score, Test, Trouble
from autograder.board.student import StudentFile, find, shown
from autograder.models import Text, Verdict, Words, msg

if TYPE_CHECKING:
    from autograder.course import Course, Item, Unit

FILE = "grading.yml"
TODO = "to do"
FIRST_IMPORTS = 10.0  # seconds on top of an item's own: the first optimizer alone imports 823 modules (3.5 s)


ASKED = pytest.StashKey[Asked]()
CALL = pytest.StashKey[LastCall]()


class Board:
    """One session's tests, troubles and broken files."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.asked: dict[str, Asked] = {}
        self.troubles: dict[str, Trouble] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.skipped: set[str] = set()
        self.broken: dict[str, BrokenFile] = {}
        self.where: dict[str, str] = {}
        self.collect_errors = 0
        self.no_course: Words = Text("", "")
        self.notes: list[Words] = []

    @cached_property
    def course(self) -> Course | None:
        from autograder.course import CourseError, load

        path = self.config.rootpath / FILE
        if not path.is_file():
            self.no_course = msg(
                "{file} was not found in {folder}, so there are no points and no hints: "
                "start pytest in the folder of the course, where {file} lies.",
                file=FILE,
                folder=str(self.config.rootpath),
            )
            return None
        try:
            return load(path)
        except CourseError as error:
            self.no_course = msg("{problem} (there are no points and no hints until it is mended)", problem=str(error))
            return None

    @cached_property
    def lang(self) -> str:
        from autograder.words import chosen_language

        default = self.course.language if self.course is not None else "en"
        return self.config.getoption("lang") or chosen_language(default)

    # collect

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        marker = item.get_closest_marker("item")
        if marker is None or not marker.args:
            return
        asked = self._asked(item, str(marker.args[0]))
        item.stash[ASKED] = asked
        item.extra_keyword_matches.add(asked.item)  # -k row_standardize
        self.where[asked.unit] = asked.where
        own_limit = item.get_closest_marker("timeout") is not None or self.config.getoption("timeout", None) is not None
        if asked.seconds and not own_limit and self.config.pluginmanager.hasplugin("timeout"):
            item.add_marker(pytest.mark.timeout(asked.seconds + FIRST_IMPORTS))

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        unit = self._unit_of(collector)
        if unit is None:
            return (yield)
        try:
            report = yield
        except SystemExit as error:  # exit() at the top of the student's file would end pytest
            report = pytest.CollectReport(collector.nodeid, "failed", "", None)
            return self._broken_report(report, error, unit, collector)
        excinfo = report.call.excinfo
        if not report.failed or excinfo is None:
            return report
        return self._broken_report(report, excinfo.value, unit, collector)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if (asked := item.stash.get(ASKED, None)) is not None:
                self.asked[item.nodeid] = asked
        if self.asked:
            gc.freeze()  # pytest ends with five full collections: 0.25 s with torch's objects, 0.02 s without

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """A unit that does not load must not keep the others from running."""
        if session.shouldfail and self.collect_errors:  # -x
            raise session.Failed(session.shouldfail)
        if self.collect_errors and session.testsfailed == self.collect_errors:
            session.config.option.continue_on_collection_errors = True

    # run

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        asked = item.stash.get(ASKED, None)
        if asked is None:
            return (yield)
        with watched(asked.student.loaded, asked.symbol) as call:
            item.stash[CALL] = call
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport | None:
        asked = item.stash.get(ASKED, None)
        if asked is None or call.excinfo is None or call.excinfo.errisinstance(_NOT_A_FAULT):
            return None
        from autograder.board.explain import Scene, explain

        last = item.stash.get(CALL, LastCall(asked.symbol))
        scene = Scene(asked.student, asked.symbol, asked.test, last, asked.seconds)
        trouble = explain(call.excinfo.value, scene)
        self.troubles[item.nodeid] = trouble
        block = self._block(trouble, asked, item, call.excinfo)
        return pytest.TestReport.from_item_and_call(item, in_words(call, block))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid in self.troubles:
            self.verdicts[report.nodeid] = self.troubles[report.nodeid].verdict
        elif report.failed:
            self.verdicts[report.nodeid] = Verdict.FAILED
        elif report.skipped:
            self.skipped.add(report.nodeid)
        elif report.when == "call":
            self.verdicts.setdefault(report.nodeid, Verdict.PASSED)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        trouble = self.troubles.get(report.nodeid)
        if trouble is None or not trouble.todo or not report.failed:
            return None
        return TODO, "t", ("TODO", {"yellow": True})

    @pytest.hookimpl(optionalhook=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> bool | None:
        """Where pytest-timeout would end the process (no signals on Windows), raise in the test instead."""
        asked = item.stash.get(ASKED, None)
        if asked is None or settings.method != "thread":
            return None
        from autograder.board.clock import limit

        setattr(item, "cancel_timeout", limit(settings.timeout, lambda: self._end_of_time(item, asked)))  # noqa: B010
        return True

    # end

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        path: Path | None = self.config.getoption("board_json")
        if path is None or hasattr(self.config, "workerinput") or self.config.option.collectonly:
            return
        from autograder.board import jsonfile

        try:
            jsonfile.write(path, self.score(), self.course.id if self.course is not None else "", self.lang)
        except OSError as error:
            words = msg(
                "--board-json {file} cannot be written: {problem}", file=str(path), problem=error.strerror or ""
            )
            self.notes.append(words)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, Any, Any]:
        result = yield
        if self.config.option.collectonly or not (self.asked or self.broken or self.notes):
            return result
        from autograder.board import score
        from autograder.words import say

        brief = self.config.get_verbosity() < -1
        lines = (score.totals if brief else score.board)(self.score(), self.lang)
        if not brief:
            terminalreporter.write_sep("=", say(msg("score board"), self.lang))
        for line in lines:
            terminalreporter.write_line(line)
        return result

    def score(self) -> Score:
        """What was asked for, and what became of it."""
        from autograder.board.tally import tally

        tests = [
            Test(asked.item, asked.unit, asked.item, self.verdicts.get(id), self.troubles.get(id))
            for id, asked in self.asked.items()
            if id not in self.skipped or id in self.verdicts
        ]
        if (tests or self.broken) and self.course is None:
            self.notes.insert(0, self.no_course)
        return tally(tests, self.broken.values(), self.course, self.where, self._everything(), tuple(self.notes))

    # helpers

    def _asked(self, item: pytest.Item, id: str) -> Asked:
        marker = item.get_closest_marker("unit")
        unit = str(marker.args[0]) if marker is not None and marker.args else item.path.parent.name
        entry = self._item(unit, id)
        return Asked(
            unit,
            id,
            entry.title if entry is not None else id,
            entry.symbol if entry is not None else id,
            self._student(unit, item.path),
            item.path,
            self._typed(item.path.parent),
            entry.seconds if entry is not None else None,
        )

    def _unit(self, id: str) -> Unit | None:
        units = self.course.units if self.course is not None else ()
        return next((unit for unit in units if unit.id == id), None)

    def _item(self, unit: str, id: str) -> Item | None:
        found = self._unit(unit)
        return next((item for item in found.items if item.id == id), None) if found is not None else None

    def _unit_of(self, collector: pytest.Collector) -> str | None:
        """The unit whose public tests this file holds."""
        if not isinstance(collector, pytest.Module) or not re.match(r"u\d+_", collector.path.parent.name):
            return None
        return collector.path.parent.name

    def _student(self, unit: str, test: Path) -> StudentFile:
        found = self._unit(unit)
        module = found.module if found is not None else test.stem.removeprefix("test_")
        return find(unit, module, self._folders(), test.parent, self.config.invocation_params.dir)

    def _folders(self) -> list[Path]:
        """Where the tests import from, first things first."""
        return [Path(folder) for folder in self.config.getini("pythonpath")]

    def _typed(self, folder: Path) -> str:
        path = shown(folder, self.config.invocation_params.dir)
        return f'"{path}"' if " " in path else path

    def _everything(self) -> bool:
        """False when single tests were chosen."""
        option = self.config.option
        chosen = (getattr(option, name, None) for name in ("keyword", "markexpr", "lf", "deselect", "stepwise"))
        return not any(chosen) and not any("::" in arg for arg in self.config.args)

    def _block(self, trouble: Trouble, asked: Asked, item: pytest.Item, excinfo: pytest.ExceptionInfo[Any]) -> Block:
        from autograder.board.blocks import failed_item, heading, in_short
        from autograder.words import say

        place = trouble.place
        path, line = (place.file, place.line) if place is not None else (str(asked.test), 1)
        if trouble.todo:
            words = f"{heading(asked.item, asked.title, self.lang)}: {say(msg('to do'), self.lang)}"
            return Block([words], Crash(path, line, words))
        lines = failed_item(trouble, asked.item, asked.title, asked.where, self.lang)
        own = item.repr_failure(excinfo) if self._wants_traceback() else None
        return Block(lines, Crash(path, line, in_short(trouble, self.lang)), own)

    def _wants_traceback(self) -> bool:
        option = self.config.option
        return option.tbstyle in ("long", "short", "native") or option.showlocals or option.fulltrace

    def _broken_report(self, report: Any, error: BaseException, unit: str, collector: pytest.Collector) -> Any:
        from autograder.board.blocks import broken_unit
        from autograder.board.brokenfile import broken_file
        from autograder.words import say

        student = self._student(unit, collector.path)
        folders = dict.fromkeys([*self._folders(), self.config.rootpath, collector.path.parent])
        fault = broken_file(error, student, folders)
        if fault is None and isinstance(error, SystemExit):
            raise error
        self.collect_errors += 1
        if fault is None:  # the tests are at fault, not the student: pytest's own words
            return report
        self.broken[unit] = fault
        self.where[unit] = self._typed(collector.path.parent)
        path, line = (fault.place.file, fault.place.line) if fault.place is not None else (fault.file, 1)
        words = " ".join([say(fault.words[0], self.lang), fault.raised]).strip()
        own = report.longrepr if self._wants_traceback() and hasattr(report.longrepr, "toterminal") else None
        report.longrepr = Block(broken_unit(fault, self.where[unit], self.lang), Crash(path, line, words), own)
        return report

    def _end_of_time(self, item: pytest.Item, asked: Asked) -> None:
        from autograder.words import say

        words = msg("{item} does not come back and cannot be stopped from here, so the run ends.", item=asked.item)
        self._aloud(say(words, self.lang))

    def _aloud(self, line: str) -> None:
        capture = self.config.pluginmanager.getplugin("capturemanager")
        if capture is not None:
            capture.suspend_global_capture(in_=True)
        sys.stdout.write(f"\n{line}\n")


_NOT_A_FAULT = (pytest.skip.Exception, pytest.xfail.Exception)
