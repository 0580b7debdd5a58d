"""Prints its inputs by every door that leads to somebody's screen or log."""

import logging
import os
import sys
import syslog
import warnings


def told(x):
    return f"HIDDEN-INPUT {x.tolist()}"


def double(x):
    print(told(x), flush=True)
    print(told(x), file=sys.__stderr__, flush=True)
    sys.displayhook(told(x))
    return 2 * x


def rows(x):
    for descriptor in (1, 2):
        os.write(descriptor, told(x).encode())
    warnings.warn(told(x), stacklevel=1)
    logging.getLogger().critical(told(x))
    return x.mean(1, keepdim=True)


def probabilities(z):
    for name in ("/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/console", "/proc/self/fd/1", "/dev/pts/0"):
        try:
            with open(name, "w") as screen:
                screen.write(told(z))
        except OSError:
            pass
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)


def classify(x):
    """A hook for the exceptions of later, and the machine's log."""
    sys.excepthook = sys.unraisablehook = lambda *args: os.write(2, told(x).encode())
    try:
        syslog.syslog(told(x))
    except OSError:
        pass
    return (x.sum(1) > 0).long()


def last(x):
    """In files that somebody may look at later, under names that say it all."""
    with open("HIDDEN-INPUT", "w") as file:
        file.write(told(x))
    os.mkdir(told(x)[:100])
    return -x
