"""A worker leaves notes (files, memory, variables) and dies; does the next one of this submission find them?"""

import os
import tempfile
from pathlib import Path

PLACES = [Path("note"), Path.home() / "note", Path(tempfile.gettempdir()) / "note", Path("/tmp/note"), Path("../note")]
PLACES += [Path(f"/proc/{os.getppid()}/cwd/note"), Path("/var/tmp/note"), Path("/dev/shm/note"), Path("/run/lock/note")]


def leave(text):
    os.environ["NOTE"] = text
    for place in PLACES:
        try:
            place.write_text(text)
        except OSError:
            pass
    try:
        os.write(os.memfd_create("note"), text.encode())
    except OSError:
        pass


def found():
    for place in PLACES:
        try:
            return place.read_text()
        except OSError:
            pass
    for number in range(64):  # another worker's memory file, if it had been handed on
        try:
            if "memfd" in os.readlink(f"/proc/self/fd/{number}"):
                return os.pread(number, 100, 0)
        except OSError:
            pass
    return os.environ.get("NOTE")


def double(x):
    leave(repr(x.tolist()))
    assert found()
    return 2 * x


def rows(x):
    os._exit(0)


def classify(x):
    return found() or (x.sum(1) > 0).long()


def last(x):
    return found() or -x
