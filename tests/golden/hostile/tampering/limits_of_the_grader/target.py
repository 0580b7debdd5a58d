"""Other processes' limits, processors and priorities; only values that would change nothing are set."""

import ctypes
import os
import resource

libc = ctypes.CDLL(None, use_errno=True)
OTHERS = (os.getppid(), 1, os.getpid() - 1)
SCHED_BATCH, IOPRIO_WHO_PROCESS = 3, 1
IOPRIO_SET = {"x86_64": 251, "aarch64": 30}[os.uname().machine]


def refused(way, *args):
    try:
        way(*args)
    except PermissionError:
        return True
    return False


def double(x):
    for pid in OTHERS:
        if not refused(resource.prlimit, pid, resource.RLIMIT_NOFILE):
            return pid
    return 2 * x


def rows(x):
    everywhere = range(os.cpu_count())
    return x.mean(1, keepdim=True) if all(refused(os.sched_setaffinity, pid, everywhere) for pid in OTHERS) else x


def classify(x):
    for pid in OTHERS:
        ways = (
            (os.setpriority, os.PRIO_PROCESS, pid, 0),
            (os.sched_setscheduler, pid, SCHED_BATCH, os.sched_param(0)),
            (os.sched_setparam, pid, os.sched_param(0)),
        )
        if not all(refused(*way) for way in ways) or libc.syscall(IOPRIO_SET, IOPRIO_WHO_PROCESS, pid, 0) != -1:
            return pid
    return (x.sum(1) > 0).long()


def last(x):
    """Whole groups at once, and memory nodes."""
    ways = ((os.setpriority, os.PRIO_USER, 0, 0), (os.setpriority, os.PRIO_PGRP, 0, 0))
    return -x if all(refused(*way) for way in ways) else x
