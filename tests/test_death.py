"""Nothing is lost, counted twice or left behind when parts of a run are killed, the disk fills, or two runs meet.

The batch of test_a_hundred_kills… is graded by the command an instructor types; its coordinator, the processes that
fork its slots and its zygotes, slots, zygotes, their keepers and workers get SIGKILL at random moments until the batch
is done, and the command is given again whenever it ended early.  `DEATH_SEED=…` repeats the order of the kills (the
moments depend on the machine).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course
from autograder.grading import forks
from autograder.grading import scratch as scratch_module
from autograder.grading.forks import started
from autograder.grading.pool import Pool
from autograder.grading.scratch import scratch, sweep_folders
from autograder.grading.slot import Settings
from autograder.grading.slots import GradingError
from autograder.grading.store import FOLDER, Store, StoreError
from tests.real_path import _children, adopting_orphans, memory_groups
from tests.tiny_course import SOLUTION, answer, environment, put, python, tiny_course, wait_until

KINDS = {  # and how often each is meant
    "coordinator": 1,
    "forkserver": 1,
    "nursery": 1,
    "slot": 2,
    "keeper": 1,
    "zygote": 2,
    "worker": 30,
}
STUDENTS, ITEMS, KILLS, SECONDS = 60, 4, 100, 1500
linux = pytest.mark.skipif(sys.platform != "linux", reason="walls, /proc and small disks to mount are Linux's")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return tiny_course(tmp_path_factory.mktemp("course"))


ANSWERS: tuple[dict[str, str], ...] = (  # slow enough to be killed, and nothing that ends a worker by itself
    {"top": "import time"},
    {"double": "time.sleep(0.05)\nreturn x**2", "top": "import time"},
    {"halves": "time.sleep(0.05)\nreturn x[:3].clone(), x[:3].clone()", "top": "import time"},
    {"slope": "raise ValueError(x)", "top": "import time\ntime.sleep(0.1)"},
    {"scale": "time.sleep(0.1)\nreturn x / self.weight", "top": "import time"},
    {"double": "return None", "halves": "time.sleep(0.1)\nreturn x", "top": "import time"},
)


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    for number in range(STUDENTS):
        put(folder / f"s{number:02d}" / "tiny.py", answer(**ANSWERS[number % len(ANSWERS)]) + f"\n# {number}\n")
    return folder


def command(course: Course, handed_in: Path, out: Path, *options: str) -> list[str]:
    start = [sys.executable, "-m", "autograder", "grade", str(handed_in), "--out", str(out)]
    return [*start, "--course", str(course.root), "--offline", "--jobs", "2", *options]


def surroundings(folder: Path) -> dict[str, str]:
    (folder / "tmp").mkdir(exist_ok=True)
    return environment() | {"TMPDIR": str(folder / "tmp")}


def results(out: Path) -> list[Any]:
    """results.json without what the clock wrote."""
    found: list[Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    for attempt in found:
        for timed in (attempt, *attempt["items"]):
            timed.pop("seconds")
    return found


def kept(out: Path) -> int:
    """The items in the store."""
    path = out / FOLDER / "results.sqlite"
    if not path.exists():
        return 0
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database, suppress(sqlite3.OperationalError):
        return int(database.execute("SELECT count(*) FROM results").fetchone()[0])  # unless it is just being made
    return 0


# --- who runs ---


def processes() -> dict[int, tuple[int, str]]:
    """pid → (parent's pid, name)."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            head, _, rest = stat.read_text(errors="replace").rpartition(")")
            state, parent = rest.split()[:2]
            if state != "Z":
                found[int(stat.parent.name)] = (int(parent), head.partition("(")[2])
    return found


def below(pid: int, known: dict[int, tuple[int, str]]) -> list[int]:
    """The Python processes under this one; bubblewrap and what it holds are nobody's."""
    return [child for child, (parent, name) in known.items() if parent == pid and name not in ("bwrap", "cat")]


def line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def family(coordinator: int) -> dict[str, list[tuple[int, int]]]:
    """kind → (pid, its parent in our drawing)."""
    known = processes()
    own = [(pid, line(pid)) for pid in below(coordinator, known)]
    forkservers = [(pid, coordinator) for pid, words in own if "multiprocessing.forkserver" in words]
    nurseries = [(pid, coordinator) for pid, words in own if "inner.nursery" in words]
    slots = [(pid, server) for server, _ in forkservers for pid in below(server, known)]
    keepers = [(pid, nursery) for nursery, _ in nurseries for pid in below(nursery, known)]
    zygotes = [(pid, keeper) for keeper, _ in keepers for pid in below(keeper, known)]
    workers = [(pid, zygote) for zygote, _ in zygotes for pid in below(zygote, known)]
    found = [(coordinator, 0)], forkservers, nurseries, slots, keepers, zygotes, workers
    return dict(zip(KINDS, found, strict=True))


# --- a hundred kills ---


@dataclass
class Killer:
    """Kills at random, a worker of a submission at most once: the second would be the student's, as the rule says."""

    dice: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    spared: dict[int, int] = field(default_factory=dict)  # zygote → the worker that took a killed one's place
    struck: dict[int, int] = field(default_factory=dict)  # zygote, whose next worker is to be spared → the killed one

    def strike(self, coordinator: int) -> None:
        kind = self.dice.choices(list(KINDS), list(KINDS.values()))[0]
        found = family(coordinator)
        self._see(found["worker"])
        able = [(pid, above) for pid, above in found[kind] if kind != "worker" or self._may(pid, above)]
        if able:
            pid, above = self.dice.choice(able)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed[kind] += 1
                if kind == "worker":
                    self.struck[above] = pid

    def _see(self, workers: list[tuple[int, int]]) -> None:
        for pid, zygote in workers:
            if self.struck.get(zygote, pid) != pid:  # the killed one may be seen for a moment yet
                del self.struck[zygote]
                self.spared[zygote] = pid

    def _may(self, pid: int, zygote: int) -> bool:
        return zygote not in self.struck and self.spared.get(zygote) != pid


@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
@linux
def test_a_hundred_kills_lose_nothing_count_nothing_twice_and_leave_nothing(
    course: Course, handed_in: Path, tmp_path: Path
) -> None:
    seed = int(os.environ.get("DEATH_SEED") or random.SystemRandom().randrange(10**6))
    sys.stdout.write(f"DEATH_SEED={seed}\n")
    env, killer, calm = surroundings(tmp_path), Killer(random.Random(seed)), tmp_path / "calm"
    subprocess.run(command(course, handed_in, calm), env=env, check=True, capture_output=True)
    want, ends = results(calm), Counter[int]()
    assert len(want) == STUDENTS
    batch = 0
    with memory_groups() as groups, adopting_orphans() as orphans:
        env |= groups.env
        before = _children()
        while sum(killer.killed.values()) < KILLS or min(killer.killed[kind] for kind in KINDS) < 5:
            batch += 1
            out = tmp_path / f"out{batch}"
            ends += disturbed(command(course, handed_in, out), env, killer, partial(like, calm, out))
            assert results(out) == want, f"DEATH_SEED={seed}, batch {batch}"
            assert kept(out) == STUDENTS * ITEMS
            sys.stdout.write(f"batch {batch}: {dict(killer.killed)}, exits {dict(ends)}\n")
        wait_for_none(before)
        left = orphans() + groups.left()
    assert left == ()
    assert list((tmp_path / "tmp").iterdir()) == []
    assert set(ends) <= {0, 2, 3, -signal.SIGKILL}


def like(calm: Path, out: Path) -> None:
    """A folder in which nothing is kept will draw the same hidden inputs."""
    if kept(out):
        return
    with sqlite3.connect(calm / FOLDER / "results.sqlite") as database:
        ((drawn,),) = database.execute("SELECT value FROM meta WHERE name = 'seed'")
    with Store(out) as store:
        store._db.execute("INSERT OR REPLACE INTO meta VALUES ('seed', ?)", (drawn,))


def disturbed(words: list[str], env: dict[str, str], killer: Killer, before: Callable[[], None]) -> Counter[int]:
    """The command, given again until it ends well; how it ended each time."""
    ends = Counter[int]()
    while not ends[0]:
        before()  # a run that could not start takes its folder with it
        with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
            while running.poll() is None:
                starting = not family(running.pid)["worker"]  # what is killed there comes up for seconds again
                time.sleep(killer.dice.random() * (2.0 if starting else 0.25))
                killer.strike(running.pid)
            said = running.stdout.read().decode() if running.stdout is not None else ""
        ends[running.returncode] += 1
        # killed three times before it came up
        unlucky = running.returncode == 2 and re.search("a slot could not start|slots could not be forked", said)
        assert unlucky or running.returncode in (0, 3, -signal.SIGKILL), said
        assert "Traceback" not in said, said
    return ends


def wait_for_none(before: set[int], seconds: float = 30.0) -> None:
    """Whoever was orphaned by a kill has so long to end by itself."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (alive := _children() - before):
        for pid in alive:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.1)


@dataclass
class Process:
    """One whose start ends like this."""

    errors: list[Exception]

    def start(self) -> None:
        if self.errors:
            raise self.errors.pop()


def test_a_slot_whose_forking_process_was_killed_is_asked_for_again() -> None:
    errors: list[Exception] = [EOFError(), ConnectionRefusedError()]
    assert isinstance(started(lambda: Process(errors), None), Process)
    assert errors == []


def test_slots_that_can_never_be_forked_are_told_on_one_line() -> None:
    said = r"^slots could not be forked 3 times in a row: the process that forks them was killed \(EOFError\(\)\)$"
    with pytest.raises(GradingError, match=said):
        started(lambda: Process([EOFError()]), None)


@linux
def test_a_temporary_folder_of_too_long_a_name_for_a_socket_is_no_hindrance(course: Course, tmp_path: Path) -> None:
    put(tmp_path / "an" / "tiny.py", SOLUTION)
    folder, out = tmp_path / ("far" * 30), tmp_path / "out"
    folder.mkdir()
    arguments = ("grade", tmp_path / "an", "--out", out, "--course", course.root, "--jobs", "1", "--quiet")
    done = python("-m", "autograder", *arguments, TMPDIR=str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((out / "results.json").read_text(encoding="utf-8"))[0]["score"] == 10.0
    assert list(folder.iterdir()) == []


def test_where_no_socket_can_be_made_it_says_which_folder_is_to_be_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(forks, "SHORT", str(tmp_path / "missing"))
    monkeypatch.setattr(tempfile, "tempdir", f"/{'far' * 30}")
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {})
    with pytest.raises(GradingError, match=r"^TMPDIR is too long for a socket's path: /far.*; TMPDIR=.*missing helps$"):
        started(lambda: Process([]), None)


@linux
@pytest.mark.parametrize("kind", ["forkserver", "nursery"])
def test_what_slots_and_zygotes_were_forked_from_has_ended_when_the_command_has(
    course: Course, tmp_path: Path, kind: str
) -> None:
    put(tmp_path / "an" / "tiny.py", SOLUTION)
    words = [*command(course, tmp_path / "an", tmp_path / "out"), "--isolation", "process", "--trust-submissions"]
    with adopting_orphans():
        before = _children()
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            wait_until(lambda: bool(family(running.pid)[kind]))
            ((pid, _),) = family(running.pid)[kind]
            assert running.wait(100) == 0
            assert pid not in _children() - before


# --- scratch folders ---


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def abandoned(temporary: Path) -> Path:
    """What a run leaves that was killed."""
    put(temporary / "autograder-dead" / "lock", "")
    put(temporary / "autograder-dead" / "slots" / "autograder-x" / "zygote.log", "")
    return temporary / "autograder-dead"


def test_a_run_clears_what_a_killed_one_left_and_leaves_nothing_itself(temporary: Path) -> None:
    dead = abandoned(temporary)
    with scratch() as folder:
        assert folder.is_dir()
        assert not dead.exists()
    assert list(temporary.iterdir()) == []


def test_a_run_leaves_the_folder_of_a_living_one_alone(temporary: Path) -> None:
    with scratch() as one, scratch() as other:
        put(one / "in use", "")
        sweep_folders()
        assert (one / "in use").exists()
        assert other.exists()


def test_what_is_no_run_s_stays(temporary: Path) -> None:
    put(temporary / "autograder-notes" / "mine.txt", "")
    put(temporary / "autograder-being-made" / "lock", "")
    put(temporary / "autograder-file", "")
    aim = temporary / "elsewhere"
    abandoned(temporary).rename(aim)
    (temporary / "autograder-link").symlink_to(aim)
    before = sorted(temporary.rglob("*"))
    sweep_folders()
    assert sorted(temporary.rglob("*")) == before


def test_a_folder_whose_making_was_interrupted_goes_after_a_while(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(temporary / "autograder-half" / "lock", "")
    monkeypatch.setattr(scratch_module, "YOUNG", -1.0)
    sweep_folders()
    assert list(temporary.iterdir()) == []


def test_a_clearing_that_was_interrupted_is_finished(temporary: Path) -> None:
    dead = abandoned(temporary)
    (dead / "lock").unlink()
    sweep_folders()
    assert list(temporary.iterdir()) == []


# --- two runs, one folder ---


def test_a_folder_is_held_by_one_run_and_the_other_is_told_by_whom(tmp_path: Path) -> None:
    with Store(tmp_path) as first:
        seed = first.seed()
        with pytest.raises(StoreError, match=rf"another run is grading into it \(process {os.getpid()} on .*\); wait"):
            Store(tmp_path)
        assert first.seed() == seed
    with Store(tmp_path) as second:
        assert second.seed() == seed


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--fresh",)])
@linux
def test_a_second_run_into_the_same_folder_is_refused_and_the_first_ends_well(
    course: Course, handed_in: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    out, env = tmp_path / "out", surroundings(tmp_path)
    first = subprocess.Popen(command(course, handed_in, out), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: kept(out) >= 2 * ITEMS)
        words = command(course, handed_in, out, *options)
        second = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        said, errors = first.communicate(timeout=100)
    finally:
        first.kill()
    assert (second.returncode, second.stdout) == (2, "")
    assert re.fullmatch(
        rf"autograder: .*another run is grading into it \(process {first.pid} .*\); wait .*\n", second.stderr
    )
    assert first.returncode == 0, said + errors
    assert len(results(out)) == STUDENTS
    assert kept(out) == STUDENTS * ITEMS
    assert not (out / FOLDER / "holder").exists()


# --- disks ---


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"this user, or this container, may not mount a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def one_line(done: subprocess.CompletedProcess[str] | tuple[int, str]) -> str:
    """What a refusal says: exit 2, one line that is not progress."""
    code, errors = done if isinstance(done, tuple) else (done.returncode, done.stderr)
    lines = [text for text in errors.splitlines() if text.startswith("autograder: ")]
    assert code == 2, errors
    assert "Traceback" not in errors
    assert len(lines) == 1, errors
    return lines[0]


@pytest.mark.slow
@linux
def test_a_disk_that_fills_during_a_run_costs_nothing_that_was_kept(
    course: Course, handed_in: Path, tmp_path: Path
) -> None:
    env = surroundings(tmp_path)
    with mounted(tmp_path / "disk", "size=80m") as disk:
        out, words = disk / "out", command(course, handed_in, disk / "out")
        running = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: kept(out) >= 2 * ITEMS)
            fill(disk / "filling")
            said, errors = running.communicate(timeout=100)
        finally:
            running.kill()
        assert "could not be kept" in one_line((running.returncode, errors))
        assert said == ""
        assert [path.name for path in out.iterdir()] == [FOLDER]
        (disk / "filling").unlink()
        items = kept(out)
        assert 2 * ITEMS <= items < STUDENTS * ITEMS
        again = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stderr
        found = re.search(rf"(\d+) of {STUDENTS} kept from an earlier run", again.stderr)
        assert found is not None, again.stderr
        assert 0 <= items - int(found[1]) * ITEMS <= 2 * (ITEMS - 1)  # two slots were in the middle of one each
        assert len(results(out)) == STUDENTS
        assert kept(out) == STUDENTS * ITEMS
    assert list((tmp_path / "tmp").iterdir()) == []


def fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 16)):
            pass
    with suppress(OSError), path.open("ab", buffering=0) as file:
        while file.write(b"."):
            pass


def test_a_temporary_folder_that_cannot_be_written_is_no_traceback(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(GradingError, match=r"no temporary folder can be made \(No such file or directory: .*nowhere"):
        Pool(course, Settings(course.path, (), "none", True, 7, None), 1).__enter__()


@linux
def test_an_output_folder_that_is_read_only_is_told_on_one_line_and_stays_as_it_is(
    course: Course, tmp_path: Path
) -> None:
    put(tmp_path / "an" / "tiny.py", SOLUTION)
    with mounted(tmp_path / "disk", "size=80m") as disk:
        arguments = ("-m", "autograder", "grade", tmp_path / "an", "--out", disk / "out", "--course", course.root)
        options = ("--isolation", "process", "--trust-submissions", "--offline")
        assert python(*arguments, *options).returncode == 0
        before = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        told = one_line(python(*arguments, *options))
        assert {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()} == before
    assert "cannot be written (Read-only file system); choose another folder with --out" in told


# --- who killed? ---


@pytest.mark.parametrize(("kills", "verdict"), [(1, "passed"), (2, "out_of_memory")])
def test_a_worker_killed_once_is_nobody_s_fault_and_twice_the_student_s(
    course: Course, tmp_path: Path, kills: int, verdict: str
) -> None:
    """No submission can count its lives in a sandbox: here, in the tier without walls, a file does it for it."""
    count = tmp_path / "lives"
    dies = f"import os\nwith open({str(count)!r}, 'a') as file:\n    file.write('x')\n"
    dies += f"if os.path.getsize({str(count)!r}) <= {kills}:\n    os.kill(os.getpid(), 9)\nreturn 2 * x"
    put(tmp_path / "an" / "tiny.py", answer(double=dies))
    arguments = ("-m", "autograder", "grade", tmp_path / "an", "--out", tmp_path / "out", "--course", course.root)
    done = python(*arguments, "--isolation", "process", "--trust-submissions", "--offline")
    assert done.returncode == 0, done.stderr
    (attempt,) = results(tmp_path / "out")
    assert {item["item"]: item["verdict"] for item in attempt["items"]} == {
        "double": verdict, "halves": "passed", "slope": "passed", "scale": "passed"
    }  # fmt: skip
