"""The child locks itself in before the student's first line: limits, Landlock, seccomp, no way back.

`Jail.prepare()` runs once in the zygote, `Jail.compile()` before a fork; `Jail.close_on_child()` runs after each fork
and cannot be undone.  What a tier does not offer is skipped here; whether the result holds is not believed but
attacked (`autograder.sandbox.tiers`).  Fails with OSError, which costs our side a `grader_error`, never a grade.
Linux only, except the resource limits.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
PR_SET_THP_DISABLE = 41
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, INSTRUCTION_BYTES = 22, 2, 8
CLONE_THREAD = 0x00010000
FORK = 0x01200011  # what glibc's fork() asks clone for: two addresses to write the child's number to, SIGCHLD
TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP = 0x5412, 0x541C, 0x8901, 0x8902
F_SETOWN, F_SETOWN_EX = 8, 15
MAP_SHARED_ANONYMOUS, MAP_SHARED_ANONYMOUS_MASK, MAP_GROWSDOWN = 0x21, 0x2F, 0x100
AF_UNIX, SOCK_DGRAM, SOCK_RAW = 1, 2, 3
CAPABILITIES_V3, CAP_DAC_READ_SEARCH = 0x20080522, 2
FILE_MB = 64  # the largest file a worker may write
DESCRIPTORS = 256
SPARE = 4 << 20  # bytes above a worker's memory, let go when that is full: saying so takes msgpack 1 MB
ADDRESSES_MB = 16 << 10  # above what is mapped: bounds the page tables of mappings that hold no data
PROCESSES = 256  # threads count; not enforced for root (field-notes.md, "Limits"), seccomp refuses processes there

# What no honest answer needs.  Refused with EPERM so that a curious student gets an exception, not a dead process.
REFUSED = """
execve execveat fork vfork ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp
pidfd_open pidfd_getfd pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo tkill
unshare setns mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr
bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key
socket connect bind listen accept accept4 sendmsg sendmmsg
shmget shmat shmctl msgget msgsnd msgrcv semget semop semctl mq_open
memfd_create memfd_secret name_to_handle_at open_by_handle_at fanotify_init quotactl acct swapon swapoff reboot
kexec_load kexec_file_load init_module finit_module delete_module syslog settimeofday clock_settime adjtimex
chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat setxattr lsetxattr fsetxattr mknod mknodat
removexattr lremovexattr fremovexattr utime utimes futimesat utimensat inotify_init inotify_init1 inotify_add_watch
setuid setgid setreuid setregid setresuid setresgid setgroups capset personality vhangup iopl ioperm
move_pages migrate_pages sched_setattr sched_setscheduler sched_setparam setpriority ioprio_set
sethostname setdomainname clock_adjtime quotactl_fd seccomp
""".split()  # noqa: SIM905
# Newer than the libseccomp of Debian 12; these numbers are the same on every architecture:
# fchmodat2, setxattrat, removexattrat, open_tree_attr, file_setattr
REFUSED_NUMBERS = (452, 463, 466, 467, 469)


@dataclass
class Jail:
    tier: str  # namespaces | landlock | process
    readable: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()  # of a GPU and its driver, which a worker may open; empty: there is none
    _libc: Any = field(default=None, repr=False)
    _seccomp: Any = field(default=None, repr=False)
    _landlock: Any = field(default=None, repr=False)
    _programs: dict[bool, bytes] = field(default_factory=dict, repr=False)  # of seccomp's filter

    @property
    def walls(self) -> bool:
        return self.tier in ("namespaces", "landlock")

    def prepare(self) -> None:
        """Import what the child needs: after the fork nothing may be read from the disk."""
        if sys.platform == "linux":
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
            self._libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        if self.walls:
            import landlockpy
            import pyseccomp

            self._landlock, self._seccomp = landlockpy, pyseccomp

    def ask_before_forks(self, zygote: socket.socket) -> None:
        """From here on each fork waits for the zygote's word: it gets the descriptor on which the kernel asks."""
        if self._libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs")
        calls = self._seccomp.SyscallFilter(self._seccomp.ALLOW)
        forks = self._seccomp.Arg(0, self._seccomp.MASKED_EQ, 0xFFFFFFFF, FORK)
        calls.add_rule(self._seccomp.NOTIFY, "clone", forks)
        calls.load()
        listener = self._seccomp._libseccomp.seccomp_notify_fd(calls._filter)  # pyseccomp has no name for it
        socket.send_fds(zygote, [b"f"], [listener])
        os.close(listener)

    def close_on_child(self, scratch: Path, memory_mb: int, seconds: int, *, processes: bool = False) -> None:
        """Everything that holds a worker.  `memory_mb` is above what the zygote already uses.

        `processes`: it may fork where the zygote allows it, after `ask_before_forks`.
        """
        if self._libc is not None:
            self._libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
            self._libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)  # what it makes is counted in 4 kB (view.ENVIRONMENT)
            # in `landlock` an ordinary user's zygote must see which deleted files it holds (watch.py); what keeps other
            # workers from reading its memory there is Landlock, seccomp and no /proc
            counted = self.tier == "landlock" and os.geteuid() != 0
            self._libc.prctl(PR_SET_DUMPABLE, int(counted), 0, 0, 0)
        self._limit(memory_mb, seconds)
        if self.walls:
            if self._libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "no_new_privs")
            self._restrict_files(scratch)
            self._drop_capabilities()
            self._filter_calls(processes)

    def _limit(self, memory_mb: int, seconds: int) -> None:
        def limit(kind: int, soft: int, above: int = 0) -> None:
            hard = resource.getrlimit(kind)[1]
            most = soft + above if hard == resource.RLIM_INFINITY else min(soft + above, hard)
            resource.setrlimit(kind, (min(soft, most), most))

        limit(resource.RLIMIT_CORE, 0)
        limit(resource.RLIMIT_FSIZE, FILE_MB << 20)
        limit(resource.RLIMIT_NOFILE, DESCRIPTORS)
        limit(resource.RLIMIT_CPU, seconds, above=2)  # SIGXCPU first: SIGKILL at once would look like a kill for memory
        if sys.platform == "linux":
            limit(resource.RLIMIT_DATA, status_bytes("VmData") + (memory_mb << 20) + SPARE)
            if not self.nodes:  # CUDA reserves addresses for the memory of the machine and of all GPUs
                limit(resource.RLIMIT_AS, status_bytes("VmSize") + (memory_mb + ADDRESSES_MB << 20))
            if self.tier == "namespaces":
                limit(resource.RLIMIT_NPROC, PROCESSES)

    def _restrict_files(self, scratch: Path) -> None:
        """Read the interpreter and the libraries, write the scratch folder, nothing else; no TCP, no signals out."""
        fs, scope = self._landlock.AccessFS, self._landlock.Scope
        read = fs.READ_FILE | fs.READ_DIR | fs.EXECUTE
        write = read | fs.WRITE_FILE | fs.TRUNCATE | fs.REMOVE_FILE | fs.REMOVE_DIR
        write |= fs.MAKE_DIR | fs.MAKE_REG | fs.MAKE_SOCK
        with self._landlock.Ruleset(scoped=scope.ABSTRACT_UNIX_SOCKET | scope.SIGNAL) as rules:
            for path in self.readable:
                if os.path.exists(path):
                    rules.allow_path(path, read if os.path.isdir(path) else fs.READ_FILE | fs.EXECUTE)
            for device in ("/dev/null", "/dev/urandom", "/dev/random"):  # /dev/zero can be mapped as shared memory
                rules.allow_path(device, fs.READ_FILE | fs.WRITE_FILE)
            for node in self.nodes:
                rules.allow_path(node, fs.READ_FILE | fs.WRITE_FILE | getattr(fs, "IOCTL_DEV", fs.READ_FILE))
            rules.allow_path(scratch, write)
            rules.restrict()

    def _drop_capabilities(self) -> None:
        """Root's powers, of which `landlock` as root would keep all: limits raised, the clock and the host renamed.

        Reading past modes stays: the interpreter may lie in a home that only its owner and root may enter.
        """
        header, held = (ctypes.c_uint32 * 2)(CAPABILITIES_V3, 0), (ctypes.c_uint32 * 6)()
        if self._libc.capget(header, held):
            raise OSError(ctypes.get_errno(), "capget")
        keep = held[1] & 1 << CAP_DAC_READ_SEARCH  # words: effective, permitted, inheritable; twice
        if self._libc.capset(header, (ctypes.c_uint32 * 6)(keep, keep)):
            raise OSError(ctypes.get_errno(), "capset")

    def compile(self, processes: bool) -> None:
        """The filter, for the workers that are forked from here: compiling takes 2 to 3 ms and writes to 200 pages."""
        if self.walls and processes not in self._programs:
            self._programs[processes] = self._compiled(processes)

    def _filter_calls(self, processes: bool) -> None:
        self.compile(processes)
        if not (processes and _signals_are_held()):
            calls = self._seccomp.SyscallFilter(self._seccomp.ALLOW)
            for name in ("kill", "tgkill"):
                calls.add_rule(
                    self._seccomp.ERRNO(errno.EPERM), name, self._seccomp.Arg(0, self._seccomp.NE, os.getpid())
                )
            calls.load()
        instructions = self._programs[processes]  # last: it refuses other filters
        program = _Program(len(instructions) // INSTRUCTION_BYTES, instructions)
        if self._libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
            raise OSError(ctypes.get_errno(), "seccomp")

    def _compiled(self, processes: bool) -> bytes:
        seccomp = self._seccomp
        refuse = seccomp.ERRNO(errno.EPERM)
        calls = seccomp.SyscallFilter(seccomp.ALLOW)
        for name in (*REFUSED, *REFUSED_NUMBERS):
            with contextlib.suppress(OSError, ValueError):  # a call this libseccomp has no name for: a newer kernel's
                calls.add_rule(refuse, name)
        calls.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags lie in memory; glibc falls back to clone
        for mask, value in _no_fork() if processes else [(CLONE_THREAD, 0)]:  # threads, no processes
            calls.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, mask, value))
        for name in ("prlimit64", "sched_setaffinity"):  # 0 means the caller; any other may be the grader
            calls.add_rule(refuse, name, seccomp.Arg(0, seccomp.NE, 0))
        for request in (TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP):
            calls.add_rule(refuse, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
        for command in (F_SETOWN, F_SETOWN_EX):  # SIGIO to whom it likes
            calls.add_rule(refuse, "fcntl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, command))
        # memory that no limit counts
        shared = seccomp.Arg(3, seccomp.MASKED_EQ, MAP_SHARED_ANONYMOUS_MASK, MAP_SHARED_ANONYMOUS)
        calls.add_rule(refuse, "mmap", shared)
        calls.add_rule(refuse, "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, MAP_GROWSDOWN, MAP_GROWSDOWN))
        for option in (PR_SET_PDEATHSIG, PR_SET_DUMPABLE):  # the second: the zygote counts what it holds
            calls.add_rule(refuse, "prctl", seccomp.Arg(0, seccomp.MASKED_EQ, 0xFFFFFFFF, option))
        calls.add_rule(refuse, "socketpair", seccomp.Arg(0, seccomp.NE, AF_UNIX))
        for kind in (SOCK_DGRAM, SOCK_RAW):  # such a pair reaches every named socket by sendto
            calls.add_rule(refuse, "socketpair", seccomp.Arg(1, seccomp.MASKED_EQ, 0xF, kind))
        with tempfile.TemporaryFile() as file:
            calls.export_bpf(file)
            file.seek(0)
            return file.read()


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _no_fork() -> Iterator[tuple[int, int]]:
    """Masks and values that together fit every clone but a thread's and plain fork's, one bit a rule.

    libseccomp compares an argument once a rule, so "no thread and not FORK" cannot be said in one.
    """
    for bit in (1 << position for position in range(32)):
        if bit != CLONE_THREAD:
            yield CLONE_THREAD | bit, bit & ~FORK


def _signals_are_held() -> bool:
    """May this worker, its Landlock closed, not even ask whether the zygote is there?  (Landlock ABI 6, Linux 6.12.)

    Tried rather than asked for a version.  Where it may, seccomp refuses all signals but those to the worker itself.
    """
    try:
        os.kill(os.getppid(), 0)
    except PermissionError:
        return True
    return False


def status_bytes(name: str) -> int:
    """What a limit already counts for this process (VmData, VmSize), in bytes; a rough 512 MB without /proc."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 512 << 20
