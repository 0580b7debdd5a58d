"""Shared fixtures: one zygote a tier for the whole session (the first takes seconds to come up), workers from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import dedent

import pytest

from autograder.sandbox import nursery
from autograder.sandbox.endings import SandboxError
from autograder.sandbox.launch import Worker, Zygote
from autograder.sandbox.proxy import Session, Student


class Submitted:
    """A student's module in a worker, as a suite has it, and the worker itself."""

    def __init__(self, worker: Worker, source: str, seconds: float) -> None:
        self.worker = worker
        self.session = Session(worker)
        self.session.open("answer.py", "answer", dedent(source).encode(), seconds)
        self.student = Student(self.session)


@pytest.fixture(scope="session")
def zygotes() -> Iterator[Callable[[str], Zygote]]:
    """zygotes("landlock") → the session's zygote of that tier; walls that this machine does not offer skip the test.

    `process` needs nothing of the machine: where it does not come up, the kit is broken.
    """
    running: dict[str, Zygote] = {}

    def zygote(tier: str) -> Zygote:
        if tier not in running:
            try:
                running[tier] = Zygote(tier)
            except SandboxError as error:
                if tier == "process":
                    raise
                pytest.skip(f"{tier}: {error}")
        return running[tier]

    yield zygote
    for started in running.values():
        started.close()


@pytest.fixture
def another_nursery(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Not the one of the other tests."""
    monkeypatch.setattr(nursery, "_here", None)
    yield
    nursery.end()


@pytest.fixture
def hand_in(zygotes: Callable[[str], Zygote]) -> Iterator[Callable[..., Submitted]]:
    """hand_in(source, tier=…) → Submitted.  A zygote serves one worker at a time: the one before is ended."""
    workers: dict[str, Worker] = {}

    def submit(
        source: str,
        tier: str = "landlock",
        *,
        memory_mb: int = 512,
        cpu_seconds: float = 60,
        processes: bool = False,
    ) -> Submitted:
        if tier in workers:
            workers[tier].end(0.0)
        workers[tier] = zygotes(tier).worker(memory_mb=memory_mb, cpu_seconds=cpu_seconds, processes=processes)
        return Submitted(workers[tier], source, 60.0)

    yield submit
    for worker in workers.values():
        worker.end(0.0)
