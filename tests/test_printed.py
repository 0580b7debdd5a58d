"""What graded code prints reaches staff, a few KB of it, and nobody else; to the code it is as patient as /dev/null."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.models import Attempt, Environment, Grade, Isolation, ItemResult, Verdict
from autograder.outputs import write
from autograder.reports import json as results_json
from autograder.reports.escape import verbatim
from autograder.reports.printed import STAFF_ONLY, printed
from autograder.sandbox.endings import WorkerGone
from autograder.sandbox.launch import Worker, Zygote
from autograder.sandbox.printed import HEAD, TAIL, Excerpt
from autograder.sandbox.proxy import Session
from tests.real_path import SECONDS, grade
from tests.tiny_course import answer, put, tiny_course

Speaks = Callable[..., tuple[Session, Excerpt]]

# --- an excerpt ---


@pytest.mark.parametrize("size", [0, 1, HEAD, HEAD + 1, HEAD + TAIL])
def test_what_is_short_is_kept_whole(size: int) -> None:
    excerpt, text = Excerpt(), "".join(random.Random(size).choices("ab\n", k=size))
    excerpt.add(text.encode())
    assert excerpt.take() == text
    assert excerpt.take() == ""


@pytest.mark.parametrize("largest", [1, 700, 5000, 100_000])
def test_of_what_is_long_the_first_and_the_last_are_kept_however_it_arrives(largest: int) -> None:
    dice = random.Random(largest)
    data, excerpt, at = dice.randbytes(40_000 if largest == 1 else 300_000), Excerpt(), 0
    while at < len(data):
        size = dice.randint(1, largest)
        excerpt.add(memoryview(data)[at : at + size])
        at += size
    head, tail = (part.decode(errors="backslashreplace") for part in (data[:HEAD], data[-TAIL:]))
    assert excerpt.take() == f"{head}\n… {len(data) - HEAD - TAIL:,} bytes left out …\n{tail}"


def test_bytes_that_are_no_text_are_told_as_escapes() -> None:
    excerpt = Excerpt()
    excerpt.add(b"caf\xe9 \xff\xfe")
    assert excerpt.take() == "caf\\xe9 \\xff\\xfe"


# --- a worker ---


@pytest.fixture(params=["landlock", "namespaces"])
def speaks(request: pytest.FixtureRequest, zygotes: Callable[[str], Zygote]) -> Iterator[Speaks]:
    """speaks(source) → a session with that module open, and the excerpt of what it prints (None: to /dev/null)."""
    started: list[Worker] = []

    def start(source: str, *, heard: bool = True) -> tuple[Session, Excerpt]:
        while started:
            started.pop().end(0.0)
        excerpt = Excerpt()
        worker = zygotes(request.param).worker(memory_mb=1024, cpu_seconds=60, printed=excerpt if heard else None)
        started.append(worker)
        session = Session(worker)
        session.open("answer.py", "answer", source.encode(), 30.0)
        return session, excerpt

    yield start
    for worker in started:
        worker.end(0.0)


def ask(session: Session, name: str = "f") -> Any:
    return session.call("call", name, (), {}, name=name)


def heard(session: Session, excerpt: Excerpt) -> str:
    worker: Any = session.transport
    worker.drain.settle()
    return excerpt.take()


DOORS = """
import logging, os, sys, warnings
print("at import")
def f():
    print("printed")
    print("to stderr", file=sys.stderr)
    print("to the first stdout", file=sys.__stdout__)
    os.write(1, b"below 1\\n"); os.write(2, b"below 2\\n")
    warnings.warn("warned", stacklevel=1)
    logging.getLogger().critical("logged")
    return 1
"""


def test_what_was_printed_is_there_when_the_answer_is(speaks: Speaks) -> None:
    session, excerpt = speaks(DOORS)
    assert heard(session, excerpt) == "at import\n"
    assert ask(session) == 1
    said = heard(session, excerpt)
    for words in (
        "printed\n",
        "to stderr\n",
        "to the first stdout\n",
        "below 1\n",
        "below 2\n",
        "warned\n",
        "logged\n",
    ):
        assert words in said


def test_a_crash_below_python_says_where(speaks: Speaks) -> None:
    session, excerpt = speaks("import ctypes\ndef f():\n    print('so far', flush=True)\n    ctypes.string_at(0)")
    with pytest.raises(WorkerGone) as gone:
        ask(session)
    assert gone.value.ending.words == "SIGSEGV"
    said = excerpt.take()
    assert said.startswith("so far\n")
    assert "Segmentation fault" in said
    assert "in f" in said


LOUD = """
import os, sys
def silent(): return 0
def whole(): return sys.stdout.write("NOISE" * (20 << 20))
def below():
    data = b"NOISE" * (2 << 20)
    return [os.write(1, data) for _ in range(30)] == [len(data)] * 30
"""


def test_400_megabytes_cost_less_than_two_seconds_more_than_nowhere_and_6_kb(speaks: Speaks) -> None:
    took = {}
    for listened in (False, True):
        session, excerpt = speaks(LOUD, heard=listened)
        began = time.perf_counter()
        assert ask(session, "whole") == 100 << 20
        assert ask(session, "below") is True  # not one write was short
        took[listened] = time.perf_counter() - began
    said = heard(session, excerpt)
    assert took[True] - took[False] < 2.0, took
    assert HEAD + TAIL < len(said) < HEAD + TAIL + 50
    assert "\n… 419,424,256 bytes left out …\n" in said
    assert said.startswith("NOISENOISE")


ODD = """
import io, os, sys
def closes():
    sys.stdout.close(); sys.stderr.close()
    return 1
def takes_apart():
    sys.stdout.detach()
    return 1
def flushes_for_itself():
    def bad(): raise SystemExit(3)
    print("held back", end="")
    sys.stdout.flush = sys.stdout.buffer.flush = sys.stderr.flush = bad
    return 1
def is_somebody_else():
    sys.stdout = sys.stderr = io.StringIO()
    print("kept")
    return 1
def closes_below():
    os.close(1); os.close(2)
    return 1
def asks():
    return [sys.stdout.isatty(), sys.stdout.writable(), sys.stdout.fileno(), sys.stdout.encoding, os.get_blocking(1)]
def reads():
    try:
        return os.read(1, 10)
    except OSError as error:
        return type(error).__name__
"""


@pytest.mark.parametrize("name", ["closes", "takes_apart", "flushes_for_itself", "is_somebody_else", "closes_below"])
def test_whatever_was_done_to_the_streams_answers_still_come(speaks: Speaks, name: str) -> None:
    session, _ = speaks(ODD)
    assert [ask(session, name), ask(session, "reads") in ("OSError", b"")] == [1, True]


def test_the_streams_are_those_of_a_program_whose_output_is_piped(speaks: Speaks) -> None:
    session, _ = speaks(ODD)
    assert ask(session, "asks") == [False, True, 1, "utf-8", True]


# --- the log ---

NASTY = "ok\x1b[2Jđ\x07\u202e\r| forged\nu01_tiny slope: passed\ttab\x00"


def graded(*said: str) -> Grade:
    items = tuple(ItemResult(f"i{number}", Verdict.PASSED, 1.0, 1.0, printed=text) for number, text in enumerate(said))
    environment = Environment("2", "3", "2", "cpu", 1, 7, "0")
    return Grade("tiny", (Attempt("an", "u01_tiny", items),), Isolation("landlock"), environment)


def test_no_line_and_no_character_of_a_student_s_acts_in_the_log() -> None:
    log = printed(graded("", NASTY), "an", "en")
    assert log.splitlines() == [
        "an",
        STAFF_ONLY.id,
        "",
        "u01_tiny i1: passed",
        r"| ok\x1b[2Jđ\x07\u202e\r| forged",
        "| u01_tiny slope: passed\ttab\\x00",
    ]
    assert verbatim("\u2028\x85\ud800") == r"\u2028\x85\ud800"


def test_who_printed_nothing_has_no_log(tmp_path: Path) -> None:
    course = tiny_course(tmp_path / "course")
    assert printed(graded("", ""), "an", "en") == ""
    write(graded("x", ""), course, tmp_path / "out", "en")
    assert (tmp_path / "out" / "staff" / "printed" / "an.txt").read_text(encoding="utf-8").endswith("i0: passed\n| x\n")
    write(graded("", ""), course, tmp_path / "out", "en")
    assert not (tmp_path / "out" / "staff" / "printed" / "an.txt").exists()


def test_results_json_does_not_repeat_it() -> None:
    grade = graded("SECRET")
    assert results_json.results(grade) == results_json.results(replace(grade, attempts=graded("").attempts))
    assert "SECRET" not in json.dumps(json.loads(results_json.results(grade)))


# --- from the command an instructor types ---


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("tier", ["namespaces", "landlock"])
def test_staff_reads_it_by_item_and_nobody_else_does_also_when_a_run_continues(tmp_path: Path, tier: str) -> None:
    course = tiny_course(tmp_path / "course")
    loud = {
        "top": "import os\nprint('HIDDEN at import')",
        "double": "print('HIDDEN', x.tolist(), '\\x1b[31m')\nreturn 2 * x",
        "halves": "os.write(1, b'HIDDEN ' * 100000)\nos.abort()",
        "slope": "return None",
    }
    put(tmp_path / "class" / "loud" / "tiny.py", answer(**loud))
    put(tmp_path / "class" / "quiet" / "tiny.py", answer())
    runs = []
    for _ in range(2):  # the second takes everything from the store
        if (tmp_path / "tmp").exists():
            (tmp_path / "tmp").rmdir()
        run = grade([tmp_path / "class"], tmp_path, tier, "--course", str(course.root), "--jobs", "1")
        if isinstance(run, str):
            pytest.skip(run)
        runs.append((run.out / "staff" / "printed" / "loud.txt").read_text(encoding="utf-8"))
    log = runs[0]
    assert runs[1] == log
    assert not isinstance(run, str)
    blocks = [block.splitlines() for block in log.split("\n\n")]
    assert [block[0] for block in blocks] == [
        "loud", "u01_tiny double: passed", "u01_tiny halves: crashed", "u01_tiny slope: failed"
    ]  # fmt: skip
    assert blocks[0][1] == STAFF_ONLY.id
    assert blocks[1][1] == "| HIDDEN at import"
    assert blocks[1][2].startswith("| HIDDEN [")
    assert blocks[1][2].endswith("\\x1b[31m")
    assert len(log) < 3 * (HEAD + TAIL)
    assert "Fatal Python error: Aborted" in log
    assert blocks[3][1:] == ["| HIDDEN at import"]  # a fresh worker imported again
    assert [path.name for path in (run.out / "staff" / "printed").iterdir()] == ["loud.txt"]
    assert [name for name, text in run.texts().items() if "HIDDEN" in text] == []
