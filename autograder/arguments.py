"""What each command takes: the parser of `autograder`, from which `cli` calls and tests/test_docs.py reads the docs.

Imports nothing that imports torch: `autograder --help` must not wait for it.  A wrong argument is argparse's own error.
"""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

from autograder import __version__
from autograder.words import languages

DEVICES = ("cpu", "cuda", "mps")
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
    grade.add_argument(
        "--assignment", metavar="U", help="PATH is an nbgrader course's submitted/: grade this assignment, the unit U"
    )
    grade.add_argument(
        "--gradebook",
        type=Path,
        metavar="FILE",
        help="with --assignment: write the grades into this gradebook.db of nbgrader, too",
    )
    grade.add_argument(
        "--repeat",
        type=_count,
        default=1,
        metavar="K",
        help="judge everything K times, each with another seed; what ends differently is `unstable`",
    )
    grade.add_argument(
        "--cluster",
        type=_cluster,
        default="none",
        metavar="WHERE",
        help="judge on the workers of a Dask scheduler: its address, tcp://HOST:8786; or dask: --jobs workers here",
    )
    _telling(grade)
    _on_device(grade)
    _running(grade)

    regrade = commands.add_parser(
        "regrade", help="after a test was mended: who changes, from what to what and why; --apply writes it"
    )
    regrade.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="submissions; default: those that were graded into --out"
    )
    regrade.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder that grade --out wrote")
    regrade.add_argument("--apply", action="store_true", help="write the reports; without it they stay as they are")
    regrade.add_argument("--csv", type=Path, metavar="FILE", help="write the differences as CSV, too")
    regrade.add_argument("--jobs", type=_count, metavar="N", help="slots (default: as many as grade had)")
    regrade.add_argument(
        "--cluster", type=_cluster, metavar="WHERE", help="dask, an address, or none (default: where grade judged)"
    )
    _telling(regrade)
    _common(regrade)

    verify = commands.add_parser(
        "verify", help="prove the suites: stubs fail, solutions pass, mistakes are rejected, alternatives pass"
    )
    verify.add_argument(
        "--runs", type=_count, default=1, metavar="N", help="judge everything N times, each with another seed"
    )
    _on_device(verify)
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
    build.add_argument(
        "--notebooks", action="store_true", help="write an nbgrader course instead: a source notebook for each unit"
    )
    build.add_argument("--out", type=Path, metavar="DIR", help="with --notebooks: the folder of that course")
    build.add_argument(
        "--kit", metavar="SPEC", help="with --notebooks: what pip installs where the kit is missing (Colab)"
    )
    _common(build)

    imported = commands.add_parser(
        "import-nbgrader", help="scaffold a unit from an nbgrader assignment, to be finished"
    )
    imported.add_argument("nbgrader", type=Path, metavar="COURSE_DIR", help="the nbgrader course, with source/ in it")
    imported.add_argument("--assignment", required=True, metavar="NAME", help="the folder in source/")
    imported.add_argument("--notebook", metavar="NAME", help="of an assignment with several notebooks: which")
    imported.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="a new folder, or a course's own: nothing is overwritten"
    )
    _speaking(imported)

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


def _telling(command: argparse.ArgumentParser) -> None:
    told = command.add_mutually_exclusive_group()
    told.add_argument("--json", action="store_true", help="a line of JSON for each item that ends, for programs")
    told.add_argument("--quiet", action="store_true", help="no progress, no table of the class; errors are told")


def _on_device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device",
        choices=DEVICES,
        default="cpu",
        help="judge device items on this real device, too; on cuda one slot for each GPU (default: cpu)",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to 1024")
    return int(text)


def _cluster(text: str) -> str:
    if text not in ("dask", "none") and not text.startswith(("tcp://", "tls://")):
        raise argparse.ArgumentTypeError(f"{text!r} is neither dask nor an address like tcp://scheduler:8786, nor none")
    return "" if text == "none" else text
