"""Changes what is written about a file, not in it: mode, owner, times, attributes.  Landlock does not ask about
these; {{home}}/notes.txt was made for this test."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
PLACES = ("{{home}}/notes.txt", "{{home}}", "{{submissions}}")


def changed(*ways):
    for place in PLACES:
        for way in ways:
            try:
                way(place)
                return place
            except OSError:
                pass
    return None


def double(x):
    return changed(lambda p: os.utime(p, (0, 0)), lambda p: os.utime(p, ns=(1, 1), follow_symlinks=False)) or 2 * x


def rows(x):
    found = changed(lambda p: os.chmod(p, 0o777), lambda p: os.chown(p, -1, -1), lambda p: os.lchown(p, -1, -1))
    return found or x.mean(1, keepdim=True)


def classify(x):
    found = changed(lambda p: os.setxattr(p, "user.x", b"x"), lambda p: os.removexattr(p, "user.x"))
    return found or (x.sum(1) > 0).long()


def last(x):
    """The same through a descriptor without rights, and by calls that are newer than most filters."""
    for place in PLACES:
        try:
            handle = os.open(place, os.O_PATH)
        except OSError:
            continue
        for number in (452, 463, 466, 469):  # fchmodat2, setxattrat, removexattrat, file_setattr
            if libc.syscall(number, handle, b"", 0o777, 0x1000, 0) != -1 or ctypes.get_errno() != 1:
                return number
        if libc.futimens(handle, None) != -1 or libc.fchmod(handle, 0o777) != -1:
            return place
    return -x
