"""tiers: the strength of the walls is found by attacking them; nothing is believed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from autograder.models import Isolation
from autograder.sandbox import launch, tiers, view
from autograder.sandbox.endings import Killed, SandboxError
from autograder.sandbox.launch import Zygote
from autograder.sandbox.tiers import attack, choose
from autograder.sandbox.walls import Walls
from tests.ordinary_user import NOBODY, as_nobody

Zygotes = Callable[[str], Zygote]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="walls are Linux's")
bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


class Doll:
    """Stands for a zygote: comes up or not, holds or not."""

    opened: list[Doll]
    broken: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    unable: frozenset[str] = frozenset()

    def __init__(self, tier: str) -> None:
        if tier in self.broken:
            raise SandboxError("does not come up")
        self.tier, self.closed = tier, False
        self.opened.append(self)
        self.memory = MEMORY

    def close(self) -> None:
        self.closed = True

    def attacked(self) -> list[str]:
        if self.tier in self.unable:
            raise SandboxError("the self-attack could not run")
        return ["read a planted file"] if self.tier in self.weak else []


@pytest.fixture
def dolls(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Doll]]:
    class Dolls(Doll):
        opened: list[Doll] = []  # noqa: RUF012

    monkeypatch.setattr(tiers, "Zygote", Dolls)
    monkeypatch.setattr(tiers, "attack", lambda zygote, hidden: zygote.attacked())
    yield Dolls
    standing = [doll for doll in Dolls.opened if not doll.closed]
    assert len(standing) <= 1, "a zygote that was passed over must be closed"


HELD = "the self-attack failed, as it should"
MEMORY = "memory: cgroup v1 and RLIMIT_DATA"

# --- which tier is chosen ---


def test_auto_takes_the_strongest_that_holds(dolls: type[Doll]) -> None:
    zygote, isolation = choose("auto")
    assert isolation == Isolation("namespaces", (f"namespaces: {HELD}", MEMORY))
    assert zygote.tier == "namespaces"


def test_a_tier_that_does_not_come_up_is_passed_over_with_its_reason(dolls: type[Doll]) -> None:
    dolls.broken = frozenset({"namespaces"})
    assert choose("auto")[1] == Isolation("landlock", ("namespaces: does not come up", f"landlock: {HELD}", MEMORY))


def test_a_tier_whose_walls_fall_is_passed_over_with_the_deed(dolls: type[Doll]) -> None:
    dolls.weak = frozenset({"namespaces"})
    assert choose("auto")[1].reasons[0] == "namespaces: the self-attack could read a planted file"
    assert dolls.opened[0].closed


def test_a_tier_in_which_the_attack_cannot_run_is_passed_over(dolls: type[Doll]) -> None:
    dolls.unable = frozenset({"namespaces", "landlock"})
    assert choose("auto", trust=True)[1].tier == "process"
    assert [doll.closed for doll in dolls.opened] == [True, True, False]


def test_no_walls_need_trust(dolls: type[Doll]) -> None:
    with pytest.raises(SandboxError, match="process: has no walls; --trust-submissions allows it"):
        choose("process")
    assert dolls.opened == []
    assert choose("process", trust=True)[1] == Isolation("process", ("process: own process and limits only", MEMORY))


def test_auto_does_not_fall_to_no_walls_without_trust(dolls: type[Doll]) -> None:
    dolls.weak = frozenset({"namespaces", "landlock"})
    with pytest.raises(SandboxError, match=r"namespaces: .*; landlock: .*; process: has no walls"):
        choose("auto")
    assert all(doll.closed for doll in dolls.opened)


def test_trust_does_not_weaken_what_can_be_had(dolls: type[Doll]) -> None:
    assert choose("auto", trust=True)[1].tier == "namespaces"


def test_the_tier_that_was_named_is_the_only_one_tried(dolls: type[Doll]) -> None:
    dolls.weak = frozenset({"landlock"})
    with pytest.raises(SandboxError, match=r"^landlock: the self-attack could read a planted file$"):
        choose("landlock", trust=True)


def test_walls_are_not_tried_elsewhere_than_on_linux(dolls: type[Doll], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert choose("auto", trust=True)[1].reasons[:2] == ("namespaces: needs Linux", "landlock: needs Linux")


@pytest.mark.parametrize(("kills", "tier"), [(1, "namespaces"), (2, "namespaces"), (3, "landlock")])
def test_a_tier_is_not_passed_over_because_somebody_killed_its_zygote(
    dolls: type[Doll], monkeypatch: pytest.MonkeyPatch, kills: int, tier: str
) -> None:
    killed = [Killed("the zygote did not answer: it was killed")] * kills

    def once_killed(zygote: Doll, *_: object) -> list[str]:
        if killed:
            raise killed.pop()
        return []

    monkeypatch.setattr(tiers, "attack", once_killed)
    assert choose("auto")[1].tier == tier


# --- the attack itself ---

DEEDS = ["read a planted file", "write outside its folder", "open a connection", "signal the grader"]


@pytest.mark.parametrize(("tier", "deeds"), [("namespaces", []), ("landlock", []), ("process", DEEDS)])
def test_the_attack_finds_what_a_tier_lets_through(zygotes: Zygotes, tier: str, deeds: list[str]) -> None:
    assert attack(zygotes(tier)) == deeds


def test_the_attack_leaves_the_graders_signals_as_they_were(zygotes: Zygotes) -> None:
    before = signal.getsignal(signal.SIGURG)
    attack(zygotes("process"))
    assert signal.getsignal(signal.SIGURG) == before


@bubblewrap
def test_walls_that_were_silently_left_out_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tier that says `namespaces`, whose bubblewrap shows everything, and whose jail does nothing."""
    order = view.order
    monkeypatch.setattr(view, "order", lambda tier, *rest: order(tier, *rest) | {"tier": "process"})
    everything = ["bwrap", "--unshare-user", "--dev-bind", "/", "/", "--info-fd"]
    monkeypatch.setattr(view, "walls", lambda info, gpu: [*everything, str(info), "--", "cat"])
    with pytest.raises(SandboxError, match=f"^namespaces: the self-attack could {', '.join(DEEDS)}$"):
        choose("namespaces")


def test_a_landlock_that_answers_but_does_nothing_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, another_nursery: None
) -> None:
    """As on kernels where the call succeeds and restricts nothing; seccomp still stands."""
    shutil.copytree(view.INNER, tmp_path / "inner")
    jail = tmp_path / "inner" / "jail.py"
    text = jail.read_text()
    assert text.count("rules.restrict()") == 1
    jail.write_text(text.replace("rules.restrict()", "pass"))
    monkeypatch.setattr(view, "INNER", tmp_path / "inner")
    with pytest.raises(SandboxError, match=f"^landlock: the self-attack could {DEEDS[0]}, {DEEDS[1]}$"):
        choose("landlock")


@bubblewrap
@pytest.mark.parametrize("victim", ["bubblewrap", "what it holds"])
def test_walls_that_were_killed_once_are_put_up_again(victim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill says nothing about a tier."""
    killed: list[int] = []

    class Falling(Walls):
        def __init__(self, gpu: str, log: IO[bytes]) -> None:
            super().__init__(gpu, log)
            first = next(
                line.split()[1]
                for line in Path(f"/proc/self/fdinfo/{self.door}").read_text().splitlines()
                if line.startswith("Pid:")
            )
            if not killed:
                killed.append(self._bubblewrap.pid if victim == "bubblewrap" else int(first))
                os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(launch, "Walls", Falling)
    zygote, isolation = choose("auto")
    zygote.close()
    assert isolation.tier == "namespaces"
    assert killed


@bubblewrap
@pytest.mark.parametrize("broken", ["bubblewrap says nothing", "bubblewrap fails"])
def test_walls_that_do_not_come_up_are_told(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["sh", "-c", "echo no user namespaces here >&2; exit 1"] if broken == "bubblewrap fails" else ["true"]
    monkeypatch.setattr(view, "walls", lambda info, gpu: words)
    told = "bubblewrap put up no walls" + ("" if words == ["true"] else ": no user namespaces here")
    with pytest.raises(SandboxError, match=f"^namespaces: {told}$"):
        choose("namespaces")


# --- on this very machine ---


@bubblewrap
def test_with_bubblewrap_auto_is_namespaces() -> None:
    zygote, isolation = choose("auto")
    zygote.close()
    assert isolation == Isolation("namespaces", (f"namespaces: {HELD}", zygote.memory))


def test_without_bubblewrap_auto_is_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    zygote, isolation = choose("auto")
    zygote.close()
    assert isolation.tier == "landlock"
    assert isolation.reasons[0] == "namespaces: bubblewrap is not installed (apt-get install bubblewrap)"


@pytest.mark.skipif(os.getuid() != 0, reason="the tests above ran as an ordinary user already")
@pytest.mark.parametrize("tier", [pytest.param("namespaces", marks=bubblewrap), "landlock"])
def test_the_walls_hold_for_an_ordinary_user_too(tier: str) -> None:
    program = f"""
from autograder.sandbox.tiers import choose
zygote, isolation = choose({tier!r})
zygote.close()
print(os.getuid(), isolation.reasons[0])
"""
    done = subprocess.run(**as_nobody(program), capture_output=True, timeout=100, check=False)
    assert (done.stdout, done.stderr) == (f"{NOBODY} {tier}: {HELD}\n", "")


@pytest.mark.parametrize("tier", ["namespaces", "landlock"])
def test_a_course_where_graded_code_may_read_is_noticed(zygotes: Zygotes, tier: str, tmp_path: Path) -> None:
    (tmp_path / "grading.yml").write_text("course: …")
    open_to_all = Path(sysconfig.get_path("stdlib")) / "abc.py"  # a file below the interpreter's own folder
    deeds = attack(zygotes(tier), [open_to_all, tmp_path / "grading.yml"])
    assert deeds == [f"read {open_to_all} (move it to a place of its own, such as /srv or a home folder)"]
