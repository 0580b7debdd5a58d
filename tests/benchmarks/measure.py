"""What a command costs: wall clock and processor time of it and of all that it started, and its own peak memory.

    measured([sys.executable, "-m", "autograder", …]) → Cost

The command runs below a small process of this file's, a subreaper: what bubblewrap leaves behind when it is killed
would else be reaped by pid 1, and its processor time be lost.  That process also looks at the command itself, every
20 ms: `peak_mb` is VmHWM of the command alone, without its slots (a child's `ru_maxrss` starts at what its parent had).
Nothing here imports torch or the kit.  A command that fails is `CommandFailed`, with what it said last.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
LOOKS = 0.02  # seconds between two looks at the command
TICKS = os.sysconf("SC_CLK_TCK")


class CommandFailed(Exception):
    """The command ended otherwise than it was expected to."""


@dataclass(frozen=True)
class Cost:
    wall: float  # seconds
    cpu: float  # processor seconds of the command and of all that it started
    own_cpu: float  # … of the command's own process
    peak_mb: float  # of the command's own process


def measured(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, ends: Sequence[int] = (0,)
) -> Cost:
    """Run it to its end.  `ends`: the exit codes that are no failure."""
    with tempfile.TemporaryDirectory() as folder:
        found, log = Path(folder) / "cost.json", Path(folder) / "log"
        with log.open("wb") as sink:
            asked = [sys.executable, "-I", __file__, str(found), *command]
            code = subprocess.run(asked, cwd=cwd, env=env, stdout=sink, stderr=sink, check=False).returncode
        if code not in ends:
            said = log.read_text(encoding="utf-8", errors="replace")[-3000:]
            raise CommandFailed(f"{' '.join(command)} ended with {code}:\n{said}")
        return Cost(**json.loads(found.read_text(encoding="utf-8")))


def _watch(command: Sequence[str]) -> tuple[int, Cost]:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.perf_counter()
    process = subprocess.Popen(command)
    peak, own = 0.0, 0.0
    while process.poll() is None:
        peak, own = _look(process.pid, peak, own)
        time.sleep(LOOKS)
    wall = time.perf_counter() - started
    _reap()
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process.returncode, Cost(wall, spent.ru_utime + spent.ru_stime, own, peak)


def _look(pid: int, peak: float, own: float) -> tuple[float, float]:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return peak, own
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), None)
    return (int(line.split()[1]) / 1024 if line else peak), sum(map(int, ticks)) / TICKS


def _reap() -> None:
    """What was orphaned has become ours; it is over soon, for its keepers are dead."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(LOOKS)
        except ChildProcessError:
            return


def main() -> int:
    found, *command = sys.argv[1:]
    code, cost = _watch(command)
    Path(found).write_text(json.dumps(asdict(cost)), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
