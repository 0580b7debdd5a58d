"""import-nbgrader: a small assignment as an instructor of nbgrader's writes it, and what becomes of it.

The golden result lies in tests/golden/from_nbgrader; `python -m tests.test_from_nbgrader` writes it anew, to be read.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from autograder.authoring.answer_cells import CodeCell, module
from autograder.authoring.asserts import carry
from autograder.authoring.build import stubs
from autograder.authoring.from_nbgrader import ImportNotebookError, as_name, scaffold
from autograder.cli import run
from autograder.course import load
from autograder.models import Submission, Verdict
from tests.nbgrader_course import cell, notebook
from tests.tiny_course import GRADING, ROOT, judged_here, put, verdicts

GOLDEN = ROOT / "tests" / "golden" / "from_nbgrader"

SETUP = """\
%matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

EPS = 1e-8
data = np.loadtxt("heights.csv")
"""

ROW_MEANS = '''\
import math


def row_means(x):
    """The mean of each row of an (n, m) array: an (n,) array."""
    ### BEGIN SOLUTION
    return x.sum(axis=1) / x.shape[1]
    ### END SOLUTION
'''

ROW_MEANS_TESTS = """\
# the example of the text
assert np.allclose(row_means(np.array([[1.0, 3.0]])), np.array([2.0]))
### BEGIN HIDDEN TESTS
x = np.arange(12.0).reshape(3, 4)
means = row_means(x)
assert means.shape == (3,)
np.testing.assert_allclose(means, x.mean(axis=1), rtol=1e-6)
assert abs(row_means(x)[0] - 1.5) < 1e-9
assert (row_means(data) > 0).all()
### END HIDDEN TESTS
"""

CLIP = '''\
def clip(value, low, high):
    """A number, moved into [low, high]."""
    if low > high:
        raise ValueError("low lies above high")
    return max(low, min(value, high))


def distance(a, b):
    """How far two numbers lie apart."""
    return abs(a - b)
'''

CLIP_TESTS = """\
for value in (1, 2, 3):
    assert clip(value, 0, 2) == min(value, 2)
assert clip(-1, 0, 2) == 0
assert isinstance(clip(1.5, 0, 2), float)
"""

CLIP_RAISES = """\
try:
    clip(1, 3, 2)
except ValueError:
    pass
else:
    raise AssertionError("did not raise")
"""

SCALE = """\
### BEGIN SOLUTION
def _start(value):
    return torch.tensor(float(value))
### END SOLUTION

class ScaleLayer(nn.Module):
    def __init__(self, start):
        super().__init__()
        ### BEGIN SOLUTION
        self.weight = nn.Parameter(_start(start))
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        return self.weight * x
        ### END SOLUTION
"""

SCALE_TESTS = """\
import pandas as pd
layer = ScaleLayer(2.0)
x = torch.ones(3)
y = layer(x).detach()
assert torch.allclose(y, 2 * x, atol=1e-6)
assert layer.weight.requires_grad
"""


def assignment(course: Path) -> Path:
    """source/ps1/stats.ipynb below `course`."""
    cells = [
        cell("# Statistics\n\nFirst, some help:\n\n![a table](attachment:table.png)", kind="markdown"),
        cell(SETUP, "setup", locked=True),
        cell("## Means (3 points)\n\nWrite `row_means(x)`: the mean of each row.", kind="markdown"),
        cell(ROW_MEANS, "row_means_answer", solution=True),
        cell(ROW_MEANS_TESTS, "row_means", points=3, locked=True),
        cell("## Clipping", kind="markdown"),
        cell(CLIP, "cell-1f2e3d", solution=True),
        cell(CLIP_TESTS, "clip_values", points=2, locked=True),
        cell(CLIP_RAISES, "clip_raises", points=1, locked=True),
        cell(SCALE, "scale", solution=True),
        cell(SCALE_TESTS, "test_scale", points=2, locked=True),
        cell("plt.plot(data)", "plot", points=4, solution=True),
        cell("Describe the picture.", "words", kind="markdown", points=2, solution=True),
        cell("Find a data set.", "find", kind="markdown", points=5, task=True),
        cell("answer = row_means(data)", "mean_answer", solution=True),
        cell("### AUTOTEST clip(2, 0, 1)\nassert answer is not None", "test_answer", points=1, locked=True),
    ]
    put(course / "source" / "ps1" / "stats.ipynb", notebook(cells))
    return course


def files(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def imported(root: Path, *options: str) -> int:
    command = ["import-nbgrader", str(root / "nb"), "--assignment", "ps1", "--out", str(root / "out"), "--lang", "en"]
    return run([*command, *options])


def test_a_realistic_assignment_becomes_the_golden_unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assignment(tmp_path / "nb")
    assert imported(tmp_path) == 0
    assert files(tmp_path / "out") == files(GOLDEN)
    said = capsys.readouterr().out
    assert "ps1: 4 items; 8 asserts became checks, 4 are to be finished by hand" in said


def test_what_was_made_is_python_that_ruff_accepts(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN, tmp_path / "made")  # tests/golden is no part of what the repository's own ruff looks at
    assert len([ast.parse(path.read_text(encoding="utf-8")) for path in tmp_path.rglob("*.py")]) == 3
    staff = [tmp_path / "made" / name for name in ("solutions", "autograder")]  # a stub keeps imports it does not use
    for command in (["check", *staff], ["format", "--check", tmp_path / "made"]):
        words = [sys.executable, "-m", "ruff", *map(str, command), "--config", str(ROOT / "pyproject.toml")]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_loads_and_an_unfinished_test_never_makes_a_number(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN, tmp_path / "course")
    course = load(tmp_path / "course")
    assert [path.read_text(encoding="utf-8") == text for path, text in stubs(course).items()] == [True]
    (attempt,) = judged_here(course, handed_in(tmp_path / "course"))
    assert verdicts(attempt) == dict.fromkeys(("row_means", "clip", "distance", "scale_layer"), Verdict.GRADER_ERROR)


def test_the_finished_unit_passes_its_solution_and_fails_a_mistake(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN, tmp_path / "course")
    suite = tmp_path / "course" / "autograder" / "suites" / "ps1" / "test_stats.py"
    text = re.sub(r"^ *raise NotImplementedError.*\n", "", suite.read_text(encoding="utf-8"), flags=re.MULTILINE)
    put(suite, f'{text}\n\n@pytest.mark.item("distance")\ndef test_distance(student):\n    {DISTANCE}\n')
    course = load(tmp_path / "course")
    right = handed_in(tmp_path / "course")
    wrong = replace(right, source=(right.source or b"").replace(b"x.shape[1]", b"x.shape[0]").replace(b"* x", b"+ x"))
    first, second = judged_here(course, right, wrong)
    assert set(verdicts(first).values()) == {Verdict.PASSED}
    assert verdicts(second) == {
        "row_means": Verdict.FAILED,
        "clip": Verdict.PASSED,
        "distance": Verdict.PASSED,
        "scale_layer": Verdict.FAILED,
    }


DISTANCE = 'check.equal(student.distance(1, 4), 3, name="distance(1, 4)")'


def handed_in(course: Path) -> Submission:
    return Submission("an", "ps1", "stats.py", (course / "solutions" / "ps1" / "stats.py").read_bytes())


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assignment(tmp_path / "nb")
    there = put(tmp_path / "out" / "solutions" / "ps1" / "stats.py", "mine\n")
    assert imported(tmp_path) == 2
    assert "stats.py: is there already, and is not overwritten" in capsys.readouterr().err
    assert files(tmp_path / "out") == {"solutions/ps1/stats.py": "mine\n"}
    there.unlink()


def test_a_course_keeps_its_registry_and_gets_the_unit_to_paste(tmp_path: Path) -> None:
    assignment(tmp_path / "nb")
    put(tmp_path / "out" / "grading.yml", GRADING)
    assert imported(tmp_path) == 0
    fragment = (tmp_path / "out" / "ps1.grading.yml").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "grading.yml").read_text(encoding="utf-8") == GRADING
    both = load(put(tmp_path / "out" / "grading.yml", GRADING + fragment))
    assert [unit.id for unit in both.units] == ["u01_tiny", "ps1"]
    assert both.unit("ps1").item("clip").cells == ("clip_values", "clip_raises")


# One assert after another

F = {"f": False, "Net": True}
CHECKS = [
    ("assert f(2) == 4", 'check.equal(student.f(2), 4, name="f(…)")'),
    ("assert 4 == f(2)", 'check.equal(student.f(2), 4, name="f(…)")'),
    ("assert f() is None", 'check.equal(student.f(), None, name="f()")'),
    ("assert f(2)[0] == 'a'", "check.equal(student.f(2)[0], 'a', name=\"f(…)[0]\")"),
    ("assert len(f(2)) == 3", 'check.equal(len(student.f(2)), 3, name="len(…)")'),
    ("assert f(2).shape == (2, 3)", 'check.shape(student.f(2), (2, 3), name="f(…)")'),
    ("assert f(2) == max(1, 2)", 'check.close(student.f(2), max(1, 2), name="f(…)")'),
    ("assert abs(f(2) - 3) < 1e-3", 'check.number(float(student.f(2)), 3.0, rtol=0.0, atol=0.001, name="f(…)")'),
    (
        "assert f(2) == pytest.approx(3)",
        'check.number(float(student.f(2)), 3.0, rtol=1e-06, atol=1e-12, name="f(…)")',
    ),
    (
        "assert math.isclose(f(2), 3, rel_tol=0.1)",
        'check.number(float(student.f(2)), 3.0, rtol=0.1, atol=0.0, name="f(…)")',
    ),
    ("np.testing.assert_array_equal(f(2), [3])", 'check.close(student.f(2), [3], rtol=0.0, atol=0.0, name="f(…)")'),
    (
        "assert torch.equal(f(2), torch.ones(2))",
        'check.close(student.f(2), torch.ones(2), rtol=0.0, atol=0.0, name="f(…)")',
    ),
    ("torch.testing.assert_close(f(2), torch.ones(2))", 'check.close(student.f(2), torch.ones(2), name="f(…)")'),
]
IMPORTS = ["import math", "import numpy as np", "import pytest", "import torch"]


@pytest.mark.parametrize(("source", "line"), CHECKS, ids=[source for source, _ in CHECKS])
def test_an_assert_that_says_what_is_wanted_becomes_a_check(source: str, line: str) -> None:
    carried = carry(source, F, IMPORTS)
    assert carried.lines == [f"# {source}", line]
    assert (carried.checks, carried.open) == (1, [])


def test_a_comparison_of_numbers_may_stand_in_pytest_raises_and_loops() -> None:
    source = "with pytest.raises(ValueError):\n    f(-1)\nfor n in range(3):\n    want = n * n\n    assert f(n) == want"
    assert [line for line in carry(source, F, IMPORTS).lines if not line.startswith("#")] == [
        'with check.raises(ValueError, name="f(…)"):',
        "    student.f(-1)",
        "for n in range(3):",
        "    want = n * n",
        '    check.close(student.f(n), want, name="f(…)")',
    ]


OPEN = [
    ("assert f(2)", "it does not say which value is wanted"),
    ("assert not f(2)", "it does not say which value is wanted"),
    ("assert f(2) > 1", "it does not say which value is wanted"),
    ("assert f(2) == f(3)", "it compares two answers"),
    ("assert 1 == 1", "it calls no answer"),
    ("assert f(DATA) == 2", "it names DATA, which only the notebook has"),
    ("assert list(map(f, [1])) == [2]", "it uses f without calling it"),
    ("assert Net(2).weight == 2", "it looks into an object of the student's: drive it in an @inside function"),
    ("f.seed = 3", "it changes an object"),
    ("f = abs", "it gives an answer's name another meaning"),
    ("del f", "a statement of this kind is not carried over"),
    ("assert f(2) == 4 == 4", "it does not say which value is wanted"),
    ("np.testing.assert_allclose(f(2), 3, 1e-3)", "its tolerances are not carried over"),
    ("try:\n    f(0)\nexcept ValueError:\n    pass", "it is not clear which exception which call should raise"),
    ("import pandas", "a suite cannot import pandas"),
]


@pytest.mark.parametrize(("source", "why"), OPEN, ids=[source for source, _ in OPEN])
def test_what_cannot_be_carried_over_says_why_and_ends_the_test(source: str, why: str) -> None:
    carried = carry(source, F, IMPORTS)
    assert carried.open == [f"{' '.join(source.split())}: {why}"]
    assert carried.lines[-1] == 'raise NotImplementedError("to be finished: 1 of its asserts")'


def test_a_decorated_answer_keeps_its_decorator_and_its_given_lines() -> None:
    text = dedent(
        """\
        @torch.no_grad()
        def f(x):
            y = x + 1
            # BEGIN SOLUTION
            return y
            # END SOLUTION
        """
    )
    found = module([CodeCell(1, text, answer=True)], ["f"])
    assert found.parts == [text.replace("# BEGIN", "### BEGIN").replace("# END", "### END").rstrip()]


@pytest.mark.parametrize(
    ("raw", "name"), [("TwoLayerNet", "two_layer_net"), ("Problem 1", "problem_1"), ("1st", "u_1st"), ("ReLU", "re_lu")]
)
def test_a_name_is_spelled_as_the_registry_spells_names(raw: str, name: str) -> None:
    assert as_name(raw) == name


# Bad input


def test_an_assignment_that_cannot_be_read_is_told_with_the_cure(tmp_path: Path) -> None:
    course = assignment(tmp_path / "nb")
    source = course / "source"
    cases = {
        "has no folder source": (tmp_path, "ps1", ""),
        "no assignment 'ps2'; did you mean 'ps1'?": (course, "ps2", ""),
        "no notebook states; found: stats": (course, "ps1", "states"),
    }
    put(source / "two" / "a.ipynb", "{}")
    put(source / "two" / "b.ipynb", notebook([cell("x = 1")]))
    cases |= {
        "several notebooks; --notebook names one: a, b": (course, "two", ""),
        "a.ipynb: cannot be read as a notebook": (course, "two", "a"),
        "no function or class in a solution cell": (course, "two", "b"),
    }
    for said, arguments in cases.items():
        with pytest.raises(ImportNotebookError) as error:
            scaffold(*arguments)
        assert said in str(error.value)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        assignment(Path(folder) / "nb")
        shutil.rmtree(GOLDEN, ignore_errors=True)
        imported(Path(folder))
        shutil.copytree(Path(folder) / "out", GOLDEN)
