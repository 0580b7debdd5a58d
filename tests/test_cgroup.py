"""The memory group: limits what RLIMIT_DATA does not count, where one can be had, and never outlives its slot for long.

v1 is tried on the kernel wherever the machine lets us make a group; v2, which asks for more, on folders that look so.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox import cgroup
from autograder.sandbox.cgroup import LEAF, OFF, SLACK_MB, VARIABLE, MemoryGroup, NoGroup, own, sweep
from autograder.sandbox.endings import Ending, WorkerGone
from autograder.sandbox.launch import Zygote
from autograder.sandbox.proxy import Session
from tests.ordinary_user import as_nobody
from tests.real_path import grade, memory_groups
from tests.test_tiers import Zygotes, bubblewrap
from tests.tiny_course import SOLUTION, answer, environment, put, tiny_course

FILES = {
    "v1": {
        "memory.limit_in_bytes": "",
        "memory.swappiness": "",
        "memory.oom_control": "under_oom 0\noom_kill 3\n",
        "memory.failcnt": "4\n",
    },
    "v2": {"memory.max": "", "memory.swap.max": "", "memory.events": "oom 4\noom_kill 3\noom_group_kill 0\n"},
}
LIMITS = {"v1": "memory.limit_in_bytes", "v2": "memory.max"}
HOARDS = """
import mmap, os
import torch

held, BLOCK = [], bytes(1 << 20)

def tensor(megabytes):
    held.append(torch.ones(megabytes << 18))
    return megabytes

def mapping(megabytes):
    shared = mmap.mmap(-1, megabytes << 20)
    shared[:: mmap.PAGESIZE] = bytes(len(shared) // mmap.PAGESIZE)
    return megabytes

def files(megabytes):
    try:
        for number in range(0, megabytes, 50):
            with open(f"{number}", "wb", buffering=0) as file:
                for _ in range(50):
                    file.write(BLOCK)
    except OSError:
        pass
    return megabytes

def brim():
    try:
        while True:
            tensor(1)
    except (MemoryError, RuntimeError):
        pass

def deleted_files(megabytes):
    for _ in range(0, megabytes, 50):
        held.append(open("x", "wb", buffering=0))
        os.unlink("x")
        for _ in range(50):
            held[-1].write(BLOCK)
    return megabytes

def mapped_file(megabytes):
    for number in range(0, megabytes, 50):
        file = open(f"{number}", "wb+")
        file.truncate(50 << 20)
        shared = mmap.mmap(file.fileno(), 50 << 20)
        shared[:: mmap.PAGESIZE] = bytes(len(shared) // mmap.PAGESIZE)
        held.append(shared)
    return megabytes
"""


HOARD = {"namespaces": "files", "landlock": "deleted_files"}
SHM = Path("/dev/shm")


def possible() -> MemoryGroup:
    """A group that was made and is gone again; skips, with the reason, where this machine lets us make none."""
    try:
        group = MemoryGroup.make()
    except NoGroup as why:
        pytest.skip(f"no memory group here: {why}")
    group.close()
    return group


@pytest.fixture(scope="module")
def kernel_groups() -> None:
    possible()


real = pytest.mark.usefixtures("kernel_groups")


@pytest.fixture
def tmpfs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files are memory, where this process and its children put what is temporary."""
    if not (SHM.is_dir() and os.access(SHM, os.W_OK)):
        pytest.skip(f"{SHM} is not writable")
    with tempfile.TemporaryDirectory(dir=SHM) as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


# --- on folders that look like groups ---


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
    group.allow(512)
    assert (group.folder / LIMITS[version]).read_text() == str((512 + SLACK_MB) << 20)
    assert (group.kills(), group.hits(), group.version) == (3, 4, f"cgroup {version}")
    door = group.open()
    os.write(door, b"0")
    os.close(door)
    assert (group.folder / "cgroup.procs").read_text() == "0"


def test_a_group_can_be_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, OFF)
    with pytest.raises(NoGroup, match="switched off by AUTOGRADER_CGROUP=none") as refused:
        MemoryGroup.make()
    assert refused.value.cure == "unset AUTOGRADER_CGROUP"


@pytest.mark.parametrize("name", ["", "none"])
def test_a_folder_that_is_no_group_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / name))
    with pytest.raises(NoGroup, match="No such file or directory") as refused:
        MemoryGroup.make()
    assert refused.value.cure == "unset AUTOGRADER_CGROUP"
    assert list(tmp_path.iterdir()) == []


MOUNTED = """\
23 1 8:1 / / rw - ext4 /dev/vda rw
32 23 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
35 23 0:32 {root} /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
41 23 0:38 {root} /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""


@pytest.mark.parametrize(
    ("said", "root", "found"),
    [
        pytest.param("4:memory:/a/b\n0::/c\n", "/", "/sys/fs/cgroup/memory/a/b", id="v1"),
        pytest.param("4:cpu,memory:/\n", "/", "/sys/fs/cgroup/memory", id="the root"),
        pytest.param("4:memory:/docker/1f/x\n", "/docker/1f", "/sys/fs/cgroup/memory/x", id="a container's part"),
        pytest.param(
            "3:cpu:/z\n0::/user.slice/run.scope\n", "/", "/sys/fs/cgroup/unified/user.slice/run.scope", id="v2"
        ),
        pytest.param(f"0::/run.scope/{LEAF}\n", "/", "/sys/fs/cgroup/unified/run.scope", id="v2, moved down"),
        pytest.param("4:memory:/a\n", "/b", None, id="elsewhere than what is mounted"),
        pytest.param("4:memory:/ab\n", "/a", None, id="beside what is mounted"),
        pytest.param("1:cpu:/\n", "/", None, id="no controller"),
    ],
)
def test_the_grader_s_own_group_is_found_where_it_is_mounted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, root: str, found: str | None
) -> None:
    monkeypatch.setattr(cgroup, "SELF", tmp_path / "self")
    monkeypatch.setattr(cgroup, "MOUNTS", tmp_path / "mounts")
    put(tmp_path / "self", said)
    put(tmp_path / "mounts", MOUNTED.format(root=root))
    if found is None:
        with pytest.raises(NoGroup, match="no memory cgroup is mounted"):
            own()
    else:
        assert own() == Path(found)


@pytest.mark.parametrize(
    ("number", "unified", "cure"),
    [
        (errno.EACCES, False, "sudo install -d -o 1000 /m/autograder && export AUTOGRADER_CGROUP=/m/autograder"),
        (errno.EBUSY, True, "systemd-run --user --scope -p Delegate=yes autograder grade …"),
        (errno.EACCES, True, "systemd-run --user --scope -p Delegate=yes autograder grade …"),
        (errno.EROFS, False, ""),
    ],
)
def test_what_the_kernel_refuses_is_told_with_the_command_that_helps(
    monkeypatch: pytest.MonkeyPatch, number: int, unified: bool, cure: str
) -> None:
    monkeypatch.setattr("os.getuid", lambda: 1000)
    assert cgroup._cure(Path("/m"), unified, OSError(number, "…")) == cure


@pytest.mark.parametrize("given_away", [True, False])
def test_a_v2_group_with_processes_is_rearranged_only_where_it_was_delegated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given_away: bool
) -> None:
    put(tmp_path / "cgroup.procs", "7\n8\n")
    write = Path.write_text

    def kernel(path: Path, text: str) -> int:
        if path.name == "cgroup.subtree_control" and (tmp_path / "cgroup.procs").read_text():
            raise OSError(errno.EBUSY, "Device or resource busy")
        if path.parent.name == LEAF:
            write(tmp_path / "cgroup.procs", (tmp_path / "cgroup.procs").read_text().replace(f"{text}\n", ""))
        return write(path, text)

    monkeypatch.setattr(Path, "write_text", kernel)
    monkeypatch.setattr(cgroup, "_delegated", lambda folder: given_away)
    if given_away:
        cgroup._share_out(tmp_path)
        assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"
    else:
        with pytest.raises(OSError, match="busy"):
            cgroup._share_out(tmp_path)
        assert not (tmp_path / LEAF).exists()


# --- whose a group is ---


def test_only_the_groups_of_the_dead_are_removed(tmp_path: Path) -> None:
    mine, init = cgroup._name(os.getpid()), cgroup._name(1)
    space, _, start = mine.removeprefix(cgroup.PREFIX).rstrip("-").split("-")
    stay = [f"{mine}a", f"{init}b", f"autograder-1-{os.getpid()}-1-c", "autograder-notes", "autograder-1-2", "other"]
    stay += [f"autograder-{space}-x-{start}-d"]
    go = [f"autograder-{space}-{os.getpid()}-{int(start) - 1}-e", f"autograder-{space}-{1 << 30}-{start}-f"]
    for name in stay + go:
        (tmp_path / name).mkdir()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stay)


KILLED = """
import os, signal
from autograder.sandbox.cgroup import MemoryGroup
print(MemoryGroup.make().folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@real
def test_the_group_of_a_killed_slot_goes_at_the_next_start_and_a_living_one_s_stays() -> None:
    living = MemoryGroup.make()
    try:
        done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
        dead = Path(done.stdout.strip())
        assert dead.parent == living.folder.parent
        assert dead.is_dir()
        MemoryGroup.make().close()
        assert (dead.exists(), living.folder.exists()) == (False, True)
    finally:
        living.close()
    assert not living.folder.exists()


@pytest.fixture
def v2_group() -> Path:
    """A new, empty group in the v2 hierarchy of this machine, be it the only one or beside v1's."""
    mounts = Path("/proc/self/mounts")
    lines = [line.split() for line in mounts.read_text().splitlines()] if mounts.exists() else []
    roots = [Path(place) for _, place, kind, *_ in lines if kind == "cgroup2"]
    if not roots:
        pytest.skip("no v2 hierarchy is mounted")
    try:
        return Path(tempfile.mkdtemp(dir=roots[0]))
    except OSError as why:
        pytest.skip(f"{roots[0]} takes no group of ours: {why.strerror}")


def test_processes_move_down_in_a_real_v2_group_that_is_marked_as_delegated(v2_group: Path) -> None:
    """Its memory controller need not be v2's, so the limit itself is not tried."""
    parent = v2_group
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        (parent / "cgroup.procs").write_text(str(sleeper.pid))
        assert not cgroup._delegated(parent)
        os.setxattr(parent, "user.delegate", b"1")
        assert cgroup._delegated(parent)
        cgroup.move_down(parent)
        assert (parent / "cgroup.procs").read_text() == ""
        assert (parent / LEAF / "cgroup.procs").read_text().split() == [str(sleeper.pid)]
    finally:
        sleeper.kill()
        sleeper.wait()
        for folder in (parent / LEAF, parent):
            MemoryGroup(folder, True).close()
    assert not parent.exists()


# --- on the kernel ---


@real
@pytest.mark.parametrize(
    ("tier", "hoard"),
    [
        ("process", "mapping"),  # seccomp refuses it in the others
        ("landlock", "deleted_files"),  # nobody else sees them
        ("landlock", "mapped_file"),
        pytest.param("namespaces", "files", marks=bubblewrap),
        pytest.param("namespaces", "mapped_file", marks=bubblewrap),
    ],
)
def test_memory_that_no_other_limit_counts_ends_at_the_group_s(
    tier: str, hoard: str, tmpfs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroup, "SLACK_MB", 64)  # the 256 MB of a private tmpfs would not reach the usual one
    zygote = Zygote(tier)
    try:
        assert zygote.group is not None
        assert zygote.memory == f"memory: {zygote.group.version} and RLIMIT_DATA"
        ending = _ending(zygote, hoard)
        assert (ending.over, ending.exit) == ("memory", -9)
        again = Session(zygote.worker(memory_mb=64, cpu_seconds=60))
        again.open("answer.py", "answer", HOARDS.encode(), 30.0)
        assert again.call("call", "tensor", (40,), {}, name="tensor") == 40
        assert zygote.group.kills() == 1
    finally:
        zygote.close()
    assert not zygote.group.folder.exists()


@real
def test_a_kill_for_the_memory_of_a_parent_group_is_not_charged_to_the_worker(
    zygotes: Zygotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its neighbours use that too: such a kill is tried once more before it is anybody's."""
    zygotes("landlock")  # skips where there is none
    if possible().unified:
        pytest.skip("the parent's limit is written below as v1 has it")
    parent = MemoryGroup.make()
    monkeypatch.setenv(VARIABLE, str(parent.folder))
    parent._write("memory.limit_in_bytes", str(200 << 20))
    zygote = Zygote("landlock")
    try:
        session = Session(zygote.worker(memory_mb=1024, cpu_seconds=60))
        session.open("answer.py", "answer", HOARDS.encode(), 30.0)
        with pytest.raises(WorkerGone) as gone:
            session.call("call", "tensor", (400,), {}, name="tensor")
        assert zygote.group is not None
        assert zygote.group.kills() == 1
        assert gone.value.ending.over == ""
        assert gone.value.ending.by_another
    finally:
        zygote.close()
        parent.close()


def _ending(zygote: Zygote, hoard: str) -> Ending:
    session = Session(zygote.worker(memory_mb=64, cpu_seconds=60))
    session.open("answer.py", "answer", HOARDS.encode(), 30.0)
    with pytest.raises(WorkerGone) as gone:
        session.call("call", hoard, (200,), {}, name=hoard)
    return gone.value.ending


ORDINARY = f"""
import os, sys
from autograder.sandbox.cgroup import MemoryGroup, NoGroup
from autograder.sandbox.launch import Zygote
try:
    MemoryGroup.make()
except NoGroup as why:
    print(why.cure, flush=True)
os.environ["{VARIABLE}"] = sys.stdin.readline().strip()  # by now the command was obeyed
zygote = Zygote(sys.argv[1])
worker = zygote.worker(memory_mb=64, cpu_seconds=60)
print(zygote.memory, (zygote.group.folder / "cgroup.procs").read_text().split() != [])
worker.end()
zygote.close()
"""


@pytest.mark.skipif(os.getuid() != 0, reason="what doctor tells begins with sudo: only root can obey it unasked")
@pytest.mark.parametrize("tier", ["namespaces", "landlock"])
def test_what_doctor_tells_an_ordinary_user_to_do_helps(
    zygotes: Zygotes, tier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    zygotes(tier)  # skips where there is none
    monkeypatch.delenv(VARIABLE, raising=False)
    if possible().unified:
        pytest.skip("under v2 doctor tells to ask systemd")
    asking = subprocess.Popen(**as_nobody(ORDINARY, tier), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert asking.stdout is not None
    sudo, *words = asking.stdout.readline().split(" && ")[0].split()
    made = Path(words[-1])
    assert (sudo, made.parent) == ("sudo", own())
    try:
        subprocess.run(words, check=True)
        said, _ = asking.communicate(f"{made}\n", timeout=100)
        assert said == "memory: cgroup v1 and RLIMIT_DATA True\n"
        assert [path for path in made.iterdir() if path.is_dir()] == []
    finally:
        asking.kill()
        made.rmdir()


@real
@pytest.mark.timeout(300)
def test_a_run_clears_the_groups_of_one_that_was_killed_and_leaves_none_itself(tmp_path: Path) -> None:
    course = tiny_course(tmp_path / "course")
    put(tmp_path / "class" / "an" / "tiny.py", answer(double="time.sleep(2)\nreturn 2 * x", top="import time"))
    words = [sys.executable, "-m", "autograder", "grade", str(tmp_path / "class"), "--out", str(tmp_path / "out")]
    words += ["--course", str(course.root), "--offline", "--jobs", "1"]
    with memory_groups() as groups:
        assert groups.parent is not None
        env = environment() | groups.env | {"TMPDIR": str(tmp_path)}
        with subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
            while not any(path.read_text() for path in groups.parent.glob("*/cgroup.procs")):  # until a worker is in it
                assert killed.poll() is None
                time.sleep(0.05)
            killed.kill()
        assert len(groups.left()) == 1
        subprocess.run(words, env=env, check=True, capture_output=True)
        assert groups.left() == ()


@real
@pytest.mark.timeout(300)
@pytest.mark.parametrize("tier", ["namespaces", "landlock"])
def test_a_hoarder_is_out_of_memory_in_words_and_its_neighbours_are_whole(tier: str, tmpfs: Path) -> None:
    """With the usual slack: data up to RLIMIT_DATA's limit and files up to the tmpfs's come to more than it."""
    course = tiny_course(tmpfs / "course")
    registry = course.path.read_text(encoding="utf-8")
    put(course.path, registry.replace("memory_mb: 512", "memory_mb: 64"))
    honest = SOLUTION.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")
    hoards = f"{honest}\n{HOARDS}\ndef double(x):\n    brim()\n    {HOARD[tier]}(300)\n    return 2 * x\n"
    for student, source in (("a", honest), ("b", hoards), ("c", honest)):
        put(tmpfs / "class" / student / "tiny.py", source)
    run = grade([tmpfs / "class"], tmpfs, tier, "--course", str(course.root), "--jobs", "1")
    if isinstance(run, str):
        pytest.skip(run)
    found = {name: [item["verdict"] for item in attempt["items"]] for (name, _), attempt in run.attempts.items()}
    assert found == {"a": ["passed"] * 4, "b": ["out_of_memory", *["passed"] * 3], "c": ["passed"] * 4}
    assert "Your code asked for more memory than the 64 MB it may use.\n" in run.page("b")
    reasons = run.attempts["b", "u01_tiny"]["isolation"]["reasons"]
    assert reasons[-1].startswith("memory: cgroup v")
    assert "memory: cgroup v" in " ".join((run.out / "index.html").read_text(encoding="utf-8").split())
    assert run.left == ()
