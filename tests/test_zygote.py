"""launch and zygote: workers are forked, end in every way there is, and leave nothing behind."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.checks import StudentRaised
from autograder.sandbox import launch, nursery, view
from autograder.sandbox.answers import OutOfMemory
from autograder.sandbox.endings import Ending, Killed, SandboxError, WorkerGone, WorkerTimeout
from autograder.sandbox.inner import wire
from autograder.sandbox.inner.watch import PROCESSES
from autograder.sandbox.launch import OutOfStep, Worker, Zygote
from autograder.sandbox.nursery import NurseryGone
from autograder.sandbox.shared import SharedData
from tests.nurseries import kill_the_nursery, the_nursery
from tests.ordinary_user import as_nobody

HandIn = Callable[..., Any]
Zygotes = Callable[[str], Zygote]
linux = pytest.mark.skipif(sys.platform != "linux", reason="walls, /proc and sealed memory are Linux's")


def raw(worker: Worker, op: str, seconds: float | None = 30.0, **fields: object) -> Any:
    return wire.unpack(worker.request(wire.pack({"op": op, **fields}), seconds))


def opened(worker: Worker, source: str) -> Worker:
    assert raw(worker, "open", filename="answer.py", name="answer", source=source.encode()) == {"ok": None}
    return worker


def call(worker: Worker, name: str, *args: object, seconds: float | None = 30.0) -> Any:
    return raw(worker, "call", seconds, name=name, args=list(args), kwargs={})


@pytest.fixture
def worker(zygotes: Zygotes) -> Iterator[Callable[..., Worker]]:
    """worker(source, **limits) → a worker of the landlock zygote with that module open."""
    started: list[Worker] = []

    def start(source: str = "", tier: str = "landlock", **limits: Any) -> Worker:
        started.append(zygotes(tier).worker(**{"memory_mb": 512, "cpu_seconds": 60, **limits}))
        return opened(started[-1], source)

    yield start
    for one in started:
        one.end(0.0)


Start = Callable[..., Worker]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def gone_within(seconds: float, pid: int) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


# --- the zygote ---


def test_a_zygote_says_which_versions_it_holds(zygotes: Zygotes) -> None:
    ready = zygotes("landlock").hello["ready"]
    assert ready["torch"] == torch.__version__
    assert ready["python"] == sys.version.split()[0]


@linux
def test_a_zygote_has_one_thread(zygotes: Zygotes) -> None:
    assert zygotes("landlock").hello["threads"] == 1


def test_a_worker_serves_a_parallel_operation(worker: Start) -> None:
    """Had the zygote run one before, this would hang for ever."""
    started = worker("import torch\ndef f(): return (torch.ones(400, 400) @ torch.ones(400, 400)).sum().item()")
    assert call(started, "f")["ok"] == 400.0**3


def test_workers_share_nothing(worker: Start) -> None:
    source = "import torch\ndef f():\n    torch.leak = getattr(torch, 'leak', 0) + 1\n    return torch.leak"
    for _ in range(2):
        one = worker(source)
        assert call(one, "f")["ok"] == 1
        one.end()


STEPS = """
import sys, torch
def f():
    before = set(sys.modules)
    torch.optim.Adam([torch.ones(1, requires_grad=True)]).step()
    return len(set(sys.modules) - before)
"""


def test_what_is_imported_late_is_there_where_the_order_says_so(worker: Start) -> None:
    for _ in range(2):
        started = worker(STEPS, imports=["torch._dynamo"])
        assert call(started, "f")["ok"] < 20  # 823 where it says nothing
        started.end()


@linux
@pytest.mark.parametrize("tier", ["namespaces", "landlock", "process"])
def test_a_worker_imports_for_itself_what_was_not_foreseen(zygotes: Zygotes, tier: str) -> None:
    zygotes(tier)  # skips where it does not stand; this one may have been told
    with contextlib.closing(Zygote(tier)) as zygote:
        assert call(opened(zygote.worker(memory_mb=512, cpu_seconds=60), STEPS), "f")["ok"] > 500


COUNTS = "CALLS = []\ndef f(x):\n    CALLS.append(x)\n    return list(CALLS)"


def question(x: int) -> bytes:
    return wire.pack({"op": "call", "name": "f", "args": [x], "kwargs": {}})


def test_what_is_foretold_goes_out_with_the_request_before_and_is_answered_in_turn(worker: Start) -> None:
    started = worker(COUNTS)
    started.foretold = [question(1), question(2)]
    assert wire.unpack(started.request(question(0)))["ok"] == [0]
    assert not started.in_step
    assert [wire.unpack(started.request(question(x)))["ok"] for x in (1, 2)] == [[0, 1], [0, 1, 2]]
    assert started.in_step
    assert call(started, "f", 3)["ok"] == [0, 1, 2, 3]


def test_who_asks_for_something_else_than_was_foretold_is_told_so(worker: Start) -> None:
    started = worker(COUNTS)
    started.foretold = [question(1)]
    started.request(question(0))
    for _ in range(2):
        with pytest.raises(OutOfStep):
            started.request(question(7))


def test_a_module_that_cannot_be_imported_is_left_to_who_asks_for_it(worker: Start) -> None:
    started = worker("def f():\n    import torch_no_such_module", imports=["torch_no_such_module"])
    assert call(started, "f")["error"] == "ModuleNotFoundError"


# --- how a worker ends ---

ENDS: dict[str, tuple[str, int, str]] = {
    "os._exit(0)": ("os._exit(0)", 0, "exit code 0"),
    "os._exit(3)": ("os._exit(3)", 3, "exit code 3"),
    "a segfault": ("ctypes.string_at(0)", -signal.SIGSEGV, "SIGSEGV"),
    "an abort": ("os.abort()", -signal.SIGABRT, "SIGABRT"),
    "its own SIGKILL": ("os.kill(os.getpid(), 9)", -signal.SIGKILL, "SIGKILL"),
    "a signal without a name": ("os.kill(os.getpid(), 40)", -40, "signal 40"),
    "a closed socket": ("os.close(3)", 1, "exit code 1"),
}


@pytest.mark.parametrize(("code", "exit_code", "words"), ENDS.values(), ids=ENDS)
def test_a_worker_that_ends_itself_is_gone_with_its_status(
    worker: Start, code: str, exit_code: int, words: str
) -> None:
    started = worker(f"import ctypes, os\ndef f():\n    {code}\n")
    with pytest.raises(WorkerGone, match=f"the worker ended with {words}") as gone:
        call(started, "f")
    assert (gone.value.ending.exit, gone.value.ending.killed, gone.value.why) == (exit_code, False, "")


def test_a_worker_that_is_hung_up_on_ends_by_itself(worker: Start) -> None:
    ending = worker().end(30.0)
    assert (ending.exit, ending.killed) == (0, False)
    assert ending.cpu > 0
    assert ending.rss_mb > 50


def test_ending_a_worker_twice_gives_the_same_ending(worker: Start) -> None:
    started = worker()
    assert started.end() is started.end()


def test_a_hanging_worker_is_killed_when_its_time_is_over(worker: Start) -> None:
    started = worker("def f():\n    while True: pass")
    with pytest.raises(WorkerTimeout):
        call(started, "f", seconds=0.2)
    assert started.ending is not None
    assert (started.ending.exit, started.ending.killed) == (-signal.SIGKILL, True)


def test_a_worker_that_ignores_every_signal_is_killed(worker: Start) -> None:
    started = worker("""
import signal, time
def f():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass
""")
    with pytest.raises(WorkerTimeout):
        call(started, "f", seconds=0.2)


def test_a_worker_that_stops_itself_is_killed(worker: Start) -> None:
    started = worker("import os, signal\ndef f(): os.kill(os.getpid(), signal.SIGSTOP)")
    with pytest.raises(WorkerTimeout):
        call(started, "f", seconds=0.2)


def test_processor_time_is_limited_and_told_apart_from_memory(worker: Start) -> None:
    started = worker("def f():\n    while True: pass", cpu_seconds=-1)
    with pytest.raises(WorkerGone) as gone:
        call(started, "f")
    assert gone.value.ending.exit == -signal.SIGXCPU


def test_processor_time_is_limited_even_when_the_signal_is_ignored(worker: Start) -> None:
    started = worker(
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\ndef f():\n    while True: pass", cpu_seconds=-1
    )
    with pytest.raises(WorkerGone) as gone:
        call(started, "f", seconds=60.0)
    assert gone.value.ending.exit == -signal.SIGKILL


@pytest.mark.parametrize(
    "code", ["torch.zeros(1 << 30)", "[bytearray(1 << 20) for _ in range(1 << 20)]", "bytes(1 << 32)"]
)
def test_too_much_memory_is_an_exception_with_its_line(hand_in: HandIn, code: str) -> None:
    submitted = hand_in(f"import torch\ndef f():\n    {code}\n", memory_mb=256)
    with pytest.raises(OutOfMemory) as error:
        submitted.student.f()
    assert set(error.value.lines) == {3}
    assert submitted.worker.ending is None


@pytest.mark.parametrize("tier", ["landlock", "process"])
def test_memory_that_is_full_to_the_last_byte_and_held_is_told_with_its_line(hand_in: HandIn, tier: str) -> None:
    submitted = hand_in(
        """
        kept = []
        def f():
            for size in (1 << 22, 1 << 16, 1 << 10):
                try:
                    while True:
                        kept.append(bytes(size))
                except MemoryError:
                    pass
            kept.append(bytes(1 << 22))
        """,
        tier,
        memory_mb=256,
    )
    with pytest.raises(OutOfMemory) as error:
        submitted.student.f()
    assert set(error.value.lines) == {10}
    assert submitted.worker.ending is None


def test_recursion_without_end_is_an_exception(hand_in: HandIn) -> None:
    with pytest.raises(StudentRaised, match="RecursionError"):
        hand_in("def f(): return f()").student.f()


def test_a_hundred_megabytes_of_print_go_nowhere(hand_in: HandIn) -> None:
    submitted = hand_in("""
        import os
        def f():
            for _ in range(100):
                print("x" * (1 << 20))
                os.write(2, b"y" * 1000)
            return 1
    """)
    assert submitted.student.f() == 1
    assert submitted.worker.zygote.last_words() == "it said nothing"


def test_nothing_can_be_read_from_standard_input(hand_in: HandIn) -> None:
    with pytest.raises(StudentRaised, match="EOFError"):
        hand_in("def f(): return input()").student.f()


# --- a worker that lies ---


def test_a_forged_answer_to_the_next_question_is_out_of_turn(worker: Start) -> None:
    started = worker("""
import os, struct
def f():
    os.write(3, struct.pack("!Q", 12) + b"\\0" * 8 + b"\\x81\\xa2ok\\xc3")
    return 1
""")
    with pytest.raises(WorkerGone, match="an answer that belongs to no question"):
        call(started, "f")


def test_a_frame_left_in_the_socket_is_out_of_turn_for_the_next_question(worker: Start) -> None:
    started = worker("""
import os, struct, threading, time
def late():
    time.sleep(0.2)
    os.write(3, struct.pack("!Q", 8) + b"\\0" * 8)
def f():
    threading.Thread(target=late).start()
    return 1
""")
    assert call(started, "f")["ok"] == 1
    time.sleep(0.5)
    with pytest.raises(WorkerGone, match="an answer that belongs to no question"):
        call(started, "f")


@pytest.mark.parametrize("junk", ["b'\\xff' * 100", "b'\\0' * 8", "struct.pack('!Q', 1 << 40)"])
def test_garbage_on_the_socket_ends_the_worker(worker: Start, junk: str) -> None:
    started = worker(f"import os, struct\ndef f():\n    os.write(3, {junk})\n    return 1\n")
    with pytest.raises(WorkerGone) as gone:
        call(started, "f")
    assert gone.value.why


def test_half_a_frame_and_silence_meets_the_clock(worker: Start) -> None:
    started = worker(
        "import os, struct, time\ndef f():\n    os.write(3, struct.pack('!Q', 99) + b'half')\n    time.sleep(99)"
    )
    with pytest.raises(WorkerTimeout):
        call(started, "f", seconds=0.3)


def test_an_answer_that_drips_in_meets_the_clock(worker: Start) -> None:
    started = worker("""
import os, struct, time
def f():
    os.write(3, struct.pack("!Q", 9999))
    while True:
        os.write(3, b"x")
        time.sleep(0.02)
""")
    began = time.monotonic()
    with pytest.raises(WorkerTimeout):
        call(started, "f", seconds=0.5)
    assert time.monotonic() - began < 30


# --- what is left behind ---


@linux
def test_the_scratch_folder_goes_with_its_worker(worker: Start) -> None:
    started = worker(
        "import os\ndef f():\n    os.makedirs('a/b')\n    open('a/b/c', 'w').close()\n    return os.getcwd()"
    )
    folder = Path(call(started, "f")["ok"])
    assert (folder / "a/b/c").exists()
    started.end()
    assert not folder.exists()


@linux
def test_a_daemon_of_the_process_tier_is_swept_away(worker: Start) -> None:
    """Only `process` allows a fork; the zygote inherits the orphans of its worker and ends them with it."""
    started = worker(
        """
import os, time
def f():
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(3)
            os.write(write, str(os.getpid()).encode())
            time.sleep(1000)
        os._exit(0)
    return int(os.read(read, 20))
""",
        "process",
    )
    daemon = call(started, "f")["ok"]
    assert alive(daemon)
    started.end()
    assert gone_within(10.0, daemon)


@linux
def test_threads_end_with_their_worker(worker: Start) -> None:
    started = worker("""
import threading, time
def f():
    for _ in range(20):
        threading.Thread(target=time.sleep, args=(999,)).start()
""")
    call(started, "f")
    pid = started.pid
    started.end(0.0)
    assert not alive(pid)


@linux
@pytest.mark.parametrize("tier", ["landlock", "namespaces"])
def test_the_end_of_the_control_socket_ends_everything(zygotes: Zygotes, tier: str) -> None:
    zygotes(tier)  # skips where there is none
    zygote = Zygote(tier)
    hanging = opened(zygote.worker(memory_mb=256, cpu_seconds=60), "import os\ndef f(): return os.getpid()")
    below = [zygote.pid, *_descendants(zygote.pid)]
    assert len(below) > 1
    zygote.close()
    assert all(gone_within(10.0, pid) for pid in below)
    assert not zygote.folder.exists()
    hanging.connection.close()


@linux
def test_a_grader_that_is_killed_takes_the_sandbox_with_it(zygotes: Zygotes) -> None:
    zygotes("landlock")  # skips where there is none
    program = """
import os, sys, time
from autograder.sandbox.launch import Zygote
zygote = Zygote("landlock")
worker = zygote.worker(memory_mb=256, cpu_seconds=60)
print(zygote.pid, worker.pid, zygote.folder, flush=True)
time.sleep(1000)
"""
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert grader.stdout is not None
    zygote, worker, folder = grader.stdout.readline().split()
    grader.kill()
    grader.wait()
    grader.stdout.close()
    shutil.rmtree(folder, ignore_errors=True)
    assert gone_within(10.0, int(zygote))
    assert gone_within(10.0, int(worker))


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += [int(child), *_descendants(int(child))]
    return found


# --- a worker with processes of its own ---

WALLED = pytest.mark.parametrize("tier", ["landlock", "namespaces"])
BOMB = """
import os, threading, time
def count():
    number = 0
    while True:
        try:
            pid = os.fork()
        except OSError as error:
            return number, error.errno
        if pid == 0:
            time.sleep(1000)
        number += 1
def burst():
    started = []
    def one():
        try:
            pid = os.fork()
        except OSError:
            return
        if pid == 0:
            time.sleep(1000)
        started.append(pid)
    threads = [threading.Thread(target=one) for _ in range(40)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return len(started)
def bomb():
    while True:
        try:
            os.fork()
        except OSError:
            pass
def again():
    for _ in range(60):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    return count()
"""


@linux
@WALLED
@pytest.mark.parametrize("name", ["count", "burst", "again"])
def test_no_more_than_sixteen_processes_run_at_once(worker: Start, tier: str, name: str) -> None:
    """One after another, forty threads in one moment, and after many that have ended."""
    found = call(worker(BOMB, tier, processes=True), name)["ok"]
    if name == "burst":  # one that is being born may count twice
        assert 0 < found <= PROCESSES
    else:
        assert found == (PROCESSES, errno.EAGAIN)


@linux
@WALLED
def test_a_fork_that_a_signal_interrupts_is_tried_again(worker: Start, tier: str) -> None:
    """A timer rings every 2 ms: some of the forks are met while the zygote is asked."""
    source = """
import os, signal
def f():
    rung = []
    signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.002)
    for _ in range(40):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return len(rung) > 0
"""
    assert call(worker(source, tier, processes=True), "f")["ok"] is True


@linux
@WALLED
def test_a_fork_bomb_is_swept_away_with_its_worker(worker: Start, tier: str) -> None:
    started = worker(BOMB, tier, processes=True)
    with_worker = len(_descendants(started.zygote.pid))
    with pytest.raises(WorkerTimeout):
        call(started, "bomb", seconds=1.0)
    assert len(_descendants(started.zygote.pid)) == with_worker - 1
    assert call(worker(BOMB, tier, processes=True), "count")["ok"][0] == PROCESSES


@linux
@WALLED
def test_processes_that_outlive_their_worker_do_not_keep_the_grader_waiting(worker: Start, tier: str) -> None:
    """The child holds a copy of the worker's socket under another number."""
    started = worker(
        "import os, time\ndef f():\n    os.dup(3)\n    if os.fork() == 0: time.sleep(1000)\n    os._exit(5)",
        tier,
        processes=True,
    )
    began = time.monotonic()
    with pytest.raises(WorkerGone) as gone:
        call(started, "f", seconds=60.0)
    assert gone.value.ending.exit == 5
    assert time.monotonic() - began < 20


@linux
@WALLED
def test_processes_together_are_held_to_the_memory_of_the_item(worker: Start, tier: str) -> None:
    source = """
import os, time
def f():
    for _ in range(6):
        if os.fork() == 0:
            held = bytearray(b"x") * (100 << 20)
            time.sleep(1000)
    time.sleep(1000)
"""
    with pytest.raises(WorkerGone) as gone:
        call(worker(source, tier, processes=True, memory_mb=128), "f", seconds=60.0)
    assert gone.value.ending.over == "memory"


NO_TEXT = """
import ctypes, mmap, os, time
HELD = []
def of_a_process():
    ctypes.CDLL(None).prctl(15, b"\\xff", 0, 0, 0)  # PR_SET_NAME
    if os.fork() == 0:
        time.sleep(1000)
    if os.fork() == 0:  # counted by the names of the others
        time.sleep(1000)
    time.sleep(0.5)
    return 7
def of_a_file():
    for _ in range(6):
        with open(b"\\xff", "w+b") as f:
            f.write(bytes(60 << 20))
            HELD.append(mmap.mmap(f.fileno(), 60 << 20))
        os.unlink(b"\\xff")
    time.sleep(1000)
"""


@linux
@WALLED
def test_a_process_whose_name_is_no_utf_8_does_not_end_the_zygote(worker: Start, tier: str) -> None:
    """Else a student could turn every item into one that is not scored: /proc shows such names as they are."""
    assert call(worker(NO_TEXT, tier, processes=True), "of_a_process")["ok"] == 7


@linux
def test_nor_does_a_deleted_file_whose_name_is_no_utf_8(worker: Start) -> None:
    with pytest.raises(WorkerGone) as gone:
        call(worker(NO_TEXT), "of_a_file", seconds=60.0)
    assert gone.value.ending.over == "files"


HIDES = """
import mmap, os, time
HELD = []
def f():
    for _ in range(6):
        f = open("x", "w+b")
        try:
            f.write(bytes(60 << 20))
            f.flush()
        finally:
            os.unlink("x")
        HELD.append(f)
    f = None
    time.sleep(1000)
"""


@linux
@pytest.mark.parametrize("hold", ["f", "mmap.mmap(f.fileno(), 60 << 20)"], ids=["open", "mapped"])
def test_deleted_files_that_are_still_held_count(worker: Start, hold: str) -> None:
    """The folder shows none of them."""
    with pytest.raises(WorkerGone) as gone:
        call(worker(HIDES.replace("HELD.append(f)", f"HELD.append({hold})")), "f", seconds=60.0)
    assert gone.value.ending.over == "files"


@linux
@pytest.mark.skipif(os.getuid() != 0, reason="the tests above ran as an ordinary user already")
@WALLED
def test_processes_and_deleted_files_are_bounded_for_an_ordinary_user_too(zygotes: Zygotes, tier: str) -> None:
    zygotes(tier)  # skips where there is none
    program = f"""
from autograder.sandbox.endings import WorkerGone
from autograder.sandbox.launch import Zygote
from tests.test_zygote import BOMB, HIDES, call, opened
zygote = Zygote({tier!r})
bomb = opened(zygote.worker(memory_mb=512, cpu_seconds=60, processes=True), BOMB)
print(call(bomb, "count")["ok"])
bomb.end(0.0)
hides = opened(zygote.worker(memory_mb=512, cpu_seconds=60), HIDES)
try:
    print(call(hides, "f", seconds=30.0))
except WorkerGone as gone:
    print(gone.ending.over)
zygote.close()
"""
    done = subprocess.run(**as_nobody(program), capture_output=True, timeout=100, check=False)
    over = "files" if tier == "landlock" else "{'error': 'OSError', 'lines': [8]}"  # there its tmpfs is full
    assert (done.stdout, done.stderr) == (f"(16, 11)\n{over}\n", "")


# --- shared data ---


def test_shared_data_is_read_by_every_worker_and_written_by_none(zygotes: Zygotes) -> None:
    data = SharedData("train_x", torch.arange(12.0).reshape(3, 4))
    source = "def f(x):\n    x[0, 0] = 99\n    return x.sum().item(), list(x.shape)"
    for _ in range(2):
        started = opened(zygotes("landlock").worker(memory_mb=256, cpu_seconds=10, shared=[data]), source)
        assert call(started, "f", wire.Ref("shared", "train_x"))["ok"] == (165.0, [3, 4])  # its own copy
        started.end()
    assert data.tensor[0, 0] == 0
    data.close()


@linux
def test_shared_memory_is_sealed() -> None:
    data = SharedData("x", torch.zeros(4, dtype=torch.int64))
    with pytest.raises(PermissionError):
        os.write(data.descriptor, b"x")
    with pytest.raises(PermissionError):
        os.ftruncate(data.descriptor, 1)
    data.close()


# --- our own faults ---


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [(0, "exit code 0"), (7, "exit code 7"), (-11, "SIGSEGV"), (-40, "signal 40"), (-64, "SIGRTMAX")],
)
def test_every_ending_has_words(exit_code: int, words: str) -> None:
    assert Ending(exit_code, False, 0.0, 0).words == words


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder where zygotes put theirs."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_without_bubblewrap_the_cure_is_named_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(SandboxError, match=r"bubblewrap is not installed \(apt-get install bubblewrap\)"):
        Zygote("namespaces")
    assert list(temporary.iterdir()) == []


def test_what_fails_in_the_nursery_is_told_to_all_who_ask_and_the_next_finds_another(
    monkeypatch: pytest.MonkeyPatch, temporary: Path, another_nursery: None
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(view, "COMPAT", temporary / "no_torch_here.py")
        for _ in range(2):
            with pytest.raises(SandboxError, match=r"(?s)the zygote did not answer: .*No such file.*no_torch_here\.py"):
                Zygote("process")
    assert the_nursery().wait(30) == 1
    Zygote("process").close()
    assert list(temporary.iterdir()) == []


def test_a_nursery_whose_program_is_missing_is_told(
    monkeypatch: pytest.MonkeyPatch, temporary: Path, another_nursery: None
) -> None:
    monkeypatch.setattr(view, "program", lambda imports: ["/no/such/python"])
    with pytest.raises(SandboxError, match="No such file or directory: /no/such/python"):
        Zygote("landlock")
    assert list(temporary.iterdir()) == []


@linux
def test_zygotes_do_not_end_with_their_nursery_and_the_next_finds_another(another_nursery: None) -> None:
    first = Zygote("process")
    kill_the_nursery()
    second = Zygote("process")
    for zygote in (first, second):
        assert call(opened(zygote.worker(memory_mb=256, cpu_seconds=9), "def f(): return 7"), "f")["ok"] == 7
        zygote.close()


@linux
def test_a_slot_whose_nursery_was_killed_says_so_and_starts_none(another_nursery: None) -> None:
    line = nursery.line()
    kill_the_nursery()
    nursery.adopt(line)  # as a slot has it
    with pytest.raises(NurseryGone, match="what zygotes are forked from was killed"):
        Zygote("process")


@linux
@pytest.mark.parametrize("tier", ["process", "namespaces"])
def test_a_zygote_dies_with_its_keeper(zygotes: Zygotes, tier: str) -> None:
    """Who would say how it ended?"""
    zygotes(tier)  # skips where there is none
    zygote = Zygote(tier)
    keeper = int(Path(f"/proc/{zygote.pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(keeper, signal.SIGKILL)
    assert gone_within(5.0, zygote.pid)
    with pytest.raises(Killed, match="it was killed"):
        zygote.worker(memory_mb=256, cpu_seconds=1)
    zygote.close()


def test_a_zygote_that_died_is_a_sandbox_error() -> None:
    zygote = Zygote("process")
    os.kill(zygote.pid, signal.SIGKILL)
    with pytest.raises(Killed, match=r"the zygote (is gone|did not answer): it was killed"):
        zygote.worker(memory_mb=256, cpu_seconds=1)
    zygote.close()


def test_a_worker_that_cannot_lock_itself_in_is_our_fault(zygotes: Zygotes) -> None:
    with pytest.raises(SandboxError, match="could not lock itself in"):
        zygotes("landlock").worker(memory_mb=512, cpu_seconds=1e30)  # a limit that no kernel takes


def test_an_alarm_is_dropped_where_the_zygote_fails() -> None:
    """Else a student would have run out of time for our fault."""
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        with pytest.raises(SandboxError), launch.no_alarm():
            signal.raise_signal(signal.SIGALRM)
            raise SandboxError("the zygote did not answer")
        assert not rung
        with launch.no_alarm():
            signal.raise_signal(signal.SIGALRM)
            assert not rung
        assert rung == [1]
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_alarm_while_a_worker_is_ended_waits_for_the_zygote_s_answer(worker: Start) -> None:
    one = worker("import time\ndef f():\n    time.sleep(60)\n")
    wire.send(one.connection, bytes(8) + wire.pack({"op": "call", "name": "f", "args": [], "kwargs": {}}))

    def alarm(*_: object) -> None:
        raise TimeoutError("the test's limit")

    before = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(TimeoutError, match="the test's limit"):
            one.end(0.5)  # the alarm comes in the middle of it
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert one.ending is not None
    assert one.ending.killed
    assert call(worker("def g():\n    return 1\n"), "g")["ok"] == 1


@linux
def test_a_zygote_that_fails_itself_takes_with_it_what_a_worker_had_started(zygotes: Zygotes) -> None:
    zygotes("landlock")  # skips where there is none
    own = Zygote("landlock")
    try:
        source = "import os, time\ndef f():\n    return os.fork() or time.sleep(600)\n"
        child = call(opened(own.worker(memory_mb=512, cpu_seconds=60, processes=True), source), "f")["ok"]
        assert alive(child)
        with pytest.raises(SandboxError, match="KeyError"):
            own.order({"op": "end", "pid": 0, "wait": 0.0})  # there is no such worker
        assert gone_within(5.0, child)
    finally:
        own.close()
