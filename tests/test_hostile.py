"""The hostile corpus holds: tests/golden/hostile/<group>/<name>/ through the command an instructor types, in each tier.

Each group is graded once a tier and a user (whoever runs this, and an ordinary one where that is root), by one slot,
with an honest submission before and after every hostile one.  Slow tests do all of that; else what needs no walls is
graded in `namespaces` and `process` as the present user, and denial in each tier as one of the two.  What a case must
become stands in its expect.toml (see tests/golden/hostile/README.md).  Cases with a `baseline` are run against a plain
pytest in one process as well, where they must win: the test of the test; the first of each kind, and all where slow
tests run.  Two runs at a time (one, where pytest-xdist fills the other core), in the order in which they are asked for.
"""

from __future__ import annotations

import hashlib
import os
import py_compile
import re
import shutil
import site
import subprocess
import sys
import tempfile
import threading
import tomllib
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.course import load
from tests.hostile_files import BUILDERS
from tests.hostile_notebooks import NOTEBOOKS
from tests.real_path import ROOT, SECONDS, Graded, grade

CORPUS = ROOT / "tests" / "golden" / "hostile"
COURSE = CORPUS / "course"
UNIT = load(COURSE).unit("u00_target")
ITEMS = [item.id for item in UNIT.items]
WALLED = ("namespaces", "landlock")
PRESENT = os.geteuid()
SCRATCH_USER = 64321  # nobody's: an ordinary user who owns what the instructor owns, and nothing else
USERS = (PRESENT, SCRATCH_USER) if PRESENT == 0 else (PRESENT,)
PLACES = ("SUITE", "SOLUTION", "MISTAKES", "LABELS", "ENVIRONMENT", "NEIGHBOUR", "HOME", "HISTORY", "CACHE")
CANARIES = tuple(f"CANARY_{place}" for place in PLACES)
BASELINES = {"score", "naive", "public", "loot", "through"}
RESERVED = {"about", "from", "rest", "page", "absent", "seconds", "item_seconds", "baseline", "unarmed", "tiers"}
RESERVED |= {"build", "printed", "process"}
LOG_BYTES = 16 << 10  # of an item: 6 KB, in which every byte may have become an escape, and every line a mark
ALLOWED = 6.0  # seconds of all items together, where a case names no bound
UNHURRIED = 3.0  # seconds of a neighbour's six items, which take 0.05 alone: nobody's threads and files slow it down
AT_ONCE = 1 if "PYTEST_XDIST_WORKER" in os.environ else 2  # runs; one holds two processes, of which one works
WITHOUT_WALLS = ("forging", "accidents")  # what these try is judged by value, or is no attack
ALONE = {"denial"}  # its submissions take what the machine has, and some must reach their limit before the clock's

pytestmark = [
    pytest.mark.timeout(SECONDS + 30),
    pytest.mark.skipif(sys.platform != "linux", reason="both tiers need Linux"),
]


@dataclass(frozen=True)
class Case:
    group: str
    name: str
    want: dict[str, Any]

    @property
    def folder(self) -> Path:
        return CORPUS / self.group / self.name

    @property
    def tiers(self) -> tuple[str, ...]:
        """Where it holds: walls are what stops theft, tampering and denial, so those need them."""
        default = (*WALLED, "process") if self.group in WITHOUT_WALLS else WALLED
        return tuple(self.want.get("tiers", default))

    def wanted(self, tier: str) -> dict[str, Any]:
        """What must become of it; the table [process] says what is otherwise where there are no walls."""
        return self.want | self.want.get("process", {}) if tier == "process" else self.want

    def verdicts(self, item: str, tier: str = "") -> list[str]:
        """What may become of an item."""
        want = self.wanted(tier)
        found = want.get(item, want["rest"])
        return found if isinstance(found, list) else [found]


@dataclass(frozen=True)
class Setting:
    """How a group is graded: under which tier, and by whom."""

    tier: str
    uid: int

    def __str__(self) -> str:
        return f"{self.tier}-{'root' if self.uid == 0 else 'user'}"


def _settings() -> tuple[Setting, ...]:
    """Both walled tiers as the present user and, where that is root, as an ordinary one; `process` as the present."""
    return (*(Setting(tier, uid) for uid in USERS for tier in WALLED), Setting("process", PRESENT))


def _case(path: Path) -> Case:
    want = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = want.keys() - RESERVED - set(ITEMS)
    assert not unknown, f"{path}: unknown keys {sorted(unknown)}"
    return Case(path.parent.parent.name, path.parent.name, want)


# The group intake has a test of its own (test_hostile_intake.py): an archive is no folder.
CASES = [_case(path) for path in sorted(CORPUS.glob("*/*/expect.toml")) if path.parts[-3] != "intake"]
GROUPS = sorted({case.group for case in CASES})
RUNS = [(setting, case) for setting in _settings() for case in CASES if setting.tier in case.tiers]
PAIRS = list(dict.fromkeys((setting, case.group) for setting, case in RUNS))
BITES = [case for case in CASES if "baseline" in case.want]


def _marks(setting: Setting, group: str) -> tuple[pytest.MarkDecorator, ...]:
    """What only forges or fails ends the same behind all walls, whoever runs it: one of them tries it, more is slow.

    So is denial as the other user of a tier: half a minute each, most of it waiting for limits.
    """
    once = {"namespaces": PRESENT, "process": PRESENT}
    if group in ALONE:
        once = {"namespaces": PRESENT, "landlock": max(USERS)}
    again = group in (*WITHOUT_WALLS, *ALONE) and once.get(setting.tier) != setting.uid
    return ((pytest.mark.slow,) if again else ()) + ((pytest.mark.alone,) if group in ALONE else ())


every_run = pytest.mark.parametrize(
    ("setting", "case"),
    [pytest.param(s, c, marks=_marks(s, c.group), id=f"{s}-{c.group}-{c.name}") for s, c in RUNS],
)
every_group = pytest.mark.parametrize(
    ("setting", "group"), [pytest.param(s, group, marks=_marks(s, group), id=f"{s}-{group}") for s, group in PAIRS]
)


@dataclass(frozen=True)
class Class:
    """A group as graded: who is who, and what came out."""

    run: Graded
    student: dict[str, str]  # case → its student
    neighbours: tuple[str, ...]
    touched: tuple[str, ...]  # what was changed, added or removed where only the instructor writes

    def attempt(self, case: Case) -> dict[str, Any]:
        found: dict[str, Any] = self.run.attempts[self.student[case.name], UNIT.id]
        return found


Grader = Callable[[Setting, str], Class]


@pytest.fixture(scope="module")
def graded(request: pytest.FixtureRequest) -> Iterator[Grader]:
    """`graded(setting, group)`: graded once; skips where the machine does not offer the tier, or the user."""
    asked: dict[tuple[Setting, str], Future[Class | str]] = {}
    places, door = threading.Semaphore(AT_ONCE), threading.Lock()

    def in_turn(setting: Setting, group: str, folder: Path) -> Class | str:
        wanted = AT_ONCE if group in ALONE else 1
        with door:  # one that waits for all places is not overtaken
            for _ in range(wanted):
                places.acquire()
        try:
            return _grade(setting, group, folder)
        finally:
            places.release(wanted)

    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    folder.chmod(0o755)  # pytest's own folders are closed to the ordinary user
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for item in request.session.items:
            given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
            if item.path == request.path and "setting" in given:
                case: Any = given.get("case")
                key: tuple[Any, Any] = given["setting"], case.group if case else given["group"]
                if key not in asked:
                    asked[key] = pool.submit(in_turn, *key, folder / f"{key[0]}-{key[1]}")

        def once(setting: Setting, group: str) -> Class:
            found = asked[setting, group].result()
            if isinstance(found, str):
                pytest.skip(found)
            return found

        try:
            yield once
        finally:
            for future in asked.values():
                future.cancel()
    shutil.rmtree(folder)


@dataclass(frozen=True)
class World:
    """An instructor's course, home and history, with canaries where a thief would look."""

    folder: Path

    @property
    def course(self) -> Path:
        return self.folder / "course"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def submissions(self) -> Path:
        return self.folder / "submissions"

    @property
    def environment(self) -> dict[str, str]:
        name = "instructor"
        return {"HOME": str(self.home), "CANARY_ENVIRONMENT": "CANARY_ENVIRONMENT", "USER": name, "LOGNAME": name}

    @classmethod
    def planted(cls, folder: Path) -> World:
        world = cls(folder)
        shutil.copytree(COURSE, world.course, ignore=shutil.ignore_patterns("__pycache__"))
        py_compile.compile(str(world.course / "autograder" / "suites" / UNIT.id / "test_target_hidden.py"))
        texts = {
            "home/notes.txt": "CANARY_HOME\n",
            "home/.bashrc": "# CANARY_HOME\n",
            "home/.cache/pip/suite": "CANARY_CACHE\n",
            ".git/HEAD": "ref: refs/heads/CANARY_HISTORY\n",
        }
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        history = folder / ".git" / "objects" / "ab" / ("c" * 38)
        history.parent.mkdir(parents=True)
        history.write_bytes(zlib.compress(b"blob 14\0CANARY_HISTORY"))
        return world

    def belongs_to(self, uid: int) -> None:
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, uid, -1, follow_symlinks=False)

    def prints(self) -> dict[str, str]:
        """A fingerprint of everything that only the instructor writes, and the names of what Python would import."""
        found = {}
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder)
            if name.parts[0] not in ("out", "tmp"):
                kind = os.readlink(path) if path.is_symlink() else ""
                content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not kind else kind
                found[str(name)] = f"{path.lstat().st_mode:o} {content}"
        libraries = [Path(folder) for folder in site.getsitepackages()]
        for path in (inner for folder in (*libraries, ROOT / "autograder") for inner in folder.glob("*")):
            found[str(path)] = "there"
        return found


def _grade(setting: Setting, group: str, folder: Path) -> Class | str:
    """Honest and hostile submissions in turn, in one slot."""
    world = World.planted(folder)
    cases = [case for case in CASES if case.group == group and setting.tier in case.tiers]
    students, neighbours = {}, [_neighbour(world, 0)]
    for number, case in enumerate(cases, start=1):
        students[case.name] = f"{number:03d}-{case.name}"
        _hand_in(case, world, students[case.name])
        neighbours.append(_neighbour(world, number))
    options = ["--course", str(world.course), "--unit", UNIT.id, "--jobs", "1"]
    options += ["--trust-submissions"] if setting.tier == "process" else []
    world.belongs_to(setting.uid)
    before = world.prints()
    run = grade([world.submissions], folder, setting.tier, *options, env=world.environment, uid=setting.uid)
    after = world.prints()
    if isinstance(run, str):
        return run
    assert (folder / "out" / "results.json").stat().st_uid == setting.uid
    touched = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return Class(run, students, tuple(neighbours), tuple(touched))


def _neighbour(world: World, number: int) -> str:
    honest = (COURSE / "solutions" / UNIT.id / UNIT.filename).read_text(encoding="utf-8")
    student = f"{number:03d}~honest"  # sorts after the case of the same number
    (world.submissions / student).mkdir(parents=True)
    source = honest.replace("CANARY_SOLUTION", "CANARY_NEIGHBOUR")
    (world.submissions / student / UNIT.filename).write_text(source, encoding="utf-8")
    return student


def _hand_in(case: Case, world: World, student: str) -> Path:
    """The case's files, with the places a thief would have to guess filled in."""
    folder = world.submissions / student
    folder.mkdir(parents=True)
    if "build" in case.want:
        (BUILDERS | NOTEBOOKS)[case.want["build"]](folder)
    places = {"{{course}}": world.course, "{{home}}": world.home, "{{submissions}}": world.submissions}
    for path in case.folder.rglob("*"):
        if path.is_file() and path.name != "expect.toml":
            target = folder / path.relative_to(case.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes()
            for mark, place in places.items():
                data = data.replace(mark.encode(), str(place).encode())
            target.write_bytes(data)
    return folder


@every_run
def test_every_item_has_the_verdict_its_folder_says(graded: Grader, setting: Setting, case: Case) -> None:
    attempt = graded(setting, case.group).attempt(case)
    found = {item["item"]: item["verdict"] for item in attempt["items"]}
    assert {item: verdict for item, verdict in found.items() if verdict not in case.verdicts(item, setting.tier)} == {}
    assert list(found) == ITEMS


@every_run
def test_the_student_reads_what_helps(graded: Grader, setting: Setting, case: Case) -> None:
    found = graded(setting, case.group)
    page = found.run.page(found.student[case.name])
    assert [words for words in case.wanted(setting.tier).get("page", ()) if words not in page] == []


@every_run
def test_no_secret_and_no_text_of_the_student_s_reaches_a_reader(graded: Grader, setting: Setting, case: Case) -> None:
    secret = (*CANARIES, *case.want.get("absent", ()))
    texts = graded(setting, case.group).run.texts()
    assert [(words, name) for name, text in texts.items() for words in secret if words in text] == []


@every_run
def test_staff_reads_what_was_printed_and_no_canary(graded: Grader, setting: Setting, case: Case) -> None:
    found = graded(setting, case.group)
    log = found.run.log(found.student[case.name])
    assert [words for words in case.want.get("printed", ()) if words not in log] == []
    assert [canary for canary in CANARIES if canary in log] == []
    assert len(log) <= LOG_BYTES * len(ITEMS)


@every_run
def test_it_ends_in_time(graded: Grader, setting: Setting, case: Case) -> None:
    attempt = graded(setting, case.group).attempt(case)
    assert sum(item["seconds"] for item in attempt["items"]) <= case.want.get("seconds", ALLOWED)


@every_group
def test_the_neighbours_have_their_usual_result(graded: Grader, setting: Setting, group: str) -> None:
    found = graded(setting, group)
    attempts = {student: found.run.attempts[student, UNIT.id] for student in found.neighbours}
    harmed = {student: attempt["items"] for student, attempt in attempts.items() if attempt["score"] != UNIT.points}
    assert harmed == {}
    slow = {student: sum(item["seconds"] for item in attempt["items"]) for student, attempt in attempts.items()}
    assert {student: seconds for student, seconds in slow.items() if seconds > UNHURRIED} == {}


@every_group
def test_no_process_and_no_file_outlives_the_command(graded: Grader, setting: Setting, group: str) -> None:
    assert graded(setting, group).run.left == ()


@every_group
def test_what_is_the_instructor_s_stays_as_it_was(graded: Grader, setting: Setting, group: str) -> None:
    assert graded(setting, group).touched == ()


@every_run
def test_each_item_ends_when_it_must(graded: Grader, setting: Setting, case: Case) -> None:
    """By the grader's clock, from the question to the verdict."""
    limits = case.want.get("item_seconds", {})
    seconds = {item["item"]: item["seconds"] for item in graded(setting, case.group).attempt(case)["items"]}
    assert {item: seconds[item] for item, most in limits.items() if seconds[item] > most} == {}


@pytest.fixture(scope="module")
def plainly(request: pytest.FixtureRequest) -> Iterator[Callable[[Case], tuple[int, str]]]:
    """`plainly(case)`: pytest's exit code and words, of case and tests in one process; two at a time."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-plain-"))
    asked: dict[str, Future[tuple[int, str]]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for item in request.session.items:
            if isinstance(item, pytest.Function) and "plainly" in item.fixturenames and item.path == request.path:
                case: Any = item.callspec.params["case"]
                kind = case.want["baseline"] if case.want["baseline"] in ("naive", "public") else "plain"
                asked[f"{case.group}/{case.name}"] = pool.submit(_plain, case, folder / case.group / case.name, kind)
        try:
            yield lambda case: asked[f"{case.group}/{case.name}"].result()
        finally:
            for future in asked.values():
                future.cancel()
    shutil.rmtree(folder)


def _bites() -> Iterator[Any]:
    """The first of each kind; each costs an import of torch, and the rest is slow."""
    kinds = set()
    for case in BITES:
        kind = case.want["baseline"]
        yield pytest.param(case, marks=[pytest.mark.slow] if kind in kinds else [], id=f"{case.group}-{case.name}")
        kinds.add(kind)


@pytest.mark.parametrize("case", list(_bites()))
def test_it_wins_where_test_and_submission_share_a_process(
    plainly: Callable[[Case], tuple[int, str]], case: Case
) -> None:
    kind = case.want["baseline"]
    code, said = plainly(case)
    if kind in ("score", "naive", "public"):
        assert code == 0, said[-2000:]
    elif kind == "loot":
        words = ("CANARY_", *case.want.get("absent", ()))
        assert any(word in said for word in words)
    else:  # what it passes with is having found nothing, or what an item before it left behind
        assert code == 1, said[-2000:]


@pytest.mark.parametrize("kind", ["plain", "naive", "public"])
def test_an_honest_answer_passes_where_test_and_submission_share_a_process(kind: str, tmp_path: Path) -> None:
    honest = next(case for case in CASES if case.name == "tidy_habits")
    code, said = _plain(honest, tmp_path, kind)
    assert code == 0, said[-2000:]


def _plain(case: Case, folder: Path, kind: str) -> tuple[int, str]:
    """The tests of what it hands in, in its own process: pytest's exit code and what it said."""
    world = World.planted(folder)
    _neighbour(world, 0)
    work = _hand_in(case, world, "work")
    test = work / f"test_{kind}.py"
    shutil.copy(CORPUS / "plain" / test.name, test)
    items = " or ".join(f"test_{item}" for item in ITEMS if "missing" not in case.verdicts(item))
    command = [sys.executable, "-m", "pytest", "-vv", "-s", "-l", "-p", "no:cacheprovider", "-c", os.devnull]
    command += ["-p", "no:faulthandler"]  # its copy of stderr, a pipe here, is opened and read without end by a thief
    env = {**os.environ, **world.environment, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(work)}
    with (world.course / "labels.txt").open() as labels:  # a runner that has read them, and starts pytest
        run = subprocess.run(
            [*command, test.name, "-k", items],
            cwd=work,
            env=env,
            pass_fds=[labels.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
            start_new_session=True,  # no terminal to write to
        )
    return run.returncode, run.stdout.decode(errors="replace")


@pytest.mark.parametrize("case", CASES, ids=[f"{case.group}-{case.name}" for case in CASES])
def test_it_is_proven_to_bite_or_says_why_not(case: Case) -> None:
    if case.group in ("forging", "theft"):
        assert ("baseline" in case.want) != ("unarmed" in case.want)
    assert case.want.get("baseline", "loot") in BASELINES


def test_many_cases_are_no_list_s_but_our_own() -> None:
    assert sum("ours" in case.want["from"] for case in CASES) >= 20


def test_the_tables_of_the_readme_name_cases_that_there_are() -> None:
    told = set(re.findall(r"`(\w+/\w+)`", (CORPUS / "README.md").read_text(encoding="utf-8")))
    names = {f"{case.group}/{case.name}" for case in CASES}
    assert told - names - {"plain/test_plain"} == set()
    listed = {f"{case.group}/{case.name}" for case in CASES if "ours" not in case.want["from"]}
    assert listed - told == set()
