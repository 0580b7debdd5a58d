"""The coordinator: asks the store what is known, has the rest judged, keeps each item's result the moment it is there.

    grade(course, submissions, options, store) → Graded: a Grade, and what each of its results hangs on

It imports no torch and runs no student code.  An item whose result the store holds is not judged again, and of a
submission only what is missing.  With `repeat` everything is judged with several seeds, and an item that ends otherwise
is `unstable`.  An interrupt leaves the store whole.  Raises `GradingError` when the run cannot go on, and `StoreError`
when a result cannot be kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course import Course, Unit
from autograder.grading import devices
from autograder.grading.digest import Parts, Sides, handed, measures
from autograder.grading.pool import Pool, default_jobs
from autograder.grading.score import steadiness
from autograder.grading.scratch import sweep_folders
from autograder.grading.slot import Done, Job, Settings
from autograder.grading.slots import GradingError, Slots
from autograder.grading.store import Store, Walls
from autograder.models import Attempt, Grade, ItemResult, Submission, Words, attempt_of
from autograder.overrides import Override, overridden, strangers
from autograder.sandbox.cgroup import sweep as sweep_groups
from autograder.standing import Deadlines, settled, unknown
from autograder.watch import Watch
from autograder.words import say

if TYPE_CHECKING:
    from autograder.datasets import Progress

__all__ = ["Graded", "GradingError", "Options", "default_jobs", "find_data", "grade"]

TOGETHER = 50  # submissions in one question to the store


@dataclass(frozen=True)
class Options:
    units: tuple[str, ...] = ()
    jobs: int = 1
    isolation: str = "auto"
    trust: bool = False
    course_data: Path | None = None
    download: bool = True
    fresh: bool = False
    device: str = "cpu"  # a real one beside the CPU and the pretended GPU
    repeat: int = 1  # how often everything is judged, each time with another seed
    cluster: str = ""  # judged on the workers of this Dask scheduler, or of one on this machine ("dask")


@dataclass(frozen=True)
class Data:
    """Where MNIST came from, in words; empty when no unit asked for it."""

    source: str = ""
    practice: bool = False


@dataclass(frozen=True)
class Graded:
    """What a run found, and what each result hangs on; nothing of it is published yet."""

    grade: Grade
    parts: Callable[[int, str], Parts]  # of an attempt's item, by the attempt's place


@dataclass(frozen=True, slots=True)
class Handed:
    """A submission without its bytes."""

    unit: str
    digest: str
    notebook: bool


def grade(
    course: Course,
    submissions: Sequence[Submission],
    options: Options,
    store: Store,
    *,
    notes: Sequence[Words] = (),
    deadlines: Deadlines = Deadlines(),
    overrides: Sequence[Override] = (),
    watch: Watch = Watch(),
    progress: Progress | None = None,
) -> Graded:
    """Judge every item of every submission that the store does not hold yet.

    `submissions` are asked for one by one: a large class need not be in memory as a whole.
    `deadlines`: due dates that stand elsewhere than in grading.yml.  No date, and nothing that a person decided
    (`overrides`), has a part in a verdict or in what is kept.
    With more submissions than slots they wait in a queue, on a GPU as on the CPU.
    """
    _check(options)
    gpus = devices.slots(options.device, options.jobs, options.isolation)
    sweep_folders()  # also when nothing is left to judge: the run before may have been killed at its very end
    sweep_groups()
    everyone = [Handed(one.unit, handed(one), bool(one.cells)) for one in submissions]
    units = course.select(options.units or {one.unit for one in everyone})
    data = find_data(course, units, options, progress)
    first = store.seed(options.fresh)
    runs: list[Run] = []
    for number, seed in enumerate(_seeds(first, options.repeat)):
        watch.run(number, options.repeat)
        run = Run(course, units, submissions, everyone, options, gpus, seed, data, store, watch)
        run.judge()
        runs.append(run)
    walls = _same_walls(runs)
    numbered = settled(list(_attempts(runs, submissions)), course, deadlines)
    ordered = settled(overridden(numbered, overrides), course, deadlines) if overrides else numbered
    # the data of this run: a kept result of a unit that measures was judged with the same, its key says so
    environment = dataclasses.replace(
        walls.environment, data=data.source, practice=data.practice, runs=len(runs), seed=first
    )
    told = (*notes, *unknown(ordered, course, deadlines), *strangers(ordered, overrides))
    return Graded(Grade(course.id, ordered, walls.isolation, environment, told), runs[0].parts)


def _check(options: Options) -> None:
    """What a cluster cannot do, and what it needs: known before anything is judged."""
    if not options.cluster:
        return
    if options.isolation == "none":
        raise GradingError("--cluster: --isolation none is for a suite's author, on one machine; leave one of them out")
    if options.device != "cpu":
        raise GradingError(f"--cluster: its workers judge on the CPU; grade --device {options.device} without it")
    try:
        import autograder.grading.cluster  # noqa: F401
    except ModuleNotFoundError as error:
        raise GradingError(
            f"--cluster: {error.name} is not installed; pip install -e '.[cluster]' in the course's folder"
        ) from None


def find_data(course: Course, units: Sequence[Unit], options: Options, progress: Progress | None) -> Data:
    """Have MNIST at hand before the slots start, downloading it once; only units with a ramp item measure on it."""
    if not any(map(measures, units)):
        return Data()
    from autograder.datasets import mnist  # it imports NumPy, a fifth of what a run without MNIST imports in all

    found = mnist(
        course.root / "datasets", course_data=options.course_data, download=options.download, progress=progress
    )
    return Data(say(found.source, "en"), found.practice)


@dataclass
class Run:
    """Everything judged once, with one seed."""

    course: Course
    units: Sequence[Unit]
    submissions: Sequence[Submission]
    everyone: Sequence[Handed]
    options: Options
    gpus: Sequence[str]
    seed: int
    data: Data
    store: Store
    watch: Watch
    known: list[dict[str, ItemResult]] = field(default_factory=list)  # of each submission, by item
    walls: Walls | None = None  # what held everything that is known
    mixed: bool = False  # not all of it was held by the same

    def __post_init__(self) -> None:
        asked = self.options
        practice = self.data.practice
        self.sides = Sides(
            self.course, self.units, isolation=asked.isolation, device=asked.device, seed=self.seed, practice=practice
        )
        self.items = {unit.id: [item.id for item in unit.items] for unit in self.units}

    def judge(self) -> None:
        """What is kept is asked for, the rest is judged; then everything is known."""
        self._recall("")
        lacking = sum(bool(self._lacks(number)) for number in range(len(self.everyone)))
        self.watch.start(len(self.everyone), len(self.everyone) - lacking)
        if not lacking and self.walls is not None and not self.mixed:
            return
        settings = Settings(
            self.course.path,
            tuple(unit.id for unit in self.units),
            self.options.isolation,
            self.options.trust,
            self.seed,
            self.options.course_data,
            device=self.options.device,
            gpus=tuple(filter(None, self.gpus)),
        )
        with self._slots(settings, min(len(self.gpus), max(1, lacking))) as pool:
            hello = pool.start()
            if self.mixed or (self.walls is not None and self.walls.isolation.tier != hello.isolation.tier):
                self._recall(hello.isolation.tier)
                self.watch.start(len(self.everyone), sum(not self._lacks(n) for n in range(len(self.everyone))))
            self.walls = Walls(hello.isolation, hello.environment)
            self.watch.judging(pool.now)
            for job, event in pool.run(self._jobs()):
                self._keep(job, event)

    def _slots(self, settings: Settings, size: int) -> Slots:
        if not self.options.cluster:
            return Pool(self.course, settings, size)
        from autograder.grading.cluster import Cluster

        return Cluster(
            self.course,
            settings,
            size,
            self.options.cluster,
            mnist=any(map(measures, self.units)),
            practice=self.data.practice,
            told=self.watch.left_out,
        )

    def parts(self, place: int, item: str) -> Parts:
        one = self.everyone[place]
        return self.sides.parts(one.unit, item, one.digest)

    def attempt(self, place: int, submission: Submission) -> Attempt:
        one, found = self.everyone[place], self.known[place]
        heard = self.store.notes(self._heard(place)) if one.notebook else None
        notes = submission.notes if heard is None else heard
        return attempt_of(submission, [found[item] for item in self.items[one.unit]], notes)

    def _recall(self, tier: str) -> None:
        """What the store knows; with `tier`, only of what such walls held: one grade never mixes two kinds."""
        self.known, self.walls, self.mixed = [], None, False
        for first in range(0, len(self.everyone), TOGETHER):
            places = range(first, min(first + TOGETHER, len(self.everyone)))
            keys = {
                (place, item): self.parts(place, item).key
                for place in places
                for item in self.items[self.everyone[place].unit]
            }
            kept = self.store.kept(list(keys.values()))
            self.known += ({} for _ in places)
            for (place, item), key in keys.items():
                one = kept.get(key)
                if one is not None and tier in ("", one.walls.isolation.tier):
                    self.known[place][item] = one.result
                    self.walls = self.walls or one.walls
                    self.mixed |= self.walls.isolation.tier != one.walls.isolation.tier

    def _lacks(self, place: int) -> list[str]:
        """The items to be judged.  What a notebook's cells had to say is known only after they ran again."""
        one, found = self.everyone[place], self.known[place]
        items = self.items[one.unit]
        lacking = [item for item in items if item not in found]
        if not lacking and one.notebook and self.store.notes(self._heard(place)) is None:
            return items[-1:]
        return lacking

    def _heard(self, place: int) -> str:
        return self.parts(place, self.items[self.everyone[place].unit][0]).key.hex()

    def _jobs(self) -> Iterator[Job]:
        for place in range(len(self.everyone)):
            items = self._lacks(place)
            if items:
                yield Job(place, self.submissions[place], tuple(items))

    def _keep(self, job: Job, event: ItemResult | Done) -> None:
        assert self.walls is not None
        place = job.number
        if isinstance(event, ItemResult):
            result = self.store.put(self.parts(place, event.item), event, self.walls)
            self.known[place][event.item] = result
            self.watch.item(job.submission, result)
            return
        if self.everyone[place].notebook:
            self.store.put_notes(self._heard(place), event.notes)
        self.watch.over(job.submission, list(self.known[place].values()))


def _attempts(runs: Sequence[Run], submissions: Sequence[Submission]) -> Iterator[Attempt]:
    for place, submission in enumerate(submissions):
        found = [run.attempt(place, submission) for run in runs]
        yield steadiness(found) if len(found) > 1 else found[0]


def _seeds(first: int, runs: int) -> Iterator[int]:
    """The run's own, and others that follow from it: a run that is continued meets the same ones."""
    yield first
    for number in range(1, runs):
        yield int.from_bytes(sha256(f"{first} {number}".encode()).digest()[:6])


def _same_walls(runs: Sequence[Run]) -> Walls:
    found = [run.walls for run in runs if run.walls is not None]
    tiers = sorted({walls.isolation.tier for walls in found})
    if len(tiers) != 1:
        raise GradingError(f"two runs got different isolation ({', '.join(tiers)}); name one with --isolation")
    return found[0]
