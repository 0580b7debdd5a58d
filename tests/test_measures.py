"""What the benchmarks of throughput rest on: costs are whole, parts add up, peers' checks find what ours find."""

from __future__ import annotations

import importlib
import itertools
import sys
import time
from pathlib import Path
from unittest import mock

import pytest

from autograder.bank import load as load_bank
from autograder.course import load
from tests.benchmarks import where
from tests.benchmarks.measure import CommandFailed, measured
from tests.benchmarks.peers import plain

ROOT = Path(__file__).parents[1]
COURSE = load(ROOT)
UNIT = COURSE.unit("u01_tensors")
CHECKS = plain().checks
BURN = "import time\nwhile time.process_time() < 0.3: pass"

linux = pytest.mark.skipif(sys.platform != "linux", reason="times are read from /proc")


def python(source: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", source, *arguments]


@linux
def test_the_processor_time_of_an_orphan_is_counted() -> None:
    """Started in a session of its own, by a process that is gone before it has done its work."""
    orphaned = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]], start_new_session=True)"
    cost = measured(python(orphaned, BURN), cwd=ROOT)
    assert cost.cpu >= 0.3
    assert cost.own_cpu < 0.3


@linux
def test_the_peak_is_that_of_the_command_and_not_of_what_it_starts() -> None:
    fill = "import time; held = bytearray(200 << 20); time.sleep(0.2)"
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)"
    assert measured(python(fill), cwd=ROOT).peak_mb > 200
    assert measured(python(parent, fill), cwd=ROOT).peak_mb < 100


@linux
def test_a_command_that_fails_tells_what_it_said_last() -> None:
    with pytest.raises(CommandFailed, match="ended with 3:\nno such class"):
        measured(python("import sys; print('no such class'); sys.exit(3)"), cwd=ROOT)


@linux
def test_an_exit_code_that_was_expected_is_no_failure() -> None:
    assert measured(python("raise SystemExit(3)"), cwd=ROOT, ends=(0, 3)).wall > 0


def test_the_part_around_another_stands_still_while_that_one_runs() -> None:
    """A clock that goes one second at each look: each part has the looks that are its own."""
    clock = where.Clock()
    wire = clock.around(where.WIRE, lambda: None)
    proxy = clock.around(where.PROXY, lambda: (wire(), wire()))
    with mock.patch.multiple(time, process_time=itertools.count().__next__, perf_counter=lambda: 0.0):
        clock.around(where.JUDGE, proxy)()
    assert clock.cpu == {where.JUDGE: 2, where.PROXY: 3, where.WIRE: 2}


@pytest.mark.parametrize("closed", where.CLOSED)
def test_what_is_done_for_a_closed_part_belongs_to_it(closed: str) -> None:
    clock = where.Clock()
    inner = clock.around(where.WIRE, lambda: None)
    with mock.patch.multiple(time, process_time=itertools.count().__next__, perf_counter=lambda: 0.0):
        clock.around(where.JUDGE, clock.around(closed, inner))()
    assert clock.cpu == {where.JUDGE: 2, closed: 1}


def test_outside_of_a_judgement_nothing_is_counted() -> None:
    clock = where.Clock()
    assert clock.around(where.WIRE, lambda: 7)() == 7
    assert clock.cpu == {}


def test_the_rows_of_the_table_add_up() -> None:
    clock = where.Clock()
    clock.cpu = dict.fromkeys(where.MEANS, 0.5)
    inside = where.Inside(fork=1.0, imports=2.0, answers=3.0, exit=4.0, workers=100)
    grader = 0.5 * len(where.MEANS)
    table = where.table(where.Found(100, 5, clock, inside, 1.5, 6.0, (), grader), 2.0)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:] if "|" in line]
    parts = [float(row[2]) for row in cells if "**" not in row[2]]
    assert sum(parts) == pytest.approx(10 * (grader + 11.5), abs=0.05 * len(parts))
    assert [row[2] for row in cells if "**" in row[2]] == [f"**{10 * (grader + 11.5):.1f}**", "**60.0**"]


@pytest.mark.parametrize("item", CHECKS)
def test_the_peers_check_passes_the_reference_and_fails_each_mistake(item: str) -> None:
    """But where loops are forbidden: a plain assert sees none."""
    bank = load_bank(COURSE, UNIT)
    check = getattr(importlib.import_module("tests.benchmarks.plain_tensors"), f"check_{item}")  # it has no types
    check(defined(bank.reference)[item])
    for entry in bank.mistakes_of(item):
        answer = defined(bank.source(entry))[item]
        if not UNIT.item(item).forbids:
            with pytest.raises(Exception):  # noqa: B017  it may raise what it likes
                check(answer)


def test_the_peers_have_a_check_for_each_of_the_ten_items() -> None:
    assert list(CHECKS) == [item.id for item in UNIT.items][:10]


def defined(source: bytes) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(source, "answers", "exec"), names)
    return names
