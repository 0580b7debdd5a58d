"""jail: what a worker may not do, tried by a worker; each attempt is an ordinary submission's."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox.inner.jail import Jail, status_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="walls are Linux's")

HandIn = Callable[..., Any]
WALLED = ("namespaces", "landlock")
ALL = (*WALLED, "process")

ATTEMPT = """
import ctypes, os, resource, signal, socket, subprocess, sys, threading
import torch

libc = ctypes.CDLL(None, use_errno=True)

def attempt(code):
    try:
        return repr(eval(code))
    except BaseException as error:
        return type(error).__name__

def system(number, *args):
    ctypes.set_errno(0)
    return libc.syscall(number, *args), ctypes.get_errno()
"""

# --- processes, sockets, signals, system calls ---

REFUSED = {
    "fork": "os.fork()",
    "a subprocess": "subprocess.run(['true'])",
    "os.system": "os.system('true') and os.strerror(1)",
    "posix_spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "exec": "os.execv('/bin/true', ['true'])",
    "a TCP socket": "socket.socket()",
    "a UDP socket": "socket.socket(type=socket.SOCK_DGRAM)",
    "a unix socket": "socket.socket(socket.AF_UNIX)",
    "a netlink socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "a signal to the parent": "os.kill(os.getppid(), 0)",
    "a signal to everyone": "os.kill(-1, 0)",
    "a signal to its group": "os.kill(0, 0)",
    "memory that others could map": "os.memfd_create('x')",
    "another's limits": "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)",
    "another's processors": "os.sched_setaffinity(os.getppid(), {0})",
    "a changed mode": "os.fchmod(os.open('answer.py', os.O_RDONLY), 0o777)",
    "descriptors through a socket": "socket.send_fds(socket.socketpair()[0], [b'x'], [0])",
    "another user": "os.setuid(0)",
    "a pid's descriptor": "os.pidfd_open(os.getppid())",
    "another root": "os.chroot('.')",
    "a pair that sends anywhere": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "a signal by an owned socket": "__import__('fcntl').fcntl(socket.socketpair()[0], 8, os.getppid())",
    "a file's times": "os.utime(os.open('answer.py', os.O_RDONLY))",
    "a library's mode": "os.chmod(torch.__file__, 0o777)",
    "a library's times": "os.utime(torch.__file__)",
    "a library's mode by a link": "os.symlink(torch.__file__, 'l') or os.chmod('l', 0o777)",
    "another name for the machine": "socket.sethostname('planted')",
}


@pytest.mark.parametrize("tier", WALLED)
def test_a_walled_worker_is_refused_with_an_exception(hand_in: HandIn, tier: str) -> None:
    student = hand_in(ATTEMPT, tier).student
    got = {name: student.attempt(code) for name, code in REFUSED.items()}
    refused = ("PermissionError", "'Operation not permitted'")
    assert {name: answer for name, answer in got.items() if answer not in refused} == {}


RAW = {
    "ptrace": 101,
    "process_vm_readv": 310,
    "unshare": 272,
    "bpf": 321,
    "io_uring_setup": 425,
    "keyctl": 250,
    "mount": 165,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
@pytest.mark.parametrize("tier", WALLED)
def test_raw_system_calls_are_refused_too(hand_in: HandIn, tier: str) -> None:
    student = hand_in(ATTEMPT, tier).student
    assert {name: student.system(number, 0, 0, 0, 0, 0) for name, number in RAW.items()} == dict.fromkeys(RAW, (-1, 1))
    assert student.system(435, 0, 0) == (-1, 38)  # clone3: glibc must fall back to clone, whose flags can be read
    assert student.attempt("threading.Thread(target=print).start()") == "None"


@pytest.mark.parametrize("tier", WALLED)
def test_what_an_honest_answer_needs_works(hand_in: HandIn, tier: str) -> None:
    student = hand_in(ATTEMPT, tier).student
    assert student.attempt("torch.randn(4, 4).svd().S.shape") == "torch.Size([4])"
    assert student.attempt("sum(1 for _ in torch.utils.data.DataLoader(range(4)))") == "4"
    assert student.attempt("torch.save(torch.ones(2), 'w.pt') or torch.load('w.pt').sum().item()") == "2.0"
    assert student.attempt("__import__('json').dumps([1])") == "'[1]'"
    assert student.attempt("__import__('tempfile').TemporaryFile().write(b'x')") == "1"
    assert student.attempt("len(os.urandom(4))") == "4"


# --- modes and times of its own files ---

OWN = """
import shutil, pathlib, zipfile
def habits():
    pathlib.Path('sub').mkdir()
    pathlib.Path('sub/a').write_bytes(b'x')
    pathlib.Path('sub/a').touch()
    pathlib.Path('new').touch()
    for copy in (shutil.copy, shutil.copy2, shutil.copyfile):
        copy('sub/a', 'b')
    shutil.copytree('sub', 'tree')
    os.utime('b', (1, 1)), os.chmod('b', 0o600), os.chmod(pathlib.Path('b'), 0o600)
    shutil.make_archive('z', 'zip', 'sub')
    shutil.unpack_archive('z.zip', 'out')
    return sorted(os.listdir('.')), open('out/a', 'rb').read(), os.stat('b').st_mode & 0o777, os.stat('b').st_mtime > 9
"""


@pytest.mark.parametrize("tier", WALLED)
def test_copies_of_its_own_files_work_and_no_mode_or_time_changes(hand_in: HandIn, tier: str) -> None:
    student = hand_in(ATTEMPT + OWN, tier).student
    names = ["answer.py", "b", "new", "out", "sub", "tree", "z.zip"]
    assert student.habits() == (names, b"x", 0o644, True)
    assert student.attempt("os.chmod('none', 0o600)") == student.attempt("os.utime('none')") == "FileNotFoundError"


@pytest.mark.parametrize("tier", WALLED)
def test_a_library_s_mode_is_not_changed_by_the_way_around(hand_in: HandIn, tier: str) -> None:
    """What stands in for os.chmod holds nothing: the filter below it does."""
    student = hand_in(ATTEMPT, tier).student
    assert student.attempt("os.chmod.__wrapped__(torch.__file__, 0o777)") == "PermissionError"
    assert student.attempt("libc.chmod(b'answer.py', 0o777)") == "-1"


# --- items that may start processes ---

FORKS = """
def beside(code):
    \"\"\"What a process of the worker's gets for it.\"\"\"
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write, attempt(code).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    return os.read(read, 100).decode()
"""
ITS_OWN = {"fork", "a signal to its group", "a signal to everyone", "a signal to the parent"}  # the parent: the worker


@pytest.mark.parametrize("tier", WALLED)
def test_a_process_of_a_worker_s_is_refused_the_same(hand_in: HandIn, tier: str) -> None:
    student = hand_in(ATTEMPT + FORKS, tier, processes=True).student
    got = {name: student.beside(REFUSED[name]) for name in sorted(REFUSED.keys() - ITS_OWN)}
    refused = ("PermissionError", "'Operation not permitted'")
    assert {name: answer for name, answer in got.items() if answer not in refused} == {}


CLONES = {
    "a sibling": 0x00008000 | 17,
    "a user namespace": 0x10000000 | 17,
    "a pid namespace": 0x20000000 | 17,
    "a network": 0x40000000 | 17,
    "shared memory": 0x00000100 | 17,
    "vfork": 0x00004100 | 17,
    "no signal at its end": 0x01200000,
    "another signal": 0x01200000 | 9,
    "a descriptor of it": 0x00001000 | 0x01200011,
    "plain": 17,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
@pytest.mark.parametrize("tier", WALLED)
def test_no_clone_but_fork_s_own_is_let_through(hand_in: HandIn, tier: str) -> None:
    student = hand_in(ATTEMPT, tier, processes=True).student
    got = {name: student.system(56, flags, 0, 0, 0, 0) for name, flags in CLONES.items()}
    assert got == dict.fromkeys(CLONES, (-1, 1))
    assert (student.system(57), student.system(58)) == ((-1, 1), (-1, 1))  # fork, vfork


@pytest.mark.parametrize("tier", WALLED)
def test_a_worker_may_signal_its_own_processes_and_nobody_else(hand_in: HandIn, tier: str) -> None:
    source = """
        import os, signal, time
        def own():
            pid = os.fork()
            if pid == 0:
                time.sleep(100)
            os.kill(pid, signal.SIGTERM)
            return os.waitpid(pid, 0)[1]
        def others(pids):
            found = []
            for pid in (*pids, os.getppid(), 1, 2):
                try:
                    os.kill(pid, 0)
                    found.append(pid)
                except OSError:
                    pass
            return found
    """
    student = hand_in(source, tier, processes=True).student
    assert student.own() == 15
    assert student.others([os.getpid(), os.getppid()]) == []


# --- files ---

READS = {
    "the list of users": "open('/etc/passwd').read()",
    "the root": "os.listdir('/')",
    "the processes": "os.listdir('/proc')",
    "its own command line": "open('/proc/self/cmdline').read()",
    "its parent's memory": "open(f'/proc/{os.getppid()}/mem', 'rb')",
    "its parent's environment": "open(f'/proc/{os.getppid()}/environ').read()",
    "its parent's root": "os.listdir(f'/proc/{os.getppid()}/root')",
    "homes": "os.listdir('/root')",
    "shared memory": "open('/dev/shm/a-file-of-nobody-s', 'w')",
}
WRITES = {
    "the libraries": "open(torch.__file__, 'a')",
    "the kit": "open(sys.path[0] + '/inner/wire.py', 'a')",
    "beside its folder": "open('../x', 'w')",
    "a link out": "os.symlink('/etc', 'etc') or os.listdir('etc')",
    "the temporary folder": "open('/tmp/a-file-of-nobody-s', 'w')",
}


@pytest.mark.parametrize("tier", WALLED)
def test_a_walled_worker_reads_nothing_but_its_libraries(hand_in: HandIn, tier: str) -> None:
    student = hand_in(ATTEMPT, tier).student
    got = {name: student.attempt(code) for name, code in (READS | WRITES).items()}
    assert set(got.values()) <= {"PermissionError", "FileNotFoundError", "OSError"}, got
    assert "['" in student.attempt("os.listdir(os.path.dirname(torch.__file__))")


@pytest.mark.parametrize("tier", WALLED)
def test_the_repository_is_out_of_reach(hand_in: HandIn, tier: str) -> None:
    student = hand_in(ATTEMPT, tier).student
    here = Path(__file__).parents[1]
    for name in ("grading.yml", "autograder/suites", "autograder/mistakes", "solutions", "tests"):
        assert student.attempt(f"open({str(here / name)!r}).read()") in ("PermissionError", "FileNotFoundError")
    assert student.attempt("__import__('autograder.suites')") in ("ModuleNotFoundError", "PermissionError")
    assert student.attempt("__import__('autograder.bank')") in ("ModuleNotFoundError", "PermissionError")


@pytest.mark.parametrize("tier", WALLED)
def test_a_planted_secret_is_not_read_under_any_name(hand_in: HandIn, tier: str, tmp_path: Path) -> None:
    secret = tmp_path / "labels.txt"
    secret.write_text("canary")
    student = hand_in(ATTEMPT, tier).student
    for way in (f"open({str(secret)!r}).read()", f"os.link({str(secret)!r}, 'l') or open('l').read()"):
        assert "canary" not in student.attempt(way)


# --- what it is born with ---


@pytest.mark.parametrize("tier", ALL)
def test_the_environment_is_the_kits_own(hand_in: HandIn, tier: str) -> None:
    known = {"PATH", "LANG", "USER", "HOME", "TMPDIR", "PWD", "MPLBACKEND", "PYTORCH_NVML_BASED_CUDA_CHECK"}
    known |= {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "GLIBC_TUNABLES"}
    assert set(hand_in("import os\ndef f(): return dict(os.environ)", tier).student.f()) <= known


@pytest.mark.parametrize("tier", ALL)
def test_only_its_own_socket_is_open(hand_in: HandIn, tier: str) -> None:
    source = """
        import os, stat
        def f():
            kinds = {}
            for number in range(256):
                try:
                    kinds[number] = stat.S_ISSOCK(os.fstat(number).st_mode)
                except OSError:
                    pass
            return kinds
    """
    assert hand_in(source, tier).student.f() == {0: False, 1: False, 2: False, 3: True}


@pytest.mark.parametrize("tier", ALL)
def test_it_starts_in_a_folder_of_its_own(hand_in: HandIn, tier: str) -> None:
    source = "import os\ndef f(): return os.getcwd(), os.listdir('.'), os.environ['TMPDIR'], os.environ['HOME']"
    folder, files, temporary, home = hand_in(source, tier).student.f()
    assert files == ["answer.py"]
    assert folder == temporary == home


@pytest.mark.parametrize("tier", ALL)
def test_its_limits_are_set(hand_in: HandIn, tier: str) -> None:
    source = """
        import resource
        NAMES = ("CORE", "FSIZE", "NOFILE", "CPU")
        def f():
            return [resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in NAMES]
    """
    limits = hand_in(source, tier, cpu_seconds=10).student.f()
    assert limits == [(0, 0), (64 << 20, 64 << 20), (256, 256), (12, 14)]


@pytest.mark.parametrize("tier", WALLED)
def test_a_limit_cannot_be_raised_again(hand_in: HandIn, tier: str) -> None:
    student = hand_in(ATTEMPT, tier, memory_mb=256).student
    student.attempt("resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))")
    assert student.attempt("bytearray(1 << 30)") == "MemoryError"


@pytest.mark.parametrize("tier", ALL)
def test_memory_is_limited_above_what_torch_takes(hand_in: HandIn, tier: str) -> None:
    student = hand_in(ATTEMPT, tier, memory_mb=256).student
    assert student.attempt("len(bytearray(128 << 20))") == str(128 << 20)
    assert student.attempt("bytearray(512 << 20)") == "MemoryError"
    assert student.attempt("torch.zeros(512 << 20, dtype=torch.uint8)") == "RuntimeError"


@pytest.mark.parametrize("tier", ALL)
def test_a_file_cannot_fill_the_disk(hand_in: HandIn, tier: str) -> None:
    source = """
        import os, signal
        def f():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            with open("big", "wb") as file:
                file.truncate(65 << 20)
    """
    from autograder.checks import StudentRaised

    with pytest.raises(StudentRaised, match="OSError"):
        hand_in(source, tier).student.f()


# --- the record itself ---


def test_only_two_tiers_have_walls() -> None:
    assert [Jail(tier).walls for tier in ALL] == [True, True, False]


def test_a_hard_limit_that_is_already_lower_is_kept() -> None:
    """In a process of its own: a limit cannot be raised again."""
    program = """
import resource
from autograder.sandbox.inner.jail import Jail
resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
jail = Jail("process")
jail.prepare()
jail._limit(4096, 100)
print(resource.getrlimit(resource.RLIMIT_CPU), resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split("\n")[0] == "(5, 5) (64, 64)"


def test_the_data_that_is_counted_is_what_the_kernel_counts() -> None:
    before = status_bytes("VmData")
    held = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # new memory, whatever malloc kept
    assert status_bytes("VmData") - before >= len(held) - (1 << 20)
