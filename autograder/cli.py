"""The commands: parse (`arguments`), call, print.  The only module that prints, and the last in the flow.

Exit codes: 0 all is well, 1 something asked for does not hold (audit, ci, verify), 2 the command cannot be carried
out as asked (one line says what and the cure), 3 a submission is unscored through our fault, 130 interrupted (what
is finished is kept).  Imports stay inside the commands: `autograder --help` must not wait for torch.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.arguments import parser
from autograder.course import Course, CourseError, load
from autograder.models import msg
from autograder.words import chosen_language, say

if TYPE_CHECKING:
    from autograder.grade_folder import Asked
    from autograder.grading.run import Options

OK, NOT_YET, USAGE, UNSCORED, INTERRUPTED = 0, 1, 2, 3, 130


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
        ("autograder.grading.devices", "NoDevice"),
        ("autograder.grading.run", "GradingError"),
        ("autograder.grading.store", "StoreError"),
        ("autograder.grading.suites", "SuiteError"),
        ("autograder.gradebook", "GradebookError"),
        ("autograder.authoring.build", "BuildError"),
        ("autograder.authoring.from_nbgrader", "ImportNotebookError"),
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
    from autograder.grade_folder import Asked

    course = load(asked.course)
    options = _options(asked)
    if asked.gradebook and (not asked.assignment or options.isolation == "none"):
        return _refuse("--gradebook needs --assignment, and no --isolation none: advice enters no grade book")
    if asked.assignment and options.units:
        return _refuse("--assignment names the unit; leave --unit away")
    return _graded(asked, course, Asked(tuple(asked.paths), options, asked.assignment or "", asked.gradebook))


def _regrade(asked: argparse.Namespace) -> int:
    """The same submissions, or those named now, against today's tests; what changes is told before it is written."""
    from dataclasses import replace

    from autograder.grade_folder import check_graded, remembered
    from autograder.grading.store import Store

    course = load(asked.course)
    check_graded(asked.out)
    with Store(asked.out) as store:
        before = remembered(store, asked.out)
    changed = replace(
        before.options,
        jobs=asked.jobs or before.options.jobs,
        course_data=_course_data() or before.options.course_data,
        cluster=before.options.cluster if asked.cluster is None else asked.cluster,
    )
    return _graded(asked, course, replace(before, paths=tuple(asked.paths) or before.paths, options=changed))


def _graded(asked: argparse.Namespace, course: Course, wanted: Asked) -> int:
    """Judge, then write the reports; of `regrade` first the differences, and without --apply nothing else."""
    from autograder.console import voice, width
    from autograder.grade_folder import differences, gather, judge, publish
    from autograder.grading.store import Store
    from autograder.outputs import check_folder, write_whole
    from autograder.reports import lines, regrade, text

    lang = _language(asked, course)
    compares, writes = asked.command == "regrade", asked.command == "grade" or asked.apply
    quiet = asked.json or asked.quiet
    page = None
    gathered = gather(wanted, course, asked.out)
    check_folder(asked.out)
    with Store(asked.out) as store:
        with voice(msg("grading"), lang, json=asked.json, quiet=asked.quiet) as progress:
            judged = judge(gathered, course, store, watch=progress, progress=progress.download)
        if compares:
            found = differences(store, judged)
            if asked.csv:
                write_whole(asked.csv, regrade.as_csv(found))
            again = f"autograder regrade --out {asked.out} --apply"
            if not asked.json:
                print(regrade.table(found, lang, applied=writes, again=again, notes=judged.grade.notes), end="")
        if writes:
            page = publish(wanted, judged, course, store, asked.out, lang)  # while the folder is still held
    if not compares and not quiet:
        print(text.grade_table(judged.grade, course, lang, width()))
    if page and wanted.gradebook:
        from autograder.gradebook import write_grades
        from autograder.reports.gradebook import summary

        written = write_grades(judged.grade, course, wanted.assignment, wanted.gradebook, lang)
        if not quiet:
            print(f"\n{summary(written, lang)}")
    if asked.json:
        print(lines.end(judged.grade, str(page) if page else None, found if compares else None))
    elif page and not asked.quiet:
        print(f"\n{say(msg('report: {page}', page=str(page)), lang)}")
    return OK if judged.grade.complete else UNSCORED


def _import_nbgrader(asked: argparse.Namespace) -> int:
    from autograder.authoring.from_nbgrader import scaffold
    from autograder.outputs import write_new
    from autograder.reports.scaffold import page, table

    made = scaffold(asked.nbgrader, asked.assignment, asked.notebook or "")
    files = made.files | {f"{made.unit}.not-carried.md": page(made)}
    # a course has its registry already, a new folder needs one
    del files[f"{made.unit}.grading.yml" if not (asked.out / "grading.yml").exists() else "grading.yml"]
    written = write_new(asked.out, files)
    print(table(made, [path.as_posix() for path in written], _language_here(asked)))
    return OK


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


def _explain(asked: argparse.Namespace) -> int:
    from autograder.authoring.causes import MOST
    from autograder.authoring.explained import RIGHT_GOAL, SEED, WRONG_GOAL, explained
    from autograder.console import Progress
    from autograder.models import KINDS
    from autograder.outputs import write_whole
    from autograder.reports.explained import page, table
    from autograder.slips.verdict import PREFIX

    course = load(asked.course)
    options = _options(asked)
    with Progress(msg("explaining"), _language(asked, course)) as progress:
        found = explained(course, course.select(options.units), options, asked.item, progress.at)
    if asked.page:
        name = asked.page.as_posix()
        write_whole(asked.page, page(found, name, SEED, RIGHT_GOAL, WRONG_GOAL, len(KINDS), MOST, PREFIX))
    print(table(found))
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


def _build(asked: argparse.Namespace) -> int:
    if asked.notebooks:
        return _notebooks(asked)
    if asked.out or asked.kit:
        return _refuse("--out and --kit are for --notebooks; give it, too")
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


def _notebooks(asked: argparse.Namespace) -> int:
    if asked.out is None or asked.check:
        return _refuse("--notebooks writes an nbgrader course: name its folder with --out, and leave --check out")
    from autograder.authoring.notebooks import write

    course = load(asked.course)
    lang = _language(asked, course)
    for path in write(course, asked.out, lang, asked.kit or ""):
        print(say(msg("written: {path}", path=str(path)), lang))
    return OK


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


def _course_data() -> Path | None:
    data = os.environ.get("COURSE_DATA")
    return Path(data) if data else None


def _options(asked: argparse.Namespace) -> Options:
    from autograder.grading.run import Options, default_jobs

    return Options(
        units=tuple(asked.unit),
        jobs=asked.jobs or default_jobs(),
        isolation=asked.isolation,
        trust=asked.trust_submissions,
        course_data=_course_data(),
        download=not asked.offline,
        fresh=getattr(asked, "fresh", False),
        device=getattr(asked, "device", "cpu"),
        repeat=getattr(asked, "repeat", 1),
        cluster=getattr(asked, "cluster", ""),
    )


COMMANDS = {
    "grade": _grade,
    "regrade": _regrade,
    "verify": _verify,
    "audit": _audit,
    "misconceptions": _misconceptions,
    "build": _build,
    "import-nbgrader": _import_nbgrader,
    "release": _release,
    "doctor": _doctor,
    "ci": _ci,
}
