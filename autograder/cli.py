"""The commands: parse, call, print.  The only module that prints, and the last in the flow.

Exit codes: 0 all is well, 1 something asked for does not hold (audit, ci, verify), 2 the command cannot be carried
out as asked (one line says what and the cure), 3 a submission is unscored through our fault, 130 interrupted (what
is finished is kept).  Imports stay inside the commands: `autograder --help` must not wait for torch.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from autograder import __version__
from autograder.course import Course, CourseError, load
from autograder.models import msg
from autograder.words import chosen_language, languages, say

if TYPE_CHECKING:
    from autograder.grading.run import Options

OK, NOT_YET, USAGE, UNSCORED, INTERRUPTED = 0, 1, 2, 3, 130
ISOLATION = ("auto", "namespaces", "landlock", "process", "none")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="autograder", description="Grade PyTorch exercises in a sandbox.")
    top.add_argument("--version", action="version", version=f"autograder {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    if find_spec("autograder.grading") is not None:  # a student's copy has no half that grades
        _staff(commands)
    ci = commands.add_parser("ci", help="run the public tests on a push and tell GitHub (plain text elsewhere)")
    ci.add_argument("paths", nargs="*", default=["exercises"], metavar="PATH", help="what to test (default: exercises)")
    ci.add_argument("--out", type=Path, metavar="FILE", help="JUnit XML (default: build/junit.xml)")
    _common(ci)
    return top


def _staff(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    grade = commands.add_parser("grade", help="judge submissions with the hidden suites and write reports")
    grade.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a folder of submissions, a student's folder, a .py file, a .zip or a .tar",
    )
    grade.add_argument("--out", type=Path, required=True, metavar="DIR", help="where results and reports go")
    grade.add_argument("--fresh", action="store_true", help="forget kept results and draw a new seed")
    _running(grade)

    verify = commands.add_parser(
        "verify", help="prove the suites: stubs fail, solutions pass, mistakes are rejected, alternatives pass"
    )
    verify.add_argument(
        "--runs", type=_count, default=1, metavar="N", help="judge everything N times, each with another seed"
    )
    _running(verify)

    audit = commands.add_parser("audit", help="measure the suites: mutants of the solutions must be noticed (minutes)")
    audit.add_argument("--item", action="append", default=[], metavar="I", help="only this item; may be repeated")
    audit.add_argument(
        "--explain", action="store_true", help="instead: does a report name the cause of a mistake the bank lacks?"
    )
    audit.add_argument("--page", type=Path, metavar="FILE", help="with --explain: write the table as Markdown, too")
    _running(audit)

    misconceptions = commands.add_parser(
        "misconceptions", help="what a graded class misunderstood: causes and students"
    )
    misconceptions.add_argument("results", type=Path, metavar="RESULTS", help="the folder that grade --out wrote")
    misconceptions.add_argument(
        "--unit", action="append", default=[], metavar="U", help="only this unit; may be repeated"
    )
    misconceptions.add_argument("--json", action="store_true", help="for programs")
    _common(misconceptions)

    build = commands.add_parser("build", help="generate exercises/ from solutions/, and docs/curriculum.md")
    build.add_argument("--check", action="store_true", help="write nothing; exit 1 when a stub differs")
    _common(build)

    release = commands.add_parser("release", help="write the student's copy of the course")
    release.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new or empty folder")
    _common(release)

    doctor = commands.add_parser("doctor", help="what this machine offers to hidden grading, and what would raise it")
    doctor.add_argument("--json", action="store_true", help="for programs")
    _speaking(doctor)


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--course", type=Path, default=Path(), metavar="DIR", help="the folder with grading.yml (default: here)"
    )
    _speaking(command)


def _speaking(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--lang", choices=languages(), help="language of the words (default: COURSE_LANG, then grading.yml)"
    )


def _running(command: argparse.ArgumentParser) -> None:
    _common(command)
    command.add_argument("--unit", action="append", default=[], metavar="U", help="only this unit; may be repeated")
    command.add_argument("--jobs", type=_count, metavar="N", help="slots, one processor core each (default: all cores)")
    command.add_argument(
        "--isolation", choices=ISOLATION, default="auto", help="how student code is held; none is advice, not a grade"
    )
    command.add_argument(
        "--trust-submissions", action="store_true", help="allow the process tier, which has no walls (macOS)"
    )
    command.add_argument("--offline", action="store_true", help="do not try to download MNIST")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to 1024")
    return int(text)


def run(arguments: Sequence[str]) -> int:
    """One command; the exit code.  Every expected error is one line on stderr."""
    asked = parser().parse_args(arguments)
    try:
        return COMMANDS[asked.command](asked)
    except KeyboardInterrupt:
        print("autograder: interrupted; what is finished is kept, the same command continues", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `autograder … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except ModuleNotFoundError as error:
        return _refuse(f"{error.name} is not installed; pip install -e '.[grade]' in the course's folder")
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        return _refuse(str(error))


def _expected() -> tuple[type[Exception], ...]:
    """The errors that name the thing and the cure; asked for only when one was raised."""
    found: list[type[Exception]] = [CourseError]
    for module, name in (
        ("autograder.intake", "IntakeError"),
        ("autograder.outputs", "OutputError"),
        ("autograder.results", "ResultsError"),
        ("autograder.bank", "BankError"),
        ("autograder.datasets", "DataError"),
        ("autograder.grading.run", "GradingError"),
        ("autograder.grading.store", "StoreError"),
        ("autograder.grading.suites", "SuiteError"),
        ("autograder.authoring.build", "BuildError"),
        ("autograder.authoring.audit", "AuditError"),
        ("autograder.authoring.release", "ReleaseError"),
    ):
        loaded = sys.modules.get(module)
        if loaded is not None:
            found.append(getattr(loaded, name))
    return tuple(found)


def _refuse(problem: str) -> int:
    print(f"autograder: {problem}", file=sys.stderr)
    return USAGE


def _language(asked: argparse.Namespace, course: Course) -> str:
    return str(asked.lang or chosen_language(course.language))


def _language_here(asked: argparse.Namespace) -> str:
    """Of a command that needs no course: that of the one in this folder, if there is one."""
    try:
        return _language(asked, load(Path()))
    except CourseError:
        return str(asked.lang or chosen_language())


def _grade(asked: argparse.Namespace) -> int:
    from autograder.console import Progress, width
    from autograder.grading.run import grade
    from autograder.grading.store import Store
    from autograder.intake import collect
    from autograder.outputs import check_folder, write
    from autograder.reports import text

    course = load(asked.course)
    lang = _language(asked, course)
    options = _options(asked)
    found = collect(asked.paths, course, options.units or None)
    check_folder(asked.out)
    with Store(asked.out) as store, Progress(msg("grading"), lang) as progress:
        graded = grade(
            course,
            found.submissions,
            options,
            store,
            notes=found.notes,
            on_start=progress.start,
            on_attempt=lambda attempt: progress.step(attempt.student),
            progress=progress.download,
        )
        page = write(graded, course, asked.out, lang)  # while the folder is still held
    print(text.grade_table(graded, course, lang, width()))
    print(f"\n{say(msg('report: {page}', page=str(page)), lang)}")
    return OK if graded.complete else UNSCORED


def _verify(asked: argparse.Namespace) -> int:
    from autograder.authoring.verify import verify
    from autograder.console import Progress
    from autograder.reports.verification import table

    course = load(asked.course)
    lang = _language(asked, course)
    options = _options(asked)
    with Progress(msg("verifying"), lang) as progress:
        found = verify(course, course.select(options.units), options, progress.at, asked.runs)
    print(table(found, lang))
    return OK if found.ok else NOT_YET


def _audit(asked: argparse.Namespace) -> int:
    if asked.explain:
        return _explain(asked)
    if asked.page:
        return _refuse("--page is for --explain; give both")
    from autograder.authoring.audit import audit
    from autograder.console import Progress
    from autograder.reports.audit import table

    course = load(asked.course)
    lang = _language(asked, course)
    options = _options(asked)
    with Progress(msg("auditing"), lang) as progress:
        found = audit(course, course.select(options.units), options, asked.item, progress.at)
    print(table(found, lang))
    return OK if found.ok else NOT_YET


def _misconceptions(asked: argparse.Namespace) -> int:
    from autograder.console import width
    from autograder.misconceptions import reckon
    from autograder.reports.misconceptions import as_json, table
    from autograder.results import read

    course = load(asked.course)
    lang = _language(asked, course)
    units = course.select(asked.unit)
    results = read(asked.results, course.id)
    wanted = {unit.id for unit in units}
    attempts = [attempt for attempt in results.attempts if not asked.unit or attempt.unit in wanted]
    found = reckon(attempts, [(unit.id, item.id) for unit in course.units for item in unit.items])
    if asked.json:
        print(as_json(found, course, lang, advice=results.advice), end="")
    else:
        print(table(found, course, lang, width(), advice=results.advice), end="")
    return OK


def _explain(asked: argparse.Namespace) -> int:
    from autograder.authoring.causes import MOST
    from autograder.authoring.explained import RIGHT_GOAL, SEED, WRONG_GOAL, explained
    from autograder.console import Progress
    from autograder.models import KINDS
    from autograder.outputs import write_whole
    from autograder.reports.explained import page, table

    course = load(asked.course)
    options = _options(asked)
    with Progress(msg("explaining"), _language(asked, course)) as progress:
        found = explained(course, course.select(options.units), options, asked.item, progress.at)
    if asked.page:
        name = asked.page.as_posix()
        write_whole(asked.page, page(found, name, SEED, RIGHT_GOAL, WRONG_GOAL, len(KINDS), MOST))
    print(table(found))
    return OK if found.ok else NOT_YET


def _build(asked: argparse.Namespace) -> int:
    from autograder.authoring.build import differences, generated
    from autograder.outputs import write_whole

    course = load(asked.course)
    changed = differences(course)
    if not asked.check:
        texts = generated(course)
        for path in changed:
            write_whole(path, texts[path])
    for path in changed:
        shown = str(path.relative_to(course.root))
        words = msg("differs: {path}", path=shown) if asked.check else msg("written: {path}", path=shown)
        print(say(words, _language(asked, course)))
    return NOT_YET if asked.check and changed else OK


def _release(asked: argparse.Namespace) -> int:
    from autograder.authoring.release import release

    course = load(asked.course)
    files = release(course, asked.out)
    words = msg(
        "{n} files written to {folder}; try: cd {folder} && pip install -e . && pytest exercises/",
        n=len(files),
        folder=str(asked.out),
    )
    print(say(words, _language(asked, course)))
    return OK


def _doctor(asked: argparse.Namespace) -> int:
    from autograder.doctor import examine
    from autograder.reports.doctor import as_json, text

    found = examine(Path())
    print(as_json(found) if asked.json else text(found, _language_here(asked)))
    return OK if found.possible else NOT_YET


def _ci(asked: argparse.Namespace) -> int:
    from autograder.ci import run_ci

    done = run_ci(asked.course.resolve(), asked.paths, out=asked.out, lang=asked.lang)
    print(done.text)
    return done.exit_code


def _options(asked: argparse.Namespace) -> Options:
    from autograder.grading.run import Options, default_jobs

    data = os.environ.get("COURSE_DATA")
    return Options(
        units=tuple(asked.unit),
        jobs=asked.jobs or default_jobs(),
        isolation=asked.isolation,
        trust=asked.trust_submissions,
        course_data=Path(data) if data else None,
        download=not asked.offline,
        fresh=getattr(asked, "fresh", False),
    )


COMMANDS = {
    "grade": _grade,
    "verify": _verify,
    "audit": _audit,
    "misconceptions": _misconceptions,
    "build": _build,
    "release": _release,
    "doctor": _doctor,
    "ci": _ci,
}
