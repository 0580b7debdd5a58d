"""Builds walls of its own inside the ones around it; the new ones allow everything."""

import ctypes
import socket

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_GET_NO_NEW_PRIVS = 38, 22, 39


def double(x):
    """Landlock once more, with the root of everything allowed."""
    import landlockpy

    every = landlockpy.fs_for_abi(landlockpy.abi_version())
    try:
        with landlockpy.Ruleset() as rules:
            rules.allow_path("/", every)
            rules.restrict()
    except OSError:
        pass
    try:
        with open("{{home}}/notes.txt") as file:
            return file.read()
    except OSError:
        return 2 * x


def rows(x):
    """A filter that lets every call through, and then one of those that were refused."""
    import pyseccomp

    try:
        pyseccomp.SyscallFilter(pyseccomp.ALLOW).load()
    except OSError:
        pass
    try:
        return repr(socket.socket())
    except PermissionError:
        return x.mean(1, keepdim=True)


def classify(x):
    """No new privileges, taken back; strict mode (would be) replaced by none."""
    undone = libc.prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 or libc.prctl(PR_SET_SECCOMP, 0, 0, 0, 0) == 0
    return (x.sum(1) > 0).long() if not undone and libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 else x


def last(x):
    """Landlock's rules are a descriptor: one for a path that must stay shut."""
    attr = (ctypes.c_uint64 * 1)(1 << 2)  # READ_FILE
    rules = libc.syscall(444, attr, 8, 0)
    if rules != -1 and libc.syscall(446, rules, 0) == 0:  # restrict myself further: my own affair
        try:
            return open("{{home}}/notes.txt").read()
        except OSError:
            pass
    return -x
