"""The process that zygotes are forked from, as tests look for it and kill it."""

from __future__ import annotations

import subprocess

from autograder.sandbox import nursery


def the_nursery() -> subprocess.Popen[bytes]:
    """This process's own; it must have been asked for."""
    here = nursery._here
    assert here is not None
    assert here.process is not None
    return here.process


def kill_the_nursery() -> None:
    the_nursery().kill()
    the_nursery().wait()
