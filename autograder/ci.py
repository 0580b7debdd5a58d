"""`autograder ci`: the public tests of a student's repository, told to GitHub; plain text anywhere else.

pytest runs in a process of its own with the board; from its JSON come annotations, the job summary, the outputs and
JUnit XML.  The hidden suites are never used here: a student can edit the workflow that calls this.  The tests run
beside the student's code, so the result is advice.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import autograder
from autograder.course import CourseError, load
from autograder.models import Verdict, Words, msg
from autograder.reports import github
from autograder.reports.escape import plain
from autograder.words import chosen_language, say

OUT = Path("build") / "junit.xml"
SECONDS = 1800.0
DONE, NOT_DONE, USAGE = 0, 1, 2
_SECRETS = (
    "GITHUB_TOKEN",
    "ACTIONS_",
    "GITHUB_OUTPUT",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_ENV",
    "GITHUB_PATH",
    "GITHUB_STATE",
)


@dataclass(frozen=True)
class CiRun:
    """What the command prints and how it exits: 0 all done, 1 not all done, 2 it could not be asked like that."""

    exit_code: int
    text: str


class _NoResult(Exception):
    """Nothing can be told about items: why, and how to exit."""

    def __init__(self, words: Words, code: int = USAGE) -> None:
        super().__init__(words)
        self.words, self.code = words, code


def run_ci(
    root: Path,
    paths: Sequence[str] = ("exercises",),
    *,
    out: Path | None = None,
    lang: str | None = None,
    environ: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> CiRun:
    """Run the public tests of the course in `root`, write `out` (JUnit XML) and what GitHub asks for.

    `environ` (default: os.environ) says whether this is GitHub and where its files are.
    """
    environ = os.environ if environ is None else environ
    out = root / OUT if out is None else out
    spoken, on_github = lang or chosen_language(_course_language(root)), environ.get("GITHUB_ACTIONS") == "true"
    try:
        _check(root, paths, out)
        status, output, data = _pytest(root, paths, lang, environ, seconds)
        result = _parsed(data, status, output)
        _write(out, github.junit(result))
    except _NoResult as error:
        text = say(error.words, spoken)
        return CiRun(error.code, github.command("error", text) if on_github else text)
    code = DONE if status == 0 and result.all_done else NOT_DONE
    if on_github:
        return CiRun(code, _tell_github(result, output, root, environ))
    return CiRun(code, "\n".join([output, github.text(result)]))


def _course_language(root: Path) -> str:
    """That of grading.yml; English where there is none that can be read: the run itself says so."""
    try:
        return load(root).language
    except CourseError:
        return "en"


def _tell_github(result: github.BoardResult, output: str, root: Path, environ: Mapping[str, str]) -> str:
    """Append to GitHub's files; the text for the log, in which no line of the student's is a command."""
    _append(environ.get("GITHUB_STEP_SUMMARY"), github.summary(result))
    _append(environ.get("GITHUB_OUTPUT"), github.outputs(result))
    log = github.fenced(output, secrets.token_hex(16))
    folder = _folder(root, environ.get("GITHUB_WORKSPACE"))
    return "\n".join(
        ["::group::pytest", log, "::endgroup::", *github.annotations(result, folder), github.total(result)]
    )


def _check(root: Path, paths: Sequence[str], out: Path) -> None:
    """Everything that can be known before a minute is spent."""
    if not (root / "grading.yml").is_file():
        raise _NoResult(
            msg("{folder} has no grading.yml: run autograder ci in the folder of the course.", folder=str(root))
        )
    for path in paths:
        if not (root / path.split("::")[0]).exists():
            raise _NoResult(msg("{path} does not exist in {folder}.", path=path, folder=str(root)))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        writable = os.access(out.parent, os.W_OK) and not out.is_dir()
    except OSError:
        writable = False
    if not writable:
        raise _NoResult(msg("{file} cannot be written: give another file with --out.", file=str(out)))


def _pytest(
    root: Path, paths: Sequence[str], lang: str | None, environ: Mapping[str, str], seconds: float
) -> tuple[int | None, str, Any]:
    """Exit status (None: stopped by the clock), what it printed, and the board's JSON (None: there is none)."""
    with tempfile.TemporaryDirectory(prefix="autograder-ci-", ignore_cleanup_errors=True) as scratch:
        board, log = Path(scratch) / "board.json", Path(scratch) / "log.txt"
        command = [sys.executable, "-m", "pytest", *paths, "-p", "autograder.board", "--board-json", str(board)]
        command += ["--lang", lang] if lang else []
        with log.open("wb") as file:
            status = _run(command, root, _environment(environ), file, seconds)
        output = log.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        return status, plain(output, lines=True), _read(board)


def _run(command: Sequence[str], root: Path, environment: dict[str, str], log: Any, seconds: float) -> int | None:
    """A process and its children, ended together.  They print into a file: no child keeps a pipe open."""
    process = subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's, without what would let a test write into the job; UTF-8 and the kit are to be found."""
    kept = {key: value for key, value in environ.items() if not key.startswith(_SECRETS)}
    kit = Path(autograder.__file__).resolve().parent.parent
    if "site-packages" not in kit.parts:
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, [kept.get("PYTHONPATH"), str(kit)]))
    return kept | {"PYTHONUTF8": "1", "COLUMNS": "100"}


def _read(board: Path) -> Any:
    try:
        return json.loads(board.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _parsed(data: Any, status: int | None, output: str) -> github.BoardResult:
    """The board's JSON as records; a run that left none is told with the end of what it printed."""
    end = "\n".join(output.rstrip().splitlines()[-15:])
    if status is None:
        raise _NoResult(msg("The tests did not come to an end and were stopped.\n{end}", end=end), NOT_DONE)
    if status in (4, 5) or not isinstance(data, dict):
        words = msg("pytest could not run the tests (exit status {status}).\n{end}", status=status, end=end)
        raise _NoResult(words, USAGE if status in (4, 5) else NOT_DONE)
    try:
        units = tuple(_unit(unit) for unit in data["units"])
        return github.BoardResult(str(data["course"]), str(data["language"]), units)
    except (KeyError, TypeError, ValueError):
        words = msg("The score board was overwritten while the tests ran: run them again.")
        raise _NoResult(words, NOT_DONE) from None


def _unit(data: dict[str, Any]) -> github.UnitOutcome:
    broken = data["broken"] or {}
    items = tuple(_item(item) for item in data["items"])
    fault = tuple(str(one) for one in broken.get("words", ()))
    return github.UnitOutcome(
        str(data["unit"]), items, str(broken.get("file") or ""), int(broken.get("line") or 0), fault
    )


def _item(data: dict[str, Any]) -> github.ItemOutcome:
    words = [*data["words"], *([data["raised"]] if data["raised"] else [])]
    return github.ItemOutcome(
        str(data["item"]),
        str(data["title"]),
        float(data["points"]),
        float(data["max_points"]),
        Verdict(data["verdict"]) if data["verdict"] else None,
        str(data["file"] or ""),
        int(data["line"] or 0),
        tuple(str(one) for one in words),
    )


def _folder(root: Path, workspace: str | None) -> str:
    """From the repository's folder to the course's, "" when they are one."""
    try:
        path = root.resolve().relative_to(Path(workspace or root).resolve()).as_posix()
    except ValueError:
        return ""
    return "" if path == "." else path


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, path)
    except OSError as error:
        raise _NoResult(
            msg("{file} cannot be written: {problem}", file=str(path), problem=error.strerror or "")
        ) from None


def _append(path: str | None, text: str) -> None:
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
