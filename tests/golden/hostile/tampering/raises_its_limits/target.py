"""Asks its limits away again, and the powers that would let it."""

import ctypes
import os
import resource

libc = ctypes.CDLL(None, use_errno=True)
KINDS = [resource.RLIMIT_DATA, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE]
NEVER = resource.RLIM_INFINITY


def refused(way, *args):
    try:
        way(*args)
    except (OSError, ValueError):
        return True
    return False


def double(x):
    raised = [kind for kind in KINDS if not refused(resource.setrlimit, kind, (NEVER, NEVER))]
    return raised or 2 * x


def rows(x):
    """By a little, from its own hard limit; and as prlimit on itself."""
    for kind in KINDS:
        soft, hard = resource.getrlimit(kind)
        ways = ((resource.setrlimit, kind, (soft, hard + 1)), (resource.prlimit, 0, kind, (soft, hard + 1)))
        if not all(refused(*way) for way in ways):
            return kind
    return x.mean(1, keepdim=True)


def classify(x):
    """All powers back (capset), another user, another name for the machine."""
    header, all_of_them = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    ways = ((os.setuid, 0), (os.setgid, 0), (os.setgroups, [0]), (os.nice, -1))
    named = libc.sethostname(b"planted", 7) == 0 or libc.setdomainname(b"planted", 7) == 0
    return x if libc.capset(header, all_of_them) == 0 or named or not all(refused(*w) for w in ways) else (x.sum(1) > 0).long()


def last(x):
    """What is left of root's powers: reading past modes at most, which Landlock bounds."""
    header, held = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capget(header, held)
    return -x if not any(word & ~(1 << 2) for word in held) else list(held)
