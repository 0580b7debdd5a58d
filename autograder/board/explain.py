"""An exception that a public test raised → a Trouble: whose line, which call, what came back, what was wanted, why."""

from __future__ import annotations

import ast
import difflib
import linecache
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from textwrap import dedent
from types import FrameType, ModuleType, TracebackType

from autograder.board import values
from autograder.board.calls import LastCall
from autograder.board.clock import OutOfTime
from autograder.board.lines import one_line
from autograder.board.records import Trouble
from autograder.board.student import StudentFile, frames, same
from autograder.meanings import meaning
from autograder.models import Verdict, Words, msg

CHECKS = "autograder.checks"


@dataclass(frozen=True)
class Scene:
    """What surrounds a failed test: the student's file, the item's Python name, the test's file, the last call."""

    student: StudentFile
    symbol: str
    test: Path
    call: LastCall
    seconds: float | None = None


def explain(error: BaseException, scene: Scene) -> Trouble:
    """The first story that fits."""
    trouble = _story(error, scene)
    if trouble.todo:
        return trouble
    call = str(scene.call)
    passed_here = trouble.place is not None and trouble.verdict is not Verdict.MISSING
    return replace(
        trouble,
        call=call,
        statement="" if call else statement(error.__traceback__, scene.test),
        place=trouble.place or scene.student.definition(scene.symbol),
        passed_here=passed_here,
    )


def _story(error: BaseException, scene: Scene) -> Trouble:
    stories = (_todo, _too_slow, _wrong_name, _checked, _raised_by_student, _raised_in_test)
    try:
        return next(found for story in stories if (found := story(error, scene)) is not None)
    except Exception:  # a fault of the kit must not take the student's other results away
        return Trouble(
            Verdict.FAILED,
            (msg("The kit could not explain this one: run it again with --tb=short."),),
            raised=raised(error),
        )


def _todo(error: BaseException, scene: Scene) -> Trouble | None:
    """An untouched stub: NotImplementedError from a line of the student's file, whatever became of it on its way."""
    for one in _chain(error):
        steps = list(frames(one.__traceback__))
        if isinstance(one, NotImplementedError) and steps and scene.student.owns(steps[-1][0]):
            return Trouble(Verdict.NOT_ATTEMPTED, place=scene.student.raised_at(one.__traceback__))
    return None


def _too_slow(error: BaseException, scene: Scene) -> Trouble | None:
    if not isinstance(error, OutOfTime) and not str(error).startswith("Timeout ("):
        return None
    place = scene.student.raised_at(error.__traceback__)
    cause = msg(
        "It was stopped after {seconds} s: is there a loop that never ends, or one that torch could do at once?",
        seconds=scene.seconds or 0.0,
    )
    return Trouble(Verdict.TIMED_OUT, (cause,), place=place)


def _wrong_name(error: BaseException, scene: Scene) -> Trouble | None:
    module = scene.student.loaded
    if not isinstance(error, AttributeError) or module is None or error.obj is not module:
        return None
    name = one_line(error.name or "")
    near = _near(name, [known for known, value in vars(module).items() if _made_in(module, value)])
    if near:
        cause = msg("{module} has no {name}: did you mean {guess}?", module=scene.student.module, name=name, guess=near)
    else:
        cause = msg(
            "{module} has no {name}: the tests look for exactly this name.", module=scene.student.module, name=name
        )
    return Trouble(Verdict.MISSING, (cause,), place=scene.student.definition(near) or scene.student.beginning())


def _checked(error: BaseException, scene: Scene) -> Trouble | None:
    """A check of the kit failed: it knows the cause, and its frame holds the answer and what was wanted."""
    diagnoses = getattr(error, "diagnoses", None)
    if not isinstance(error, AssertionError) or not diagnoses:
        return None
    got, wanted = _compared(error.__traceback__)
    before = error.__context__
    while before is not None and getattr(before, "diagnoses", None) == diagnoses:  # `check.about` had nothing to say
        before = before.__context__
    place = scene.student.raised_at(before.__traceback__) if before is not None else None
    return Trouble(
        Verdict.FAILED,
        tuple(diagnosis.words for diagnosis in diagnoses[:3]),
        tuple(diagnosis.hint for diagnosis in diagnoses[:3] if diagnosis.hint is not None),
        got=got,
        wanted=wanted,
        raised=raised(before) if place and before is not None else "",
        place=place,
    )


def _raised_by_student(error: BaseException, scene: Scene) -> Trouble | None:
    place = scene.student.raised_at(error.__traceback__)
    if place is None:
        return None
    return Trouble(Verdict.FAILED, kind_words(error), raised=raised(error), place=place)


def _raised_in_test(error: BaseException, scene: Scene) -> Trouble:
    """The test's own line failed: a plain `assert`, or an answer of another form than the test takes apart."""
    got = values.answer(scene.call.result) if scene.call.returned else ""
    causes = kind_words(error)
    if causes:
        pass
    elif scene.call.returned and scene.call.result is None:
        causes = (msg("{symbol} returned None: is a return statement missing?", symbol=scene.symbol),)
    elif isinstance(error, AssertionError):
        causes = (msg("The test asks for something that does not hold here."),)
    else:
        causes = (msg("The test could not use what came back: has it another form than the statement says?"),)
    return Trouble(Verdict.FAILED, causes, got=got, raised=raised(error))


def statement(trace: TracebackType | None, test: Path) -> str:
    """The statement of the test that was running, as it stands in its file."""
    found = [(file, line) for file, line, _ in frames(trace) if same(file, test)]
    if not found:
        return ""
    file, line = found[-1]
    first, last = next((span for span in _statements(file) if span[0] <= line <= span[1]), (line, line))
    text = dedent("".join(linecache.getline(file, number) for number in range(first, last + 1)))
    return one_line(text)


@cache
def _statements(file: str) -> tuple[tuple[int, int], ...]:
    """First and last line of each simple statement."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return ()
    simple = (node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not hasattr(node, "body"))
    return tuple((node.lineno, node.end_lineno or node.lineno) for node in simple)


def _compared(trace: TracebackType | None) -> tuple[str, str]:
    """The arguments `got` and `want` of the check that failed (public tests may show what they want)."""
    for frame in _frames(trace):
        if frame.f_globals.get("__name__", "").startswith(CHECKS):
            names = frame.f_locals
            if "got" in names and "want" in names:
                return values.answers(names["got"], names["want"])
            return (values.answer(names["got"]), "") if "got" in names else ("", "")
    return "", ""


def kind_words(error: BaseException) -> tuple[Words, ...]:
    """What an exception of the student's code means in plain words; nothing where its own text must do."""
    words = meaning(type(error))
    return () if words is None else (words,)


def raised(error: BaseException, message: str = "") -> str:
    """`ValueError: text`; a `__str__` of the student's may raise."""
    try:
        text = message or str(error)
    except Exception:  # the code of a student may raise anything
        text = ""
    name = type(error).__name__
    return one_line(f"{name}: {text}" if text else name, 300)


def _near(name: str, known: list[str]) -> str:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.6)), "")


def _made_in(module: ModuleType, value: object) -> bool:
    return getattr(value, "__module__", "") == module.__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and those it came from."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _frames(trace: TracebackType | None) -> Iterator[FrameType]:
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next
