"""Items with `processes: true` hold: tests/golden/loaders/<name>/ through the command an instructor types, both tiers.

The unit u01_loader of the hostile course; all cases are graded once a tier, by one slot, with an honest submission
after each.  What must become of a case stands in its expect.toml (as in tests/golden/hostile/README.md).
"""

from __future__ import annotations

import socket
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import load
from tests.real_path import ROOT, SECONDS, Graded, grade, once_a_tier

CASES = {path.parent.name: tomllib.loads(path.read_text()) for path in ROOT.glob("tests/golden/loaders/*/expect.toml")}
COURSE = ROOT / "tests" / "golden" / "hostile" / "course"
UNIT = load(COURSE).unit("u01_loader")
TIERS = ("namespaces", "landlock")
ALLOWED = 8.0  # seconds of all items together, where a case names no bound

pytestmark = [
    pytest.mark.timeout(SECONDS + 30),
    pytest.mark.skipif(sys.platform != "linux", reason="both tiers need Linux"),
]
Grader = Callable[[str], Graded]
every_run = pytest.mark.parametrize(("tier", "case"), [(tier, case) for tier in TIERS for case in sorted(CASES)])


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Grader:
    """`graded(tier)`: graded once; skips where the machine does not offer the tier."""
    return once_a_tier(lambda tier: _grade(tier, tmp_path_factory.mktemp(tier)))


def _grade(tier: str, folder: Path) -> Graded | str:
    """Every case and an honest neighbour after it, in one slot, while a named socket outside listens."""
    honest = (COURSE / "solutions" / UNIT.id / UNIT.filename).read_text(encoding="utf-8")
    place = str(folder / "socket")
    for name in CASES:
        source = (ROOT / "tests" / "golden" / "loaders" / name / UNIT.filename).read_text(encoding="utf-8")
        for student, text in ((name, source.replace("{{socket}}", place)), (f"{name}~honest", honest)):
            (folder / "submissions" / student).mkdir(parents=True)
            (folder / "submissions" / student / UNIT.filename).write_text(text, encoding="utf-8")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        options = ("--course", str(COURSE), "--unit", UNIT.id, "--jobs", "1")
        return grade([folder / "submissions"], folder, tier, *options)


@every_run
def test_every_item_has_the_verdict_its_folder_says(graded: Grader, tier: str, case: str) -> None:
    want = CASES[case]
    found = {item["item"]: item["verdict"] for item in graded(tier).attempts[case, UNIT.id]["items"]}
    allowed = {item.id: want.get(item.id, want["rest"]) for item in UNIT.items}
    assert {id: verdict for id, verdict in found.items() if verdict not in _several(allowed[id])} == {}
    assert list(found) == list(allowed)


def _several(verdicts: Any) -> list[str]:
    return verdicts if isinstance(verdicts, list) else [verdicts]


@every_run
def test_the_student_reads_what_helps(graded: Grader, tier: str, case: str) -> None:
    page = graded(tier).page(case)
    assert [words for words in CASES[case].get("page", ()) if words not in page] == []


@every_run
def test_it_ends_in_time(graded: Grader, tier: str, case: str) -> None:
    items = graded(tier).attempts[case, UNIT.id]["items"]
    assert sum(item["seconds"] for item in items) <= CASES[case].get("seconds", ALLOWED)


@pytest.mark.parametrize("tier", TIERS)
def test_the_neighbours_have_their_usual_result(graded: Grader, tier: str) -> None:
    found = {name: graded(tier).attempts[f"{name}~honest", UNIT.id] for name in CASES}
    assert {name: attempt["items"] for name, attempt in found.items() if attempt["score"] != UNIT.points} == {}


@pytest.mark.parametrize("tier", TIERS)
def test_no_process_and_no_file_outlives_the_command(graded: Grader, tier: str) -> None:
    assert graded(tier).left == ()
