"""docs/pictures: each unit has its picture, and the loss curves that are shown keep the published bound."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from autograder.course import load

ROOT = Path(__file__).parents[1]
UNITS = load(ROOT).units


@pytest.fixture(scope="module")
def draw() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw", ROOT / "docs" / "pictures" / "draw.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("unit", [unit.id for unit in UNITS])
def test_both_readmes_of_a_unit_show_the_picture_that_the_script_draws(draw: ModuleType, unit: str) -> None:
    folder = ROOT / "exercises" / unit
    assert unit in draw.PICTURES
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert [
        name for name in ("README.md", "README.vi.md") if "](picture.png)" not in (folder / name).read_text("utf-8")
    ] == []


@pytest.mark.timeout(600)
def test_the_published_network_falls_below_a_hundredth_within_500_steps_from_each_of_24_seeds(draw: ModuleType) -> None:
    assert {seed: curve[-1] for seed in range(draw.SEEDS) if (curve := draw.curve(seed))[-1] >= 0.01} == {}
