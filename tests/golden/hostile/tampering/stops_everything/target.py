"""Stops: everybody (with a signal that would not harm), its group, and in the end itself."""

import os
import signal


def double(x):
    """As SIGSTOP would go out: to all, to the group, to each."""
    for pid in (-1, 0, os.getppid(), 1, *range(os.getpid() - 50, os.getpid())):
        try:
            os.kill(pid, signal.SIGCONT)
            return pid
        except PermissionError:
            pass
    return 2 * x


def rows(x):
    """Whoever is stopped answers nothing, and no handler of its own can wake it."""
    os.kill(os.getpid(), signal.SIGSTOP)
    return x.mean(1, keepdim=True)


def classify(x):
    """A stop that waits until the answer is on its way."""
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.signal(signal.SIGALRM, lambda *args: signal.raise_signal(signal.SIGTSTP))
    return (x.sum(1) > 0).long()


def last(x):
    return -x
