"""pytest as a library: hidden suites are collected once, then single tests are run against one session after another.

    Suites(course, units).serve(loop)     one pytest session; `loop` runs inside it
    Suites.run(test, session, …) → Ran    one test with its fixtures, timeout and hooks; nothing is printed

pytest-timeout gives every test its inner limit (method signal: this must be the main thread).  A suite that cannot be
collected, an unmarked test and an `@inside` that names what it may not are `SuiteError`s, raised before any student
code runs.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest
from _pytest._io import TerminalWriter
from _pytest.outcomes import OutcomeException

from autograder.bank import suite_path
from autograder.checks import InsideError, inside_functions, runner
from autograder.checks.metrics import recording
from autograder.course import Course, Unit, did_you_mean
from autograder.grading.data import DataSource, JudgedData
from autograder.grading.direct import Direct, Overdue, direct, limited
from autograder.grading.known import Known
from autograder.grading.make import Make, seed_of
from autograder.models import PRETEND
from autograder.sandbox.proxy import Session, Student

OPTIONS = (
    "--import-mode=importlib", "--assert=plain", "-qq", "-s", "--no-header", "--tb=no", "-c", os.devnull,
    "-p", "pytest_timeout", "-p", "no:cacheprovider", "-p", "no:logging", "-p", "no:unraisableexception",
    "-p", "no:threadexception", "-p", "no:faulthandler", "-p", "no:junitxml", "-p", "no:doctest",
)  # fmt: skip


# What a test of each device passes to the student.  Of two pretended GPUs it is the second: code that says "cuda" for
# itself is on the first (sandbox/inner/pretend).
DEVICES = {"cpu": "cpu", PRETEND: "cuda:1", "cuda": "cuda:0", "mps": "mps:0"}


class SuiteError(Exception):
    """A hidden suite that cannot be used: names the test, file or item, and the cure."""


@dataclass(frozen=True)
class Test:
    """One hidden test as collected."""

    node: pytest.Function
    unit: str
    item: str
    seconds: float
    uses_data: bool
    mutates: bool
    device: str = "cpu"  # where its calls run: one of DEVICES
    direct: Direct | None = None  # None: it takes pytest's own protocol to call it

    @property
    def name(self) -> str:
        return self.node.name


@dataclass(frozen=True)
class Ran:
    """One run of one test: what ended it (None: it passed), its metrics and its time."""

    error: BaseException | None
    metrics: Mapping[str, float]
    seconds: float


class Suites:
    """The hidden suites of some units, as one pytest session.  Also the plugin that gives tests their fixtures."""

    def __init__(
        self, course: Course, units: Sequence[Unit], run_seed: int, data: DataSource, device: str = "cpu"
    ) -> None:
        """`device`: a real one beside the CPU and the pretended GPU, on which tests marked with it are judged, too."""
        self.course, self.units, self.run_seed, self.data = course, units, run_seed, data
        self.devices = {"cpu", PRETEND, device}
        self.tests: dict[tuple[str, str], list[Test]] = {}
        self.problems: list[str] = []
        self._session: Session | None = None
        self._error: BaseException | None = None
        self._broke_off: BaseException | None = None
        self._seed = 0

    def serve(self, loop: Callable[[], None]) -> None:
        """Collect, then run `loop` inside the pytest session.  SuiteError when the suites are not whole."""
        self._loop = loop
        folders = [suite_path(self.course, unit) for unit in self.units]
        for folder in folders:
            if not folder.is_dir():
                raise SuiteError(
                    f"{folder} is missing: hidden suites live there; they are in the course's repository only"
                )
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # anyio's plugin alone costs 0.7 s (field-notes.md)
        os.environ.update(PYTEST_ADDOPTS="", PYTEST_PLUGINS="")  # meant for the pytest that somebody types
        root = str(self.course.root / "autograder" / "suites")
        with open(os.devnull, "w") as null, contextlib.redirect_stdout(null), contextlib.redirect_stderr(null):
            code = pytest.main([*OPTIONS, "--rootdir", root, *map(str, folders)], plugins=[self])
        if self._broke_off is not None:
            raise self._broke_off
        if self.problems:
            raise SuiteError("; ".join(self.problems))
        if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
            raise SuiteError(f"pytest ended with {code!r} on {root}")

    def of(self, unit: str, item: str) -> list[Test]:
        return self.tests.get((unit, item), [])

    def run(self, test: Test, session: Session, known: Known | None = None, following: Sequence[Test] = ()) -> Ran:
        """Run one test against a session.  Its workers must have been opened; its timeout counts from here.

        With `known` it is not run where its answers are those of a run that passed, and `following` are prepared.
        """
        self._session, self._error = session, None
        self._seed = seed_of(self.run_seed, test.node.nodeid)
        started, saved = time.perf_counter(), 0.0
        session.test(self._seed, test.mutates, test.device)
        token = runner.set(session)
        try:
            with recording() as metrics:
                if test.direct is not None:
                    after = [one.node.nodeid for one in following]
                    saved = self._call(test.node, test.direct, session, metrics, known, after)
                else:
                    test.node.ihook.pytest_runtest_protocol(item=test.node, nextitem=None)
        except pytest.fail.Exception as error:  # the alarm rang between the test and its report (seen at load 10)
            self._error = self._error or error
            test.node.session._setupstate.teardown_exact(None)  # what pytest did not come to
        finally:
            runner.reset(token)
        return Ran(self._error, dict(metrics), time.perf_counter() - started + saved)

    def _call(
        self,
        node: pytest.Function,
        how: Direct,
        session: Session,
        metrics: dict[str, float],
        known: Known | None,
        following: Sequence[str],
    ) -> float:
        """The seconds that were saved."""

        def body() -> None:
            node.obj(**how.parameters, **{name: self._fixtures[name]() for name in how.fixtures})

        try:
            with limited(how.seconds):
                if known is not None:
                    return known.run(node.nodeid, body, session, metrics, following)
                body()
        except (Exception, OutcomeException) as error:  # pytest.skip and pytest.fail are no Exceptions
            self._error = error
        return 0.0

    # --- hooks ---

    def pytest_configure(self, config: pytest.Config) -> None:
        for line in (
            "unit(id): the unit a suite judges",
            "item(id): the item a test judges",
            "mutates: arguments may change",
            "devices(name, …): where its calls run, one test each: cpu, pretend, cuda, mps",
        ):
            config.addinivalue_line("markers", line)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """`@pytest.mark.devices("cpu", "pretend", "cuda")`: a test on each of them that this run judges on."""
        mark = metafunc.definition.get_closest_marker("devices")
        if mark is None:
            return
        odd = [name for name in mark.args if name not in DEVICES]
        if odd or not mark.args or "device" not in metafunc.fixturenames:
            why = f"devices of {', '.join(DEVICES)}, not {odd[0]!r}" if odd else "some devices and an argument `device`"
            self.problems.append(f"{metafunc.definition.nodeid}: @pytest.mark.devices(…) takes {why}")
            return
        wanted = [name for name in mark.args if name in self.devices]
        metafunc.parametrize("device", [DEVICES[name] for name in wanted], ids=wanted)

    def pytest_exception_interact(self, call: pytest.CallInfo[object], report: object) -> None:
        if isinstance(report, pytest.CollectReport) and call.excinfo is not None:
            self.problems.append(f"{report.nodeid} cannot be collected: {_why_not_collected(call.excinfo.value)}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        modules = set()
        for node in session.items:
            if isinstance(node, pytest.Function):
                modules.add(node.module)
                self._register(node)
        for module in modules:
            for function in inside_functions(vars(module)):
                try:
                    function.check_names()
                except InsideError as error:
                    self.problems.append(str(error))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not self.problems:
            _mute(session.config)
            try:
                self._loop()
            except BaseException as error:  # pytest would print it and forget it
                self._broke_off = error
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """What ended the test is kept; pytest's own report would write out a traceback that nobody reads, and took a
        third of a replay."""
        if call.excinfo is not None and self._error is None:
            self._error = call.excinfo.value
        outcome: Literal["passed", "failed"] = "passed" if call.excinfo is None else "failed"
        assert call.when != "collect"
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, call.when, duration=call.duration)

    def _register(self, node: pytest.Function) -> None:
        unit_mark, item_mark = node.get_closest_marker("unit"), node.get_closest_marker("item")
        where = node.nodeid
        if node.get_closest_marker("devices") and not _device(node):
            return  # for devices that this run does not judge on
        if unit_mark is None or item_mark is None or not unit_mark.args or not item_mark.args:
            self.problems.append(f"{where}: mark it with @pytest.mark.item(…) and the module with pytest.mark.unit(…)")
            return
        unit_id, item_id = str(unit_mark.args[0]), str(item_mark.args[0])
        unit = next((unit for unit in self.units if unit.id == unit_id), None)
        known = [item.id for item in unit.items] if unit else []
        if item_id not in known:
            self.problems.append(f"{where}: grading.yml has no item {unit_id}/{item_id}{did_you_mean(item_id, known)}")
            return
        assert unit is not None
        seconds = unit.item(item_id).seconds
        if node.get_closest_marker("timeout") is None:
            node.add_marker(pytest.mark.timeout(seconds, method="signal"))
        self.tests.setdefault((unit_id, item_id), []).append(_test(node, unit_id, item_id, seconds))

    # --- fixtures ---

    @property
    def _fixtures(self) -> Mapping[str, Callable[[], object]]:
        return {"student": self._student, "make": self._make, "mnist": self.data.get}

    def _student(self) -> Student:
        assert self._session is not None
        return Student(self._session)

    def _make(self) -> Make:
        return Make(seed_of(self._seed, "make"))  # not the worker's own seed: a student could draw the inputs from it

    @pytest.fixture
    def student(self) -> Student:
        """The student's module: calls cross to the worker, values come back."""
        return self._student()

    @pytest.fixture
    def make(self) -> Make:
        """Inputs from the run's secret seed: the same for every student, new in every run."""
        return self._make()

    @pytest.fixture
    def mnist(self) -> JudgedData:
        """MNIST: images as references the worker maps, labels of the judged images in the grader only."""
        return self.data.get()


def _mute(config: pytest.Config) -> None:
    """Take the terminal reporter out of every test's way (a fifth of pytest's time here).

    A silent stand-in keeps its name: pytest-timeout asks it for a writer.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    config.pluginmanager.unregister(reporter)
    config.pluginmanager.register(SimpleNamespace(_tw=TerminalWriter(io.StringIO())), "terminalreporter")


def _device(node: pytest.Function) -> str:
    """The device of a test that is marked with some; empty when it is for none of this run's."""
    passed = node.callspec.params.get("device") if hasattr(node, "callspec") else None
    return next((name for name, value in DEVICES.items() if value == passed), "")


def _test(node: pytest.Function, unit: str, item: str, seconds: float) -> Test:
    uses_data, mutates = "mnist" in node.fixturenames, node.get_closest_marker("mutates") is not None
    device = _device(node) if node.get_closest_marker("devices") else "cpu"
    return Test(node, unit, item, seconds, uses_data, mutates, device, direct(node))


def is_timeout(error: BaseException) -> bool:
    """Overdue; or pytest-timeout's end: pytest.fail with these words (pytest_timeout.PYTEST_FAILURE_MESSAGE)."""
    return isinstance(error, Overdue) or (
        isinstance(error, pytest.fail.Exception) and "from pytest-timeout" in str(error)
    )


def _why_not_collected(error: BaseException) -> str:
    """file:line and the error itself, which pytest wraps in one of its own."""
    cause = error.__cause__ or error
    if isinstance(cause, InsideError):
        return str(cause)
    if isinstance(cause, SyntaxError):
        return f"{Path(cause.filename or '').name}:{cause.lineno}: SyntaxError: {cause.msg}"
    return raised_by_suite(cause)


def raised_by_suite(error: BaseException) -> str:
    """Where our own code raised, for the staff: file:line and the error."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}: " if trace else ""
    return f"{where}{type(error).__name__}: {error}"
