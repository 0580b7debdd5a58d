"""A test marked with devices is judged on each of them; what an item was judged on stands in its result."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
import torch

from autograder import checks as check
from autograder.checks import CheckFailed
from autograder.course import Course
from autograder.grading import devices
from autograder.grading.data import DataSource
from autograder.grading.devices import NoDevice
from autograder.grading.pool import Pool
from autograder.grading.run import GradingError, Options, grade
from autograder.grading.slot import Settings
from autograder.grading.store import Store
from autograder.grading.suites import DEVICES, Suites, Test
from autograder.models import Attempt, Verdict
from autograder.sandbox import view
from autograder.sandbox.proxy import LocalTransport, Session
from tests.test_suites import collected, refusal
from tests.tiny_course import (
    SEED,
    SOLUTION,
    answer,
    item,
    judged,
    judged_here,
    python,
    serve,
    slots,
    submission,
    tiny_course,
    told,
)

Test.__test__ = False  # type: ignore[attr-defined]
SUITE = "autograder/suites/u01_tiny/test_tiny.py"
MARK = '@pytest.mark.devices("cpu", "pretend", "cuda")'
PLAIN = """\
def test_it_is_twice_x(student, make):
    x = make(make.pick(3, 6))
    check.close(student.double(x), 2 * x, name="double(x) of the hidden suite")
"""
MARKED = f"""\
{MARK}
def test_it_is_twice_x(student, make, device):
    x = make(make.pick(3, 6))
    check.close(student.double(check.on(x, device)), 2 * x, name="double(x) of the hidden suite", device=device)
"""
MISTAKE = '''\
@mistake("double", kind="device", en="Made on the CPU.", vi="Được tạo trên CPU.")
def with_a_tensor_of_the_cpu(x):
    return x * torch.full(x.shape, 2.0, dtype=x.dtype)


@mistake("double", kind="formula", en="You squared x."'''
ON_THE_CPU = "return x * torch.full(x.shape, 2.0, dtype=x.dtype)"


def device_course(root: Path) -> Course:
    mistakes = ("autograder/mistakes/u01_tiny.py", '@mistake("double", kind="formula", en="You squared x."', MISTAKE)
    return tiny_course(root, (SUITE, PLAIN, MARKED), mistakes)


def on_device(course: Course, device: str) -> list[tuple[str, str]]:
    suites = Suites(course, course.units, SEED, DataSource(course.root / "datasets", None, SEED), device)
    serve(suites)
    return [(test.name, test.device) for test in suites.of("u01_tiny", "double")]


# --- collection ---


def test_a_marked_test_is_one_test_for_each_device_of_the_run(tmp_path: Path) -> None:
    course = device_course(tmp_path)
    names = [(f"test_it_is_twice_x[{name}]", name) for name in ("cpu", "pretend", "cuda")]
    assert on_device(course, "cpu") == names[:2]
    assert on_device(course, "cuda") == names


def test_a_test_for_other_devices_only_is_no_part_of_what_is_judged(tmp_path: Path) -> None:
    marked = MARKED.replace(MARK, '@pytest.mark.devices("cuda")').replace("twice_x", "twice_x_on_cuda")
    course = tiny_course(tmp_path, (SUITE, PLAIN, f"{PLAIN}\n\n@pytest.mark.item('double')\n{marked}"))
    assert on_device(course, "cpu") == [("test_it_is_twice_x", "cpu")]
    assert collected(course)["test_slope"].device == "cpu"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"pretend"', '"pretned"', "devices of cpu, pretend, cuda, mps, not 'pretned'"),
        ("make, device):", "make):", "some devices and an argument `device`"),
        (MARK, "@pytest.mark.devices()", "some devices and an argument `device`"),
    ],
)
def test_a_mark_that_cannot_be_used_is_refused_with_its_cure(tmp_path: Path, old: str, new: str, said: str) -> None:
    marked = MARKED.replace(old, new).replace(", device=device", "").replace("check.on(x, device)", "x")
    course = tiny_course(tmp_path, (SUITE, PLAIN, marked))
    assert f"test_it_is_twice_x: @pytest.mark.devices(…) takes {said}" in refusal(course)


# --- judging ---


def expect_named(wrong: Attempt, right: Attempt) -> None:
    found = item(wrong, "double")
    assert (found.verdict, found.devices) == (Verdict.FAILED, ("cpu", "pretend"))
    assert found.diagnoses[0].code == "with_a_tensor_of_the_cpu"
    assert "Tensors of different devices met there" in told(found) or "Made on the CPU." in told(found)
    assert (item(right, "double").verdict, item(right, "double").devices) == (Verdict.PASSED, ("cpu", "pretend"))
    assert item(right, "slope").devices == ("cpu",)
    assert item(right, "slope").peak_bytes is None


def test_what_works_on_the_cpu_only_fails_with_its_cause_by_name(tmp_path: Path) -> None:
    expect_named(*judged_here(device_course(tmp_path), answer(double=ON_THE_CPU), SOLUTION))


def test_it_does_so_in_the_sandbox(tmp_path: Path) -> None:
    course = device_course(tmp_path)
    with slots(course) as pool:
        expect_named(*judged(pool, course, answer(double=ON_THE_CPU), SOLUTION))


def test_a_cause_that_the_bank_lacks_is_told_in_words(tmp_path: Path) -> None:
    course = tiny_course(tmp_path, (SUITE, PLAIN, MARKED))
    (wrong,) = judged_here(course, answer(double=ON_THE_CPU))
    assert [found.code for found in item(wrong, "double").diagnoses] == ["raised", "devices"]
    assert "Tensors of different devices met there" in told(item(wrong, "double"))


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_real_gpu_is_pretended_where_the_grader_replays(device: str) -> None:
    where = DEVICES[device]
    session = Session(LocalTransport())
    source = "import torch\n\ndef f(x, device):\n    y = x * 2 + torch.ones(2, device=device)\n    return y, y.device"
    session.open("answer.py", "answer", source.encode(), 5.0)
    session.test(1, False, device)
    got, is_on = session.call("call", "f", (check.on(torch.ones(2), where), where), {}, name="f")
    assert is_on == torch.device(where)
    check.close(got, torch.full((2,), 3.0), device=where)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_what_a_replay_on_another_device_returns_is_told(device: str) -> None:
    session = Session(LocalTransport())
    session.open("answer.py", "answer", b"def f(x):\n    return x.cpu() * 2", 5.0)
    session.test(1, False, device)
    with pytest.raises(CheckFailed, match="is on device cpu, it should be on"):
        got = session.call("call", "f", (check.on(torch.ones(2), DEVICES[device]),), {}, name="f")
        check.close(got, torch.full((2,), 2.0), device=DEVICES[device])


# --- real devices: which there are, and how many slots they allow ---


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /dev with three NVIDIA GPUs and their driver's other nodes."""
    monkeypatch.delenv(devices.VISIBLE, raising=False)
    for name in ("nvidia0", "nvidia1", "nvidia10", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    return tmp_path


def test_there_is_one_slot_for_each_gpu_and_the_rest_waits(machine: Path) -> None:
    assert devices.slots("cuda", 8, folder=machine) == ("0", "1", "10")
    assert devices.slots("cuda", 2, folder=machine) == ("0", "1")
    assert devices.slots("cpu", 2, folder=machine) == ("", "")


def test_the_environment_narrows_what_may_be_used(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.VISIBLE, "10, 7,1")
    assert devices.gpus(machine) == ("10", "1")
    monkeypatch.setenv(devices.VISIBLE, "")
    with pytest.raises(NoDevice, match="no CUDA device: CUDA_VISIBLE_DEVICES is ''; run it on a machine with"):
        devices.slots("cuda", 1, folder=machine)


def test_a_machine_without_a_gpu_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(devices.VISIBLE, raising=False)
    with pytest.raises(NoDevice, match="has no nvidia0; run it on a machine with an NVIDIA GPU"):
        devices.slots("cuda", 1, folder=tmp_path)


def test_a_mac_s_gpu_is_asked_for_on_a_mac() -> None:
    with mock.patch("sys.platform", "linux"), pytest.raises(NoDevice, match="no MPS device: this is no Mac"):
        devices.slots("mps", 1)
    with mock.patch("sys.platform", "darwin"):
        assert devices.slots("mps", 4) == ("",)


def test_the_graders_own_process_uses_no_gpu(machine: Path) -> None:
    with pytest.raises(NoDevice, match="--isolation none"):
        devices.slots("cuda", 1, "none", machine)


def test_a_torch_without_cuda_is_told_so() -> None:
    with mock.patch("torch.version.cuda", None), pytest.raises(NoDevice, match="was built without CUDA; install"):
        devices.usable("cuda")


def test_each_slot_has_a_gpu_of_its_own(tmp_path: Path) -> None:
    started: list[Settings] = []
    context = mock.Mock()
    context.Pipe.return_value = (mock.MagicMock(), mock.MagicMock())

    def process(target: object, args: tuple[object, Settings], daemon: bool) -> mock.Mock:
        started.append(args[1])
        return mock.Mock()

    context.Process.side_effect = process
    with mock.patch("multiprocessing.get_context", return_value=context):
        course = tiny_course(tmp_path)
        pool = Pool(course, Settings(course.path, (), "auto", False, 1, None, device="cuda", gpus=("0", "3")), 2)
        pool._add()
        pool._add()
        pool._replace(pool.slots[0])
    assert [settings.gpu for settings in started] == ["0", "3", "0"]


def test_a_worker_sees_its_gpu_and_the_driver_and_nothing_else_changes() -> None:
    assert view.gpu_environment("") == {}
    assert view.gpu_nodes("") == []
    assert view.gpu_environment("3")["CUDA_VISIBLE_DEVICES"] == "3"
    assert view.ENVIRONMENT["PYTORCH_NVML_BASED_CUDA_CHECK"] == "1"  # asking starts no CUDA before the fork


@pytest.mark.skipif(bool(devices.gpus()), reason="this machine has an NVIDIA GPU")
def test_the_command_says_in_one_line_that_there_is_no_gpu(tmp_path: Path) -> None:
    course = tiny_course(tmp_path / "course")
    (tmp_path / "tiny.py").write_text(SOLUTION, encoding="utf-8")
    ran = python("-m", "autograder", "grade", tmp_path / "tiny.py", "--out", tmp_path / "out",
                 "--course", course.root, "--device", "cuda")  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr.startswith("autograder: no CUDA device: ")
    assert len(ran.stderr.splitlines()) == 1


def test_a_slot_whose_torch_lacks_cuda_ends_the_run_with_the_cure(tmp_path: Path) -> None:
    if torch.version.cuda is not None:
        pytest.skip("this torch was built with CUDA")
    course = tiny_course(tmp_path / "course")
    with (
        Store(tmp_path / "out") as store,
        mock.patch("autograder.grading.devices.gpus", return_value=("0",)),
        pytest.raises(GradingError, match=r"no CUDA device: torch .* was built without CUDA"),
    ):
        grade(course, [submission(SOLUTION)], Options(device="cuda", download=False), store)


def judged_on(device: str, root: Path, *sources: str) -> list[Attempt]:
    course = tiny_course(root / "course", (SUITE, PLAIN, MARKED.replace('"cuda"', f'"{device}"')))
    with Store(root / "out") as store:
        options = Options(device=device, download=False, trust=True)  # a Mac has the tier `process` only
        return list(grade(course, [submission(source) for source in sources], options, store).grade.attempts)


@pytest.mark.cuda
@pytest.mark.skipif(not devices.gpus(), reason="no NVIDIA GPU here: judging on a real one is not shown by this machine")
def test_the_same_suite_is_judged_on_a_real_gpu(tmp_path: Path) -> None:
    right, wrong = judged_on("cuda", tmp_path, SOLUTION, answer(double=ON_THE_CPU))
    found = item(right, "double")
    assert (found.verdict, found.devices) == (Verdict.PASSED, ("cpu", "pretend", "cuda"))
    assert found.peak_bytes is not None
    assert item(wrong, "double").verdict is Verdict.FAILED


@pytest.mark.mps
@pytest.mark.skipif(
    not torch.backends.mps.is_available(), reason="no Apple GPU here: judging on one is not shown by this machine"
)
def test_the_same_suite_is_judged_on_a_mac_s_gpu(tmp_path: Path) -> None:
    right, wrong = judged_on("mps", tmp_path, SOLUTION, answer(double=ON_THE_CPU))
    found = item(right, "double")
    assert (found.verdict, found.devices) == (Verdict.PASSED, ("cpu", "pretend", "mps"))
    assert item(wrong, "double").verdict is Verdict.FAILED
