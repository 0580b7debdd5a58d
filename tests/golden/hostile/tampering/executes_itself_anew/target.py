"""A library forced into the next program, and every way to start one."""

import ctypes
import errno
import os
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
os.environ.update(LD_PRELOAD=os.path.abspath("evil.so"), PYTHONSTARTUP="target.py", PYTHONINSPECT="1")
TRUE = "/bin/true"


def refused(way, *args, **kwargs):
    try:
        way(*args, **kwargs)
    except PermissionError:
        return True
    return False


def double(x):
    """In its own place; had it been let, this worker would end here."""
    ways = ((os.execv, sys.executable, [sys.executable, "-c", ""]), (os.execve, TRUE, ["true"], dict(os.environ)))
    return 2 * x if all(refused(*way) for way in ways) else x


def rows(x):
    """As a child."""
    ways = ((subprocess.run, [TRUE]), (os.posix_spawn, TRUE, ["true"], os.environ), (os.popen, "true"), (os.fork,))
    return x.mean(1, keepdim=True) if all(refused(*way) for way in ways) else x


def classify(x):
    """From a file in memory, and by the C library."""
    if not refused(os.memfd_create, "program"):
        return "memory"
    ran = libc.system(b"true") == 0 or libc.execl(TRUE.encode(), b"true", None) != -1
    return "ran" if ran or ctypes.get_errno() != errno.EPERM else (x.sum(1) > 0).long()


def last(x):
    """A program of its own making, in the only folder it may write to."""
    with open("program", "w", opener=lambda path, flags: os.open(path, flags, 0o777)) as file:
        file.write("#!/bin/sh\n")
    return -x if refused(os.execv, "program", ["program"]) else x
