"""The memory group: made only where one is named, limits what RLIMIT_DATA does not count, and goes with its slot."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from autograder.sandbox.cgroup import SLACK_MB, VARIABLE, MemoryGroup
from autograder.sandbox.launch import Ending, WorkerGone, Zygote
from autograder.sandbox.proxy import Session

FILES = {
    "v1": {"memory.limit_in_bytes": "", "memory.swappiness": "", "memory.oom_control": "under_oom 0\noom_kill 3\n"},
    "v2": {"memory.max": "", "memory.swap.max": "", "memory.events": "oom 4\noom_kill 3\n"},
}
LIMITS = {"v1": "memory.limit_in_bytes", "v2": "memory.max"}
SHARED = """
import mmap
def f(megabytes):
    shared = mmap.mmap(-1, megabytes << 20)
    shared[:: mmap.PAGESIZE] = bytes(len(shared) // mmap.PAGESIZE)
    return megabytes
"""


@pytest.fixture(params=["v1", "v2"])
def version(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder that looks like a group, and makes groups that do."""
    found: str = request.param
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    if found == "v2":
        (tmp_path / "cgroup.controllers").write_text("memory\n")

    def make(prefix: str, dir: Path) -> str:
        group = dir / f"{prefix}1"
        group.mkdir()
        for name, text in (FILES[found] | {"cgroup.procs": ""}).items():
            (group / name).write_text(text)
        return str(group)

    monkeypatch.setattr("autograder.sandbox.cgroup.tempfile.mkdtemp", make)
    return found


def test_a_group_takes_a_limit_and_counts_kills(version: str, tmp_path: Path) -> None:
    group = MemoryGroup.make()
    assert group is not None
    group.allow(512)
    assert (group.folder / LIMITS[version]).read_text() == str((512 + SLACK_MB) << 20)
    assert group.kills() == 3
    door = group.open()
    os.write(door, b"0")
    os.close(door)
    assert (group.folder / "cgroup.procs").read_text() == "0"


def test_without_a_named_group_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert MemoryGroup.make() is None


def test_a_folder_that_is_no_group_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert MemoryGroup.make() is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_makes_no_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    assert MemoryGroup.make() is None


@pytest.mark.skipif(sys.platform != "linux" or VARIABLE not in os.environ, reason=f"needs a group in {VARIABLE}")
def test_shared_memory_that_no_other_limit_counts_ends_at_the_group_s() -> None:
    zygote = Zygote("process")  # no seccomp, which refuses such mappings
    assert zygote.group is not None
    try:
        ending = _ending(zygote, 256 + 2 * SLACK_MB)
        assert (ending.over, ending.exit) == ("memory", -9)
        again = zygote.worker(memory_mb=256, cpu_seconds=60)
        assert again.end().over == ""
    finally:
        zygote.close()
    assert not zygote.group.folder.exists()


def _ending(zygote: Zygote, megabytes: int) -> Ending:
    session = Session(zygote.worker(memory_mb=256, cpu_seconds=60))
    session.open("answer.py", "answer", SHARED.encode(), 30.0)
    with pytest.raises(WorkerGone) as gone:
        session.call("call", "f", (megabytes,), {}, name="f")
    return gone.value.ending
