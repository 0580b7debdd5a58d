"""board.notebook: the public tests in a cell, run once in a real kernel; each test reads one cell's outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.board.notebook import Line
from tests import jupyter

SETUP = 'get_ipython().run_line_magic("load_ext", "autograder.board.notebook")'
SHARED = """%%public_tests unit=u01_tiny module=tiny lang=en
import sys
import warnings

import pytest
import torch
from u01_tiny import tiny

from autograder import checks as check

pytestmark = pytest.mark.unit("u01_tiny")
"""
TESTS = """%%public_tests double points=2
@pytest.mark.item("double")
@pytest.mark.parametrize("x", [1.0, 3.0])
def test_double(x, tmp_path):
    check.close(tiny.double(torch.tensor([x])), torch.tensor([2 * x]), name="double(x)")
"""
STUB = "def double(x):\n    raise NotImplementedError"
MODULE = """%%public_tests scale points=1.5 symbol=Scale
@pytest.mark.item("scale")
def test_scale():
    check.equal(tiny.Scale().by, 2, name="by")
"""
CELLS = {  # in this order; what stands before a colon is the name of the cell
    "early": TESTS,
    "shared": SHARED,
    "missing": TESTS,
    "stub": STUB,
    "to do": TESTS,
    "wrong": "def double(x):\n    return x + 1",
    "failing": TESTS,
    "raising": "def double(x):\n    y = 1\n    return x * z",
    "raised": TESTS,
    "noisy": 'def double(x):\n    warnings.warn("hey")\n    print("ho", file=sys.stderr)\n    return 2 * x',
    "imports": "import sys, warnings",
    "quiet": TESTS,
    "renamed": "del double\ndef doubel(x):\n    return 2 * x",
    "near": TESTS,
    "module": "class Scale:\n    by = 2",
    "module tests": MODULE,
    "broken": "%%public_tests double points=2\nimport nothing_of_that_name\n",
    "no tests": "%%public_tests double points=2\n# none",
    "no points": "%%public_tests scale points=many symbol=Scale\n" + MODULE.split("\n", 1)[1],
    "after": 'print(sorted(name for name in sys.modules if "tiny" in name))',
}
VALUES = {
    "early": "0.0", "missing": "0.0", "to do": "0.0", "failing": "0.0", "raised": "0.0", "quiet": "2.0",
    "near": "0.0", "module tests": "1.5", "broken": "0.0", "no tests": "0.0", "no points": "0.0",
}  # fmt: skip

pytestmark = pytest.mark.timeout(600)


def run_cells(folder: Path, named: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    ids = {name.replace(" ", "_"): name for name in named}
    made = new_notebook(cells=[new_code_cell(named[name], id=id) for id, name in ids.items()])
    nbformat.write(made, folder / "tiny.ipynb")
    return {ids[id]: outputs for id, outputs in jupyter.executed(folder / "tiny.ipynb").items()}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return run_cells(tmp_path_factory.mktemp("kernel"), {"setup": SETUP, **CELLS})


Ran = dict[str, list[dict[str, Any]]]


def test_no_cell_raises_and_none_writes_to_stderr(ran: Ran) -> None:
    assert jupyter.complaints(ran) == []


def test_the_value_of_a_cell_is_its_points(ran: Ran) -> None:
    assert {name: jupyter.value(ran[name]) for name in VALUES} == VALUES


def test_a_reader_sees_the_points_as_a_share(ran: Ran) -> None:
    assert [output["data"]["text/html"] for output in ran["quiet"] if "data" in output] == ["2 / 2"]


SAID = {
    "early": "Run the cells above first: this one needs what all tests of the notebook share.\n",
    "to do": "double: to do\n",
    "quiet": "double: done\n",
    "module tests": "scale: done\n",
    "broken": "The tests of double could not be run; Restart and run all may help.\n"
    "ModuleNotFoundError: No module named 'nothing_of_that_name'\n",
    "no tests": "The tests of double could not be run; Restart and run all may help.\n",
    "after": "[]\n",
}


@pytest.mark.parametrize(("name", "said"), SAID.items(), ids=SAID)
def test_a_cell_says(ran: Ran, name: str, said: str) -> None:
    assert jupyter.said(ran[name]) == said


TOLD = {
    "missing": ["tiny has no double", "Has the cell above been run, and does it define double?"],
    "failing": [
        "call          double(tensor([3.]))",
        "wanted        float32 tensor, shape (1,): [6.]",
        "In[7]:1",
        "def double(x):",
    ],
    "raised": ["NameError: name 'z' is not defined", "In[9]:3", "return x * z"],
    "near": ["did you mean doubel?", "def doubel(x):"],
}


@pytest.mark.parametrize(("name", "words"), TOLD.items(), ids=TOLD)
def test_a_failing_item_is_told_as_on_the_board(ran: Ran, name: str, words: list[str]) -> None:
    text = jupyter.said(ran[name])
    assert [missing for missing in words if missing not in text] == []
    assert "Traceback" not in text
    assert "pytest" not in text  # a command is of no use here


@pytest.mark.slow  # ten seconds of waiting
def test_an_endless_loop_ends_though_a_kernel_looks_like_a_debugger(tmp_path: Path) -> None:
    endless = "def double(x):\n    while True: pass"
    tests = TESTS.replace("points=2", "points=2 seconds=0.1")
    outputs = run_cells(tmp_path, {"setup": SETUP, "shared": SHARED, "endless": endless, "tests": tests})
    assert jupyter.complaints(outputs) == []
    assert "It was stopped after 0.1 s" in jupyter.said(outputs["tests"])
    assert "while True: pass" in jupyter.said(outputs["tests"])


def test_a_line_is_read_as_an_item_and_its_options() -> None:
    line = Line.read("double points=2 symbol=Double seconds=x")
    assert (line.item, line.number("points", 0.0), line.options["symbol"]) == ("double", 2.0, "Double")
    assert line.number("seconds", 5.0) == 5.0
    assert Line.read("unit=u01_tiny").item == ""
