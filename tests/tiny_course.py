"""A whole course of one unit and four small items, for tests of what reads a course from the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from unittest import mock

from autograder.authoring.build import generated
from autograder.course import Course, load
from autograder.grading.data import DataSource
from autograder.grading.judge import Judge
from autograder.grading.pool import Pool
from autograder.grading.run import Options
from autograder.grading.slot import Job, Settings
from autograder.grading.slots import Slots, attempts
from autograder.grading.suites import Suites
from autograder.models import Attempt, ItemResult, Submission, Verdict
from autograder.words import say

ROOT = Path(__file__).resolve().parents[1]
UNIT = "u01_tiny"
SEED = 7

GRADING = """\
course:
  id: tiny
  title: {en: Tiny, vi: Nhỏ}
limits: {item_seconds: 3, import_seconds: 4, memory_mb: 512}
units:
  - id: u01_tiny
    module: tiny
    title: {en: Tiny, vi: Nhỏ}
    items:
      - id: double
        title: {en: Twice as much, vi: Gấp đôi}
        points: 2
        minutes: 1
        difficulty: 1
        hints: [{en: weak, vi: yếu}, {en: strong, vi: mạnh}]
      - id: halves
        title: {en: Two halves, vi: Hai nửa}
        points: 4
        minutes: 1
        difficulty: 1
        credit: fraction
        hints: [{en: weak, vi: yếu}, {en: strong, vi: mạnh}]
      - id: slope
        title: {en: A derivative, vi: Đạo hàm}
        points: 1
        minutes: 1
        difficulty: 2
        forbids: [autograd]
        hints: [{en: weak, vi: yếu}, {en: strong, vi: mạnh}]
      - id: scale
        symbol: Scale
        title: {en: A module, vi: Một module}
        points: 3
        minutes: 1
        difficulty: 2
        hints: [{en: weak, vi: yếu}, {en: strong, vi: mạnh}]
"""

SOLUTION = '''\
"""u01_tiny: four small answers."""

import torch
from torch import Tensor, nn

### BEGIN SOLUTION
SQUARES_AND_OTHER_SECRETS_OF_THE_SOLUTION = 3


def _thrice(x: Tensor) -> Tensor:
    return SQUARES_AND_OTHER_SECRETS_OF_THE_SOLUTION * x
### END SOLUTION


def double(x: Tensor) -> Tensor:
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """The first and the second half of a vector."""
    ### BEGIN SOLUTION
    n = len(x) // 2
    return x[:n].clone(), x[n:].clone()
    ### END SOLUTION


def slope(x: Tensor) -> Tensor:
    """The derivative of x³, by hand."""
    ### BEGIN SOLUTION
    return _thrice(x) * x
    ### END SOLUTION


class Scale(nn.Module):
    """Multiplies by one weight, which begins at `start`."""

    def __init__(self, start: float) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.weight = nn.Parameter(torch.tensor(start, dtype=torch.float64))
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return self.weight * x
        ### END SOLUTION
'''

SUITE = """\
import pytest
import torch

from autograder import checks as check
from autograder.checks import inside

pytestmark = pytest.mark.unit("u01_tiny")


@inside
def gradient_of_weight(scale, x):
    y = scale(x)
    y.sum().backward()
    return y.detach(), scale.weight.grad


@pytest.mark.item("double")
def test_it_is_twice_x(student, make):
    x = make(make.pick(3, 6))
    check.close(student.double(x), 2 * x, name="double(x) of the hidden suite")


@pytest.mark.item("halves")
def test_the_first_half(student, make):
    x = make(6)
    first, _ = student.halves(x)
    check.close(first, x[:3], name="the first")


@pytest.mark.item("halves")
def test_the_second_half(student, make):
    x = make(6)
    _, second = student.halves(x)
    check.close(second, x[3:], name="the second")


@pytest.mark.item("slope")
def test_slope(student, make):
    x = make(4)
    check.close(student.slope(x), 3 * x**2, name="slope(x)")


@pytest.mark.item("scale")
def test_the_weight_has_a_gradient(student, make):
    x = make(4)
    y, grad = gradient_of_weight(student.Scale(2.0), x)
    check.close(y, 2 * x, name="y")
    check.close(grad, x.sum(), name="the gradient")
"""

MISTAKES = """\
import torch
from torch import nn

from autograder.mistakes import alternative, mistake


@mistake("double", kind="formula", en="You squared x.", vi="Bạn đã bình phương x.", hint_en="2 · x", hint_vi="2 · x")
def squares_instead_of_doubling(x):
    return x**2


@mistake("double", kind="formula", en="You added 2.", vi="Bạn đã cộng 2.")
def adds_two(x):
    return x + 2


@mistake("double", kind="inplace", en="You changed x.", vi="Bạn đã sửa x.")
def doubles_in_place(x):
    x *= 2
    return x


@alternative("double")
def by_adding(x):
    return x + x


@alternative("double")
def from_the_right(x):
    return x * 2


@mistake("halves", kind="order", en="The halves are swapped.", vi="Hai nửa bị đổi chỗ.")
def swapped_halves(x):
    n = len(x) // 2
    return x[n:].clone(), x[:n].clone()


@mistake("halves", kind="indexing", en="One element is in both.", vi="Một phần tử nằm ở cả hai.")
def overlapping(x):
    n = len(x) // 2
    return x[: n + 1].clone(), x[n:].clone()


@mistake("halves", kind="indexing", en="You took every second one.", vi="Bạn lấy cách một phần tử.")
def every_second(x):
    return x[::2].clone(), x[1::2].clone()


@alternative("halves")
def with_chunk(x):
    return tuple(half.clone() for half in x.chunk(2))


@alternative("halves")
def with_split(x):
    first, second = x.split(len(x) // 2)
    return first.clone(), second.clone()


@mistake("slope", kind="formula", en="The exponent stayed 3.", vi="Số mũ vẫn là 3.")
def exponent_stays(x):
    return 3 * x**3


@mistake("slope", kind="formula", en="The factor is missing.", vi="Thiếu hệ số.")
def without_the_factor(x):
    return x**2


@mistake("slope", kind="formula", en="That is the second derivative.", vi="Đó là đạo hàm bậc hai.")
def second_derivative(x):
    return 6 * x


@alternative("slope")
def with_pow(x):
    return 3 * torch.pow(x, 2)


@alternative("slope")
def with_a_product(x):
    return x * x * 3


@mistake("scale", kind="formula", en="Divided.", vi="Bạn đã chia.")
class Divides(nn.Module):
    def __init__(self, start):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x):
        return x / self.weight


@mistake("scale", kind="graph", en="Detached.", vi="Đã bị detach.")
class Detached(nn.Module):
    def __init__(self, start):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x):
        return self.weight.detach() * x


@mistake("scale", kind="dtype", en="float32.", vi="float32.")
class Single(nn.Module):
    def __init__(self, start):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([start]))

    def forward(self, x):
        return self.weight * x.float()


@alternative("scale")
class FromOnes(nn.Module):
    def __init__(self, start):
        super().__init__()
        self.weight = nn.Parameter(torch.ones((), dtype=torch.float64) * start)

    def forward(self, x):
        return x * self.weight


@alternative("scale")
class Registered(nn.Module):
    def __init__(self, start):
        super().__init__()
        self.register_parameter("weight", nn.Parameter(torch.tensor(float(start)).double()))

    def forward(self, x):
        return torch.mul(x, self.weight)
"""

PUBLIC = '''\
"""Public tests of u01_tiny."""

import pytest
import torch
from u01_tiny import tiny

from autograder import checks as check

pytestmark = pytest.mark.unit("u01_tiny")


@pytest.mark.item("double")
def test_double():
    check.close(tiny.double(torch.tensor([1.0, 2.0])), torch.tensor([2.0, 4.0]), name="double(x)")


@pytest.mark.item("halves")
def test_halves():
    first, second = tiny.halves(torch.arange(4))
    check.close(first, torch.tensor([0, 1]), name="first")
    check.close(second, torch.tensor([2, 3]), name="second")


@pytest.mark.item("slope")
def test_slope():
    check.close(tiny.slope(torch.tensor([2.0])), torch.tensor([12.0]), name="slope(x)")


@pytest.mark.item("scale")
def test_scale():
    check.close(tiny.Scale(2.0)(torch.ones(2).double()).detach(), 2 * torch.ones(2).double(), name="y")
'''


def tiny_course(root: Path, *changes: tuple[str, str, str]) -> Course:
    """Write the course below `root`.  Each change is (file, text, what stands there instead)."""
    files = {
        "grading.yml": GRADING,
        f"solutions/{UNIT}/tiny.py": SOLUTION,
        f"autograder/suites/{UNIT}/test_tiny.py": SUITE,
        f"autograder/mistakes/{UNIT}.py": MISTAKES,
        f"exercises/{UNIT}/test_tiny.py": PUBLIC,
        f"exercises/{UNIT}/README.md": "# Tiny\n",
        f"exercises/{UNIT}/README.vi.md": "# Nhỏ\n",
    }
    for name, text in files.items():
        put(root / name, text)
    for name, old, new in changes:
        change(root / name, old, new)
    course = load(root)
    for path, text in generated(course).items():
        put(path, text)
    return course


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def answer(**answers: str) -> str:
    """The solution with some answers written another way: answer(double="return x"), by item; Scale: its forward."""
    text = SOLUTION
    old = {
        "double": "return 2 * x",
        "halves": "n = len(x) // 2\n    return x[:n].clone(), x[n:].clone()",
        "slope": "return _thrice(x) * x",
        "scale": "return self.weight * x",
        "top": "### BEGIN SOLUTION\nSQUARES",
    }
    for item, body in answers.items():
        indent = {"scale": " " * 8, "top": ""}.get(item, " " * 4)
        body = dedent(body).strip().replace("\n", f"\n{indent}")
        assert text.count(old[item]) == 1
        text = text.replace(old[item], f"{body}\n{old[item]}" if item == "top" else body)
    return text


def submission(source: str | bytes | Submission | None, student: str = "an") -> Submission:
    if isinstance(source, Submission):
        return source
    return Submission(student, UNIT, "tiny.py", source.encode() if isinstance(source, str) else source)


def suites_of(course: Course, seed: int = SEED) -> Suites:
    return Suites(course, course.units, seed, DataSource(course.root / "datasets", None, seed))


def judged_here(course: Course, *sources: str | Submission | None, seed: int = SEED) -> list[Attempt]:
    """These submissions judged in this very process, as `--isolation none` does."""
    import torch._dynamo  # noqa: F401  as in the zygote: on a busy machine a test's alarm may break off its import

    suites = suites_of(course, seed)
    judge = Judge(course, suites, None, suites.data, beat=lambda item, seconds: None)
    attempts: list[Attempt] = []
    serve(suites, lambda: attempts.extend(judge.judge(submission(source)) for source in sources))
    return attempts


def serve(suites: Suites, loop: Callable[[], None] = lambda: None) -> None:
    """`suites.serve(loop)` inside a test: suites of the same name are forgotten, the environment is kept."""
    with forgotten({unit.id for unit in suites.units}):
        suites.serve(loop)


@contextmanager
def forgotten(units: Collection[str]) -> Iterator[None]:
    """What runs suites in this process leaves neither their modules nor its environment to the next test."""
    with mock.patch.dict(os.environ):
        try:
            yield
        finally:
            for name in [name for name in sys.modules if name.split(".")[0] in units]:
                del sys.modules[name]


@contextmanager
def slots(course: Course, isolation: str = "auto", size: int = 1) -> Iterator[Pool]:
    """Slots that judge this course's submissions in the real sandbox."""
    settings = Settings(course.path, tuple(unit.id for unit in course.units), isolation, True, SEED, None)
    with Pool(course, settings, size) as pool:
        pool.start()
        yield pool


def judged(pool: Slots, course: Course, *sources: str | bytes | None, only: Sequence[str] = ()) -> list[Attempt]:
    jobs = [Job(number, submission(source), tuple(only)) for number, source in enumerate(sources)]
    ended = dict(attempts(pool.run(jobs)))
    return [ended[job] for job in jobs]


def item(attempt: Attempt, id: str) -> ItemResult:
    return next(result for result in attempt.items if result.item == id)


def verdicts(attempt: Attempt) -> dict[str, Verdict]:
    return {result.item: result.verdict for result in attempt.items}


def told(result: ItemResult) -> str:
    """All that the student reads about an item, in English."""
    words = [*result.feedback]
    for diagnosis in result.diagnoses:
        words += [diagnosis.words, *([diagnosis.hint] if diagnosis.hint else [])]
    return "\n".join(say(sentence, "en") for sentence in words)


def here(**changes: object) -> Options:
    """Options of a run that needs neither a sandbox nor a network."""
    return Options(**{"isolation": "process", "trust": True, "download": False, **changes})  # type: ignore[arg-type]


def python(*arguments: str | Path, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own, with this kit: python("-m", "autograder", …)."""
    command = [sys.executable, *map(str, arguments)]
    env = environment() | environ
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=100, check=False)


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COURSE_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COURSE_LANG": "en", "COLUMNS": "120"}


def without_time(attempts: Sequence[Attempt]) -> list[Attempt]:
    items = [tuple(replace(result, seconds=0.0) for result in attempt.items) for attempt in attempts]
    return [replace(attempt, seconds=0.0, items=found) for attempt, found in zip(attempts, items, strict=True)]


def wait_until(true: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


WRONG = answer(double="return x**2", halves="return None", slope="raise ValueError", scale="return x")
