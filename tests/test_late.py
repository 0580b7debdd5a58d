"""late: what a unit and a submission mention decides what is imported before workers are forked."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course import load
from autograder.grading.late import DYNAMO, TORCHVISION, of_source, of_units
from tests.tiny_course import tiny_course

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("optimizer = torch.optim.SGD(net.parameters(), lr=0.1)", (DYNAMO,)),
        ("from torch import optim", (DYNAMO,)),
        ("gradient = torch.func.grad(f)(x)", (DYNAMO,)),
        ("class Square(torch.autograd.Function): ...", (DYNAMO,)),
        ("net = torch.compile(net)", (DYNAMO,)),
        ("    from torchvision.datasets import MNIST", (DYNAMO, TORCHVISION)),
        ("import torchvision", (DYNAMO, TORCHVISION)),
        ('"""Twin: torchvision.transforms.RandomHorizontalFlip."""', ()),
        ("def function(x): return x.optimal", ()),
        ("", ()),
    ],
)
def test_a_source_needs(source: str, modules: tuple[str, ...]) -> None:
    assert of_source(source.encode()) == modules


def test_a_unit_needs_what_its_reference_its_mistakes_or_its_tests_mention(tmp_path: Path) -> None:
    course = tiny_course(tmp_path)
    assert of_units(course, course.units) == ()
    for place in (
        "solutions/u01_tiny/tiny.py",
        "autograder/mistakes/u01_tiny.py",
        "autograder/suites/u01_tiny/test_tiny.py",
    ):
        path = course.root / place
        before = path.read_text(encoding="utf-8")
        path.write_text(before + "\n# torch.optim\n", encoding="utf-8")
        assert of_units(course, course.units) == (DYNAMO,)
        path.write_text(before, encoding="utf-8")


def test_no_unit_trains_without_what_an_optimizer_imports() -> None:
    course = load(ROOT)
    trains = [unit for unit in course.units if unit.id.split("_")[0] in ("u04", "u05", "u06", "u08", "u09", "u10")]
    assert [of_units(course, [unit])[0] for unit in trains] == [DYNAMO] * 6
