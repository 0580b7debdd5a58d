"""Chooses how strongly student code is held, by attacking itself: versions are not believed.

    choose("auto") → the strongest tier whose self-attack fails, with the reason for each one passed over

A kernel where Landlock or user namespaces answer but do nothing is real (WSL2, gVisor, AppArmor's rule); so a worker
tries to read a planted file, to write outside its scratch, to connect out and to signal the grader, and the grader
looks at what really happened.  `process` has no walls: it must be asked for with `--trust-submissions`.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from autograder.checks.faults import StudentRaised
from autograder.models import Isolation
from autograder.sandbox.answers import OutOfMemory
from autograder.sandbox.endings import Killed, SandboxError, WorkerGone, WorkerTimeout
from autograder.sandbox.launch import Zygote
from autograder.sandbox.proxy import Session

ATTACK = Path(__file__).with_name("probe_submission.py")
TIERS = ("namespaces", "landlock", "process")
SECRET = "canary of the self-attack"


def choose(wanted: str, *, trust: bool = False, hidden: Sequence[Path] = (), gpu: str = "") -> tuple[Zygote, Isolation]:
    """A running zygote and what holds it; the `hidden` files are tried as well.  `gpu`: the one its workers may use.

    SandboxError when nothing that was allowed holds.
    """
    reasons: list[str] = []
    for tier in TIERS if wanted == "auto" else (wanted,):
        if tier == "process" and not trust:
            reasons.append("process: has no walls; --trust-submissions allows it")
            continue
        if tier != "process" and sys.platform != "linux":
            reasons.append(f"{tier}: needs Linux")
            continue
        try:
            zygote = _held_or_killed(tier, hidden, gpu)
        except SandboxError as error:
            reasons.append(f"{tier}: {error}")
            continue
        held = "own process and limits only" if tier == "process" else "the self-attack failed, as it should"
        return zygote, Isolation(tier, (*reasons, f"{tier}: {held}", zygote.memory))
    raise SandboxError("; ".join(reasons))


def _held_or_killed(tier: str, hidden: Sequence[Path], gpu: str) -> Zygote:
    """A tier is not passed over because something of it was killed from outside; after three times it is."""
    for _ in range(2):
        with suppress(Killed):
            return _held(tier, hidden, gpu)
    return _held(tier, hidden, gpu)


def _held(tier: str, hidden: Sequence[Path], gpu: str) -> Zygote:
    """A zygote whose walls have been tried; SandboxError when they fall or cannot be put up (no Landlock, no bwrap)."""
    zygote = Zygote(tier, gpu) if gpu else Zygote(tier)
    try:
        got_through = [] if tier == "process" else attack(zygote, hidden)
        if got_through:
            raise SandboxError(f"the self-attack could {', '.join(got_through)}")
    except BaseException:
        zygote.close()
        raise
    return zygote


def attack(zygote: Zygote, hidden: Sequence[Path] = ()) -> list[str]:
    """What a hostile submission could do under this zygote; empty when the walls hold."""
    worker = zygote.worker(memory_mb=512, cpu_seconds=20)
    session = Session(worker)
    with _planted() as (folder, port, accepted, signals):
        secret, target = folder / "labels.txt", folder / "written.txt"
        secret.write_text(SECRET)
        try:
            session.open("attack.py", "attack", ATTACK.read_bytes(), 20.0)
            attempts = (("read", str(secret)), ("write", str(target)), ("connect", port), ("send_signal", os.getpid()))
            answers = {name: _attempt(session, name, argument) for name, argument in attempts}
            seen = [path for path in hidden if isinstance(_attempt(session, "read", str(path)), str)]
        except (WorkerGone, WorkerTimeout, StudentRaised) as error:
            kind = Killed if isinstance(error, WorkerGone) and error.ending.by_another else SandboxError
            raise kind(f"the self-attack could not run: {error!r}; {zygote.last_words()}") from None
        finally:
            worker.end()
        found = {
            "read a planted file": answers["read"] == SECRET,
            "write outside its folder": target.exists(),
            "open a connection": accepted(),
            "signal the grader": bool(signals) or answers["send_signal"] is True,
        }
    # a course below /usr, say: there the interpreter lies, so graded code may read it
    found |= {f"read {path} (move it to a place of its own, such as /srv or a home folder)": True for path in seen}
    return [deed for deed, done in found.items() if done]


def _attempt(session: Session, name: str, argument: object) -> object:
    try:
        return session.call("call", name, (argument,), {}, name=name)
    except (StudentRaised, OutOfMemory) as refused:
        return refused


@contextmanager
def _planted() -> Iterator[tuple[Path, int, Callable[[], bool], list[int]]]:
    """A folder with a secret, a listening port, and an ear for signals."""
    heard: list[int] = []
    before = signal.signal(signal.SIGURG, lambda number, frame: heard.append(number))
    with tempfile.TemporaryDirectory(prefix="autograder-attack-") as folder, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.05)

        def accepted() -> bool:
            try:
                listener.accept()[0].close()
            except OSError:
                return False
            return True

        try:
            yield Path(folder), listener.getsockname()[1], accepted, heard
        finally:
            signal.signal(signal.SIGURG, before)
