"""notebook: a notebook's bytes → its code, or a note; and how its cells are run and told."""

from __future__ import annotations

import dataclasses
import json
import re
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.checks.faults import StudentRaised
from autograder.course import Course
from autograder.intake import IntakeError
from autograder.intake.entry import MAX_NOTEBOOK, MAX_SOURCE, Entry, Kind
from autograder.intake.notebook import MAX_CELLS, MAX_VALUES, NoNotebook, Notebook, opened, read
from autograder.models import Attempt, Submission, Verdict
from autograder.sandbox.answers import CellsRan
from autograder.sandbox.inner.wire import WireError
from autograder.sandbox.proxy import LocalTransport, Session
from autograder.words import say
from tests.hostile_notebooks import as_bytes, code, notebook, prose
from tests.test_intake import CODE, only, put, said, take, zipped
from tests.tiny_course import SOLUTION, item, judged_here, tiny_course, told, verdicts

# What a unit of test_intake's course looks like with its function written, and without.
WRITTEN = b"def tensors():\n    return 1\n"
STUB = b"def tensors():\n    raise NotImplementedError\n"


def cells(found: Notebook) -> list[str]:
    lines = found.source.decode().split("\n")
    ends = (*found.cells[1:], len(lines))
    return ["\n".join(lines[start - 1 : end - 1]) for start, end in zip(found.cells, ends, strict=True)]


def of(*sources: str | dict[str, Any]) -> bytes:
    return as_bytes(notebook(sources))


def why(data: bytes) -> str:
    with pytest.raises(NoNotebook) as caught:
        read(data)
    return say(caught.value.message, "en")


# Reading


def test_code_cells_become_one_source_with_the_line_at_which_each_begins() -> None:
    found = read(of("import torch\nx = 1", prose("# Hello"), "def f():\n    return x\n", "  \n", "y = 2"))
    assert found == Notebook(b"import torch\nx = 1\ndef f():\n    return x\ny = 2\n", (1, 3, 5))


def test_a_source_is_a_text_or_a_list_of_lines() -> None:
    assert cells(read(of(code(["a = 1\n", "b = 2"]), code("c = 3\r\nd = 4\re = 5")))) == [
        "a = 1\nb = 2",
        "c = 3\nd = 4\ne = 5",
    ]


def older(version: int) -> dict[str, Any]:
    one, two = {"cell_type": "code", "outputs": []}, {"cell_type": "markdown", "source": "# Hello"}
    if version == 1:
        return {"nbformat": 1, "cells": [{**one, "code": "x = 1\ny = 2"}, {"cell_type": "text", "text": "Hello"}]}
    lines = ["x = 1", "y = 2"] if version == 2 else ["x = 1\n", "y = 2"]
    sheets = [{"cells": [{**one, "input": lines}, two]}, {"cells": [{**one, "input": "z = 3", "language": "python"}]}]
    return {"nbformat": version, "metadata": {"name": ""}, "worksheets": sheets}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_older_formats_are_read(version: int) -> None:
    assert cells(read(as_bytes(older(version)))) == ["x = 1\ny = 2", *(["z = 3"] if version > 1 else [])]


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_format_is_read_as_nbformat_upgrades_it(version: int) -> None:
    nbformat = pytest.importorskip("nbformat")
    whole = older(version) if version < 4 else notebook(["x = 1\n\ny = 2", prose("Hello"), code(["z = ", "3"])])
    upgraded = nbformat.reads(json.dumps(whole), as_version=4)
    want = [cell.source for cell in upgraded.cells if cell.cell_type == "code"]
    assert cells(read(as_bytes(whole))) == want


ODD: list[Any] = [7, None, {}, [[1], 2]]
HARMLESS = {
    "a byte order mark": b"\xef\xbb\xbf" + of("x = 1"),
    "NaN and Infinity in an output": of(code("x = 1", outputs=[{"data": [float("nan"), float("inf")]}])),
    "a number of 9000 digits": of("x = 1").replace(b'"nbformat_minor": 5', b'"nbformat_minor": ' + b"7" * 9000),
    "a key twice: the later counts, as in Jupyter": of("x = 1").replace(b'"source"', b'"source": "y = 2", "source"'),
    "cells that are no cells": as_bytes({"cells": [1, None, [], "x", {}, code("x = 1"), {"cell_type": ["code"]}]}),
    "sources that are no texts": of(code("x = 1"), *({**code(""), "source": odd} for odd in ODD)),
    "no version": as_bytes({"cells": [code("x = 1")]}),
    "a version that is none": as_bytes({"nbformat": [4], "cells": [code("x = 1")]}),
    "keys that are deep within": of(code("x = 1", metadata={"cells": [{"cell_type": "code", "source": "evil"}]})),
}


@pytest.mark.parametrize("data", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_is_odd_beside_the_code_does_no_harm(data: bytes) -> None:
    assert cells(read(data)) == ["x = 1"]


def test_half_a_character_becomes_a_question_mark() -> None:
    assert read(as_bytes({"cells": [code("x = '\ud800'")]})).source == b"x = '?'\n"


def test_a_line_end_that_only_unicode_knows_ends_no_line() -> None:
    assert read(of("a = '\u2028\x0c'", "b = 2")).cells == (1, 2)


BROKEN = {
    "empty": (b" \n", "it is empty"),
    "cut off": (of("x = 1")[:-20], "it is broken JSON"),
    "no JSON": (b"import torch\n", "it is broken JSON"),
    "a text": (b'"cells"', "holds no cells"),
    "a list": (b"[]", "holds no cells"),
    "nothing in it": (b"{}", "holds no cells"),
    "cells that are a number": (b'{"cells": 7}', "holds no cells"),
    "worksheets that are a number": (b'{"worksheets": 7}', "holds no cells"),
    "latin-1": (of("x = 1").replace(b"x = 1", b"x = '\xe9'"), "not text in UTF-8"),
    "UTF-16": (of("x = 1").decode().encode("utf-16"), "not text in UTF-8"),
    "NUL bytes": (bytes(512), "it is broken JSON"),
    "deep": (b'{"cells":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "it is broken JSON"),
    "deep objects": (b'{"cells":' * 200_000 + b"1" + b"}" * 200_000, "it is broken JSON"),
    "merge marks": (of("x = 1").replace(b'"cells"', b"<<<<<<< HEAD\n"), "it is broken JSON"),
    "too much code": (of("x = 1\n" * (MAX_SOURCE // 4)), "its code is larger than 256 KiB"),
    "too much code in bytes": (of("#" + "đ" * (MAX_SOURCE * 2 // 3)), "its code is larger than 256 KiB"),
    "too many cells": (as_bytes({"cells": [code("x")] * (MAX_CELLS + 1)}), f"holds {MAX_CELLS + 1} code cells"),
    "too many values": (b'{"cells": [' + b"{}," * MAX_VALUES + b"1]}", "too much beside the code"),
}


@pytest.mark.parametrize(("data", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_notebook_is_told_why(data: bytes, said: str) -> None:
    assert said in why(data)


def full(start: bytes, again: bytes, end: bytes = b"") -> bytes:
    """As large as a notebook may be, of one thing over and over."""
    return start + again * ((MAX_NOTEBOOK - len(start) - len(end)) // len(again)) + end


def many(again: bytes) -> bytes:
    """As many values as a notebook may hold."""
    each = again.count(b",") + again.count(b"[") + again.count(b"{")
    return b'{"cells": [' + again * ((MAX_VALUES - 8) // each) + b"1]]}"  # and broken at its end


BOMBS = {
    "quotes that are never closed": full(b"", b'"\\"'),
    "quotes": full(b"", b'"'),
    "backslashes": full(b'"', b"\\"),
    "one long text": full(b'{"cells": "', b"a", b'"}'),
    "one long number": full(b'{"cells": ', b"7", b"}"),
    "a text of wide characters": full(b'{"cells": "', "\U0001f600".encode(), b'"}'),
    "backslashes before quotes": full(b"", b'\\"a"     ')[: MAX_VALUES * 16],
    "spaces": full(b"{", b" ", b"}"),
    "brackets": full(b"", b"["),
    "small lists": many(b"[1],"),
    "small objects": many(b'{"source":1},'),
    "texts": many('"đđđđ",'.encode()),
    "many cells": many(b'{"cell_type":"code","source":"1"},'),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_costs_little_time_and_memory(data: bytes) -> None:
    assert len(data) <= MAX_NOTEBOOK
    started = time.process_time()
    with pytest.raises(NoNotebook):
        read(data)
    seconds = time.process_time() - started
    tracemalloc.start()
    try:
        with pytest.raises(NoNotebook):
            read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seconds < 5.0  # the dearest took 1.4 on a machine that was busy
    assert peak < 140 << 20


def test_outputs_metadata_and_attachments_are_gone() -> None:
    secret = "CANARY"
    shown = code("x = 1", outputs=[{"text": secret}], metadata={secret: secret}, attachments={"a": secret})
    whole = notebook([shown, prose(secret)], metadata={"title": secret, "source": secret})
    assert read(as_bytes(whole)) == Notebook(b"x = 1\n", (1,))


# Handing in


def test_a_notebook_is_handed_in_as_a_module_is(tmp_path: Path) -> None:
    put(tmp_path / "alice", "tensors.ipynb", data=of("import torch", "x = 1"))
    assert only(take(tmp_path / "alice")) == Submission(
        "alice", "u01_tensors", "tensors.ipynb", b"import torch\nx = 1\n", (), (1, 2)
    )
    assert only(take(tmp_path / "alice" / "tensors.ipynb")).cells == (1, 2)


@pytest.mark.parametrize("place", ["tensors.ipynb", "alice/u01_tensors/tensors.ipynb", "work/tensors.ipynb"])
def test_a_notebook_may_lie_in_a_zip(tmp_path: Path, place: str) -> None:
    path = zipped(tmp_path / "alice.zip", (place, of("x = 1")))
    assert only(take(path)).source == b"x = 1\n"
    assert only(take(tmp_path)).source == b"x = 1\n"


def test_a_notebook_may_be_larger_than_a_module_for_its_outputs_are_not_kept(tmp_path: Path) -> None:
    large = of(code("x = 1", outputs=[{"data": {"image/png": "A" * 3 * MAX_SOURCE}}]))
    put(tmp_path / "alice", "tensors.ipynb", data=large)
    path = zipped(tmp_path / "bob.zip", ("tensors.ipynb", large))
    assert [one.source for one in take(tmp_path / "alice", path).submissions] == [b"x = 1\n"] * 2


@pytest.mark.parametrize("packed", [False, True])
def test_a_notebook_that_is_too_large_is_told_so(tmp_path: Path, packed: bool) -> None:
    data = full(b"", b" ") + b" "
    if packed:
        zipped(tmp_path / "alice.zip", ("tensors.ipynb", data))
    else:
        put(tmp_path / "alice", "tensors.ipynb", data=data)
    submission = only(take(tmp_path))
    assert submission.source is None
    assert said(submission) == "tensors.ipynb is larger than 8192 KiB; clear all outputs and hand it in again"


def test_a_path_too_long_to_be_shown_whole_still_tells_a_notebook(tmp_path: Path) -> None:
    zipped(tmp_path / "alice.zip", ("a" * 90 + "/tensors.ipynb", full(b"", b" ") + b" "))
    assert said(only(take(tmp_path))).endswith("… is larger than 8192 KiB; clear all outputs and hand it in again")


def test_a_broken_notebook_is_a_note_of_the_student_s_and_the_neighbour_is_graded(tmp_path: Path) -> None:
    put(tmp_path, "alice/tensors.ipynb", data=b"{")
    put(tmp_path, "bob/tensors.py")
    alice, bob = take(tmp_path).submissions
    assert said(alice).startswith("tensors.ipynb cannot be read as a notebook: it is broken JSON")
    assert (alice.source, bob.source) == (None, CODE)


def test_a_broken_notebook_that_was_named_by_hand_is_an_error_in_one_line(tmp_path: Path) -> None:
    path = put(tmp_path, "tensors.ipynb", data=b"{") / "tensors.ipynb"
    with pytest.raises(IntakeError, match="cannot be read as a notebook: it is broken JSON"):
        take(path)


TWICE = [
    # .py, notebook → which counts
    (WRITTEN, STUB, "tensors.py"),
    (STUB, WRITTEN, "tensors.ipynb"),
    (WRITTEN, WRITTEN + b"\n\nx = 1\n", "tensors.py"),
    (STUB, STUB + b"\n\nx = 1\n", "tensors.py"),
    (WRITTEN, b"x = 1\n", "tensors.py"),
    (b"", WRITTEN, "tensors.ipynb"),
]


@pytest.mark.parametrize(("module", "written", "counts"), TWICE)
def test_of_a_module_and_a_notebook_the_one_with_more_of_it_written_counts(
    tmp_path: Path, module: bytes, written: bytes, counts: str
) -> None:
    put(tmp_path / "alice", "tensors.py", data=module)
    put(tmp_path / "alice", "tensors.ipynb", data=of(written.decode()))
    submission = only(take(tmp_path / "alice"))
    assert submission.filename == counts
    assert f"alice/{counts} counts, not alice/tensors." in said(submission)


def test_a_broken_notebook_beside_a_module_is_said_and_the_module_counts(tmp_path: Path) -> None:
    put(tmp_path / "alice", "tensors.py", data=STUB)
    put(tmp_path / "alice", "tensors.ipynb", data=b"{")
    submission = only(take(tmp_path / "alice"))
    assert submission.source == STUB
    assert "tensors.ipynb cannot be read as a notebook" in said(submission)


def test_a_name_in_another_case_is_taken_and_said(tmp_path: Path) -> None:
    put(tmp_path / "alice", "Tensors.IPYNB", data=of("x = 1"))
    assert said(only(take(tmp_path / "alice"))) == "Tensors.IPYNB was taken for tensors.ipynb"


def test_jupyters_checkpoints_are_no_second_copy(tmp_path: Path) -> None:
    put(tmp_path / "alice", "tensors.ipynb", ".ipynb_checkpoints/tensors.ipynb", data=of("x = 1"))
    assert said(only(take(tmp_path / "alice"))) == ""


def test_an_entry_that_is_no_notebook_is_left_as_it_is() -> None:
    entry = Entry(("tensors.py",), Kind.MODULE, "u01_tensors", b"{}")
    assert opened(entry) is entry


# Running


def handed_in(*sources: str) -> Submission:
    found = read(of(*sources))
    return Submission("an", "u01_tiny", "tiny.ipynb", found.source, (), found.cells)


def run(*sources: str) -> tuple[CellsRan, Session]:
    one = handed_in(*sources)
    session = Session(LocalTransport())
    ran = session.open("tiny.py", "tiny", one.source or b"", 30.0, one.cells)
    assert ran is not None
    return ran, session


def test_a_cell_that_raises_hides_nothing_below_it() -> None:
    ran, session = run("x = 1\n1 / 0\ny = 2", "def f(x)\n    return x", "def g(): return x", "'\x00'")
    assert session.call("call", "g", (), {}, name="g") == 1
    assert [(stop.cell, stop.error.type_name, stop.error.lines) for stop in ran.stops] == [
        (1, "ZeroDivisionError", (2,)),
        (2, "SyntaxError", (4,)),
        (4, "SyntaxError", ()),
    ]


def test_what_is_raised_by_a_function_of_an_earlier_cell_has_both_lines() -> None:
    ran, _ = run("def f():\n    raise KeyError", "x = 1", "f()")
    assert [(stop.cell, stop.error.lines) for stop in ran.stops] == [(3, (4, 2))]


def test_a_name_that_a_later_cell_makes_is_known() -> None:
    ran, _ = run("f(1)", "nowhere", "def f(x): return x")
    assert [(stop.cell, stop.name, stop.later) for stop in ran.stops] == [(1, "f", 3), (2, "", 0)]


def test_definitions_that_ran_twice_are_known_by_their_lines() -> None:
    ran, _ = run("def f(): pass", "class C: pass\nx = 1\nx = 2", "def f(): pass\nclass C: pass", "1 / 0\ndef f(): pass")
    assert ran.twice == (("f", 1, 5), ("C", 2, 6))


def test_a_future_import_holds_for_the_cells_below() -> None:
    ran, session = run("from __future__ import annotations", "def f(x: Unknown): return x")
    assert ran == CellsRan()
    assert session.call("call", "f", (3,), {}, name="f") == 3


MAGICS = {
    "%matplotlib inline\nx = 1": ([1], 1),
    "!pip install torch \\\n  numpy\nx = 1": ([1], 1),
    "!echo don't '''\nx = 1": ([1], 1),
    "?torch.stack\nx = 1": ([1], 1),
    "torch.stack??\nx = 1": ([1], 1),
    "x = 1\nfiles = !ls": ([2], 1),
    "pip install torch\nx = 1": ([1], 1),
    "if True:\n    %cd ..\n    x = 1": ([2], 1),
    "%time x = 1": ([], 1),
    "\n%%time\nx = 1": ([2], 1),
    "%%capture out\n%%time\n%precision 3\nx = 1": ([1, 2, 3], 1),
    "    x = 0\n    if not x:\n        x = 1": ([], 1),
    "x = 1\nx = 7 \\\n  % 4": ([], 3),
    "x = (7\n% 4)": ([], 3),
    "x = '''\n!ls\n%%bash\n'''.count('l')": ([], 1),
}


@pytest.mark.parametrize(("source", "want"), MAGICS.items(), ids=MAGICS.keys())
def test_a_magic_is_skipped_and_what_only_looks_like_one_is_not(source: str, want: tuple[list[int], int]) -> None:
    ran, session = run(source, "def f(): return x")
    assert (list(ran.skipped), session.call("call", "f", (), {}, name="f")) == want
    assert ran.stops == ()


@pytest.mark.parametrize("magic", ["bash", "html", "javascript", "writefile x.py", "timeit", "sh --out x"])
def test_a_cell_for_another_program_is_skipped_as_a_whole(magic: str) -> None:
    ran, _ = run(f"%%{magic}\nrm -rf 'x\nx = 1", "def f(): return x")
    assert (ran.skipped, ran.stops) == ((1,), ())


NO_MAGIC = ["def f(x)  # why?\n    return x", "x = (1 +\n% 2 !", "x = '''\n%matplotlib", "f(?\n", "x != !"]


@pytest.mark.parametrize("source", NO_MAGIC)
def test_an_error_is_not_taken_for_a_magic(source: str) -> None:
    ran, _ = run(source)
    assert [stop.error.type_name for stop in ran.stops] == ["SyntaxError"]


def test_a_cell_that_trains_is_stopped_and_those_below_run(tmp_path: Path) -> None:
    found = read(of("import time\nwhile True:\n    time.sleep(0.01)", "x = 1\ndef f(): return x"))
    session = Session(Jailed(tmp_path))
    ran = session.open("tiny.py", "a_notebook", found.source, 2.0, found.cells)
    assert ran is not None
    assert [(stop.cell, stop.slow) for stop in ran.stops] == [(1, True)]
    assert session.call("call", "f", (), {}, name="f") == 1


def test_a_worker_can_read_the_lines_of_a_notebook_s_functions(tmp_path: Path) -> None:
    found = read(of("%matplotlib inline", "def f(:", "import inspect\nclass C:\n    y = 1\ndef f(): return 1"))
    Session(Jailed(tmp_path)).open("tiny.py", "a_notebook", found.source, 9.0, found.cells)
    assert (tmp_path / "tiny.py").read_text().split("\n")[:4] == ["pass", "", "import inspect", "class C:"]


def test_the_public_tests_of_our_notebooks_are_skipped_and_nothing_is_said() -> None:
    ran, session = run("def f(): return 1", "%%public_tests f points=2\ndef f(): return 2\n1 / 0")
    assert ran == CellsRan()
    assert session.call("call", "f", (), {}, name="f") == 1


def test_what_a_cell_asks_of_the_kernel_does_nothing() -> None:
    asks = 'get_ipython().run_line_magic("load_ext", "x")\ncolab = "google" in str(get_ipython())'
    ran, session = run(asks, "def f(): return colab")
    assert ran == CellsRan()
    assert session.call("call", "f", (), {}, name="f") is False


def test_thousands_of_magics_end_soon() -> None:
    started = time.process_time()
    ran, _ = run("%x\n" * 20_000, "x = 1")
    assert ran.stops[0].error.type_name == "SyntaxError"
    assert time.process_time() - started < 10.0


class Teller:
    """A worker that says this of its cells."""

    busy = False

    def __init__(self, told: object) -> None:
        self.told = told

    def request(self, frame: bytes, seconds: float | None = None) -> bytes:
        from autograder.sandbox.inner import wire

        return wire.pack({"ok": self.told})


class Jailed(LocalTransport):
    """A workbench with a scratch folder, as a worker has it."""

    def __init__(self, scratch: Path) -> None:
        super().__init__()
        self.bench.scratch, self.bench.catches = scratch, BaseException


LIES = [
    {},
    {"raised": 7, "twice": "f", "skipped": None},
    {"raised": [7, None, {}, {"cell": 0}, {"cell": 3}, {"cell": "1"}, {"cell": True}]},
    {"twice": [7, [], ["f"], ["f", 1], ["f", "1", "2"], ["secret", 1, 2], [1, 2, 3], ["f", -1, 2]]},
    {"skipped": ["x", -1, 0, 1.5]},
]


@pytest.mark.parametrize("told", LIES)
def test_of_what_a_worker_says_only_what_can_be_true_is_heard(told: object) -> None:
    assert Session(Teller(told)).open("tiny.py", "tiny", b"def f(): pass\n1\n", 5.0, (1, 2)) == CellsRan()


def test_names_and_texts_of_a_worker_are_not_repeated() -> None:
    row = {"cell": 1, "error": "Leak 31", "lines": ["x", 1], "name": "secret", "later": 2}
    ran = Session(Teller({"raised": [row] * 900})).open("tiny.py", "tiny", b"f\n1\n", 5.0, (1, 2))
    assert ran is not None
    assert {(stop.error.type_name, stop.error.lines, stop.name) for stop in ran.stops} == {("Exception", (1,), "")}
    assert len(ran.stops) == 50


@pytest.mark.parametrize("told", [None, 7, [1], "x"])
def test_no_word_about_the_cells_is_no_answer(told: object) -> None:
    with pytest.raises(WireError):
        Session(Teller(told)).open("tiny.py", "tiny", b"1\n", 5.0, (1,))


# Judging


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return tiny_course(tmp_path)


PARTS = re.split(r"\n\n\n(?=def|class)", SOLUTION)
Judged = Callable[..., Attempt]


def notes(attempt: Attempt) -> str:
    return " | ".join(say(note, "en") for note in attempt.notes)


def test_a_solved_notebook_gets_what_the_same_code_gets_as_a_module(course: Course) -> None:
    wrong = SOLUTION.replace("return 2 * x", "return x * x")
    parts = [part.replace("return 2 * x", "return x * x") for part in PARTS]
    for module, split in ((SOLUTION, PARTS), (wrong, parts)):
        one, other = judged_here(course, module, handed_in(*split))
        assert [dataclasses.replace(found, seconds=0) for found in one.items] == [
            dataclasses.replace(found, seconds=0) for found in other.items
        ]
        assert other.notes == ()


def test_feedback_names_cell_and_line(course: Course) -> None:
    parts = [part.replace("return 2 * x", "y = 2 * x\n    return y.oops") for part in PARTS]
    (attempt,) = judged_here(course, handed_in(*parts))
    number = next(n for n, part in enumerate(parts, start=1) if "y.oops" in part)
    line = parts[number - 1].split("\n").index("    return y.oops") + 1
    assert f"AttributeError in cell {number}, line {line}: `return y.oops`" in told(item(attempt, "double"))


def test_a_name_that_is_missing_is_explained_by_the_cell_that_stopped(course: Course) -> None:
    parts = ["!pip install x", *(part.replace("def double(x: Tensor)", "def double(x: Tensor", 1) for part in PARTS)]
    number = next(n for n, part in enumerate(parts, start=1) if "def double" in part)
    (attempt,) = judged_here(course, handed_in(*parts))
    assert verdicts(attempt)["double"] is Verdict.MISSING
    assert "tiny.ipynb has no `double`" in told(item(attempt, "double"))
    stopped = f"It stands in cell {number}, which stopped with SyntaxError in cell {number}, line"
    assert stopped in told(item(attempt, "double"))
    assert "skipped, as only a notebook understands it, in cell 1, line 1: `!pip install x`" in notes(attempt)


def test_a_stub_in_a_notebook_was_not_attempted(course: Course) -> None:
    parts = [part.replace("return 2 * x", "raise NotImplementedError('double')") for part in PARTS]
    (attempt,) = judged_here(course, handed_in(*parts))
    assert verdicts(attempt)["double"] is Verdict.NOT_ATTEMPTED


def test_many_cells_that_stop_are_counted(course: Course) -> None:
    (attempt,) = judged_here(course, handed_in(*["assert False"] * 9, *PARTS))
    assert notes(attempt).count("stopped with AssertionError in cell") == 4
    assert "cells that stopped besides: 5" in notes(attempt)
    assert {*verdicts(attempt).values()} == {Verdict.PASSED}


def test_a_stop_is_data(course: Course) -> None:
    ran, _ = run("f()", "raise ValueError('secret')")
    assert [type(stop.error) for stop in ran.stops] == [StudentRaised] * 2
    assert "secret" not in repr(ran)
