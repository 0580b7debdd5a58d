"""doctor: what the machine offers is probed, machines are faked by what the probes see."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from autograder import doctor
from autograder.cli import NOT_YET, OK, run
from autograder.doctor import Examination, Finding, cure, examine
from autograder.models import Isolation
from autograder.reports.doctor import as_json, text
from autograder.sandbox import tiers
from autograder.sandbox.endings import SandboxError

HEALTHY = {"torch": "2.13.0", "gpu": "", "torchvision": "0.28.0", "cure": True, "trouble": ""}
HELD = "the self-attack failed, as it should"


class Closes:
    def close(self) -> None:
        pass


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A Linux with everything; an entry tier → why not takes that away."""
    refused: dict[str, str] = {}

    def choose(tier: str) -> tuple[Closes, Isolation]:
        if tier in refused:
            raise SandboxError(f"{tier}: {refused[tier]}")
        return Closes(), Isolation(tier, (f"{tier}: {HELD}",))

    monkeypatch.setattr(tiers, "choose", choose)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(doctor, "probe_torch", lambda: HEALTHY)
    monkeypatch.setattr(doctor, "user_namespaces", lambda: "")
    monkeypatch.setattr(doctor, "landlock_abi", lambda: 6)
    monkeypatch.setattr(doctor, "memory_cap", lambda: ("cgroup v1 (/x) and RLIMIT_DATA", ""))
    monkeypatch.setattr(doctor, "bubblewrap", lambda: "bubblewrap 0.8.0 (/usr/bin/bwrap)")
    monkeypatch.setattr("ctypes.util.find_library", lambda name: f"lib{name}.so.2")
    monkeypatch.setattr("os.getuid", lambda: 0)
    programs("bwrap", "apt-get", patch=monkeypatch)
    return refused


def programs(*names: str, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in names else None)


def finding(found: Examination, name: str) -> Finding:
    return next(entry for entry in found.findings if entry.name == name)


# machines


def test_with_everything_hidden_grading_is_possible_and_nothing_is_left_to_raise(machine: dict[str, str]) -> None:
    found = examine(Path())
    assert (found.tier, found.reasons) == ("namespaces", (f"namespaces: {HELD}",))
    assert (found.cure, found.possible) == ("", True)


def test_without_bubblewrap_landlock_follows_and_one_command_raises_it(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine["namespaces"] = "bubblewrap is not installed (apt-get install bubblewrap)"
    monkeypatch.setattr(doctor, "bubblewrap", lambda: "")
    programs("apt-get", patch=monkeypatch)
    found = examine(Path())
    assert (found.tier, found.possible) == ("landlock", True)
    assert found.reasons == (f"namespaces: {machine['namespaces']}", f"landlock: {HELD}")
    assert found.cure == "apt-get install bubblewrap"
    assert finding(found, "bubblewrap") == Finding("bubblewrap", "not found", False)


def test_without_landlock_and_namespaces_nothing_holds(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine |= {"namespaces": "no", "landlock": "the self-attack could read a planted file"}
    monkeypatch.setattr(doctor, "landlock_abi", lambda: 0)
    found = examine(Path())
    assert (found.tier, found.possible) == ("", False)
    assert "landlock: the self-attack could read a planted file" in text(found)
    assert finding(found, "Landlock").ok is False


def test_a_cap_that_does_not_count_everything_is_named_with_the_command_that_gives_one(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "memory_cap", lambda: ("RLIMIT_DATA only (/x: Permission denied)", "sudo mkdir /x/y"))
    found = examine(Path())
    assert finding(found, "memory cap") == Finding("memory cap", "RLIMIT_DATA only (/x: Permission denied)", None)
    assert "to cap all memory of a worker: sudo mkdir /x/y\nhidden grading: possible" in text(found)


def test_macos_has_no_walls_and_no_command_gives_it_some(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine |= {"namespaces": "needs Linux", "landlock": "needs Linux"}
    monkeypatch.setattr(sys, "platform", "darwin")
    found = examine(Path())
    assert (found.tier, found.cure, found.possible) == ("", "", False)
    assert "grade on Linux" in text(found)


def test_without_torch_the_walls_are_not_tried(machine: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    broken = HEALTHY | {"torch": "", "torchvision": "", "trouble": "ImportError: no torch"}
    monkeypatch.setattr(doctor, "probe_torch", lambda: broken)
    found = examine(Path())
    assert (found.possible, found.cure) == (False, "pip install -e '.[grade]'")
    assert finding(found, "torch").found == "ImportError: no torch"


def test_a_full_disk_makes_grading_impossible(machine: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=5 << 20))
    found = examine(Path())
    assert (found.tier, found.possible) == ("namespaces", False)


@pytest.mark.parametrize(
    ("path", "says", "command"),
    [
        (doctor.SWITCHES[0][0], "1\n", "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        (doctor.SWITCHES[1][0], "0\n", "sysctl -w kernel.unprivileged_userns_clone=1"),
        (doctor.SWITCHES[2][0], "0\n", "sysctl -w user.max_user_namespaces=15000"),
    ],
)
def test_a_kernel_that_refuses_namespaces_is_told_to_allow_them(
    machine: dict[str, str], monkeypatch: pytest.MonkeyPatch, path: str, says: str, command: str
) -> None:
    def read(asked: str) -> str:
        return says if asked == path else ""

    assert cure("landlock", HEALTHY, read) == command
    monkeypatch.setattr("os.getuid", lambda: 1000)
    assert cure("landlock", HEALTHY, read) == f"sudo {command}"


def test_the_machine_s_own_installer_is_named(machine: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    programs("dnf", patch=monkeypatch)
    assert cure("landlock", HEALTHY) == "dnf install bubblewrap"


# probes, on this very machine


def test_a_probe_that_cannot_start_is_an_answer() -> None:
    said, code = doctor.run(["/no/such/program"])
    assert "No such file" in said
    assert code == 1


def test_torch_and_torchvision_are_tried() -> None:
    found = doctor.probe_torch()
    assert (bool(found["torch"]), bool(found["torchvision"]), found["trouble"]) == (True, True, "")


@pytest.mark.skipif(sys.platform != "linux", reason="walls are Linux's")
def test_the_examination_of_this_machine_is_the_command_s(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == (OK if found["possible"] else NOT_YET)
    assert found["reasons"]
    assert {entry["name"] for entry in found["findings"]} >= {"python", "bubblewrap", "Landlock", "torch"}


def test_what_is_found_is_read_by_people_and_programs(machine: dict[str, str]) -> None:
    found = examine(Path())
    assert "ok  bubblewrap" in text(found)
    assert "tier: namespaces\n  namespaces: the self-attack failed" in text(found)
    assert text(found).endswith("hidden grading: possible")
    assert "ok  bubblewrap" in text(found, "vi")
    assert "mức cách ly: namespaces\n  namespaces: the self-attack failed" in text(found, "vi")
    assert text(found, "vi").endswith("chấm bằng phép thử ẩn: được")
    assert json.loads(as_json(found))["tier"] == "namespaces"


def test_the_exit_code_says_whether_hidden_grading_is_possible(
    machine: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor"]) == OK
    machine |= {"namespaces": "no", "landlock": "no"}
    assert run(["doctor"]) == NOT_YET
    assert "hidden grading: not possible here" in capsys.readouterr().out
