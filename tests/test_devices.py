"""The pretended GPU: what it answers, what it refuses, and how it fares on the programs of device_snippets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch._dynamo  # what an optimizer imports at its first use

from autograder import checks as check
from autograder.checks import CheckFailed, StudentRaised
from autograder.checks.devices import told
from autograder.sandbox.inner.pretend import DEVICE, placed, pretending
from autograder.sandbox.inner.pretend.machine import NAMES, NAMES_OF_A_MAC
from autograder.sandbox.inner.raised import describe
from autograder.sandbox.proxy import LocalTransport, Session, Student
from tests.conftest import Submitted
from tests.device_snippets import SNIPPETS, Snippet

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "devices.md"
RIGHT = [snippet for snippet in SNIPPETS if snippet.right]
WRONG = [snippet for snippet in SNIPPETS if not snippet.right]
ON_CUDA = pytest.param(
    "cuda",
    marks=[
        pytest.mark.cuda,
        pytest.mark.skipif(
            not torch.cuda.is_available(), reason="torch sees no CUDA device here: the same programs run on a real one"
        ),
    ],
)
ON_MPS = pytest.param(
    "mps",
    marks=[
        pytest.mark.mps,
        pytest.mark.skipif(
            not torch.backends.mps.is_available(), reason="torch sees no Apple GPU here: the same programs run on one"
        ),
    ],
)
EVERYWHERE = ["pretend", "pretended mac", ON_CUDA, ON_MPS]
GPU_OF = {"pretend": DEVICE, "pretended mac": "mps:0", "cuda": "cuda:0", "mps": "mps:0", "cpu": "cpu"}


def leaves(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from leaves(one)


def on(where: str) -> tuple[torch.device, AbstractContextManager[None]]:
    modes = {"pretend": pretending(), "pretended mac": pretending("mps")}
    return torch.device(GPU_OF[where]), modes.get(where, nullcontext())


@cache
def ends(snippet: Snippet, where: str) -> tuple[str, list[torch.Tensor]]:
    """fine, elsewhere (a result is on another device), or the type of what it raised; and what it returned."""
    device, modes = on(where)
    torch.manual_seed(0)
    with modes:
        try:
            found = list(leaves(snippet.program(device)))
        except Exception as error:
            return type(error).__name__, []
        away = [tensor for tensor in found if tensor.device != device]
        return "elsewhere" if away else "fine", [tensor.detach().cpu() for tensor in found]


# --- the two populations ---


@pytest.mark.parametrize("where", EVERYWHERE)
@pytest.mark.parametrize("snippet", WRONG, ids=lambda snippet: snippet.name)
@pytest.mark.filterwarnings("ignore")
def test_a_wrong_program_is_caught(snippet: Snippet, where: str) -> None:
    assert {ends(snippet, "cpu")[0], ends(snippet, where)[0]} != {"fine"}


@pytest.mark.parametrize("where", EVERYWHERE)
@pytest.mark.parametrize("snippet", RIGHT, ids=lambda snippet: snippet.name)
@pytest.mark.filterwarnings("ignore")
def test_a_right_program_passes_with_the_values_of_the_cpu(snippet: Snippet, where: str) -> None:
    plain, values = ends(snippet, "cpu")
    there, found = ends(snippet, where)
    assert (plain, there) == ("fine", "fine")
    assert [tensor.shape for tensor in found] == [tensor.shape for tensor in values]
    if not (snippet.drawn and where in ("cuda", "mps")):
        torch.testing.assert_close(found, values, rtol=1e-4, atol=1e-5, equal_nan=True)


def table() -> str:
    """The rows of the page: each program with how it ended on the CPU and on the pretended GPU."""
    words = {"fine": "fine", "elsewhere": "a result is elsewhere"}
    rows = ["| program | is | about | on the CPU | on `pretend` | verdict |", "| --- | --- | --- | --- | --- | --- |"]
    for snippet in [*WRONG, *RIGHT]:
        ended = [ends(snippet, where)[0] for where in ("cpu", "pretend")]
        verdict = "passed" if ended == ["fine", "fine"] else "caught"
        told = " | ".join(words.get(end, f"`{end}`") for end in ended)
        rows.append(
            f"| `{snippet.name}` | {'right' if snippet.right else 'wrong'} | {snippet.kind} | {told} | {verdict} |"
        )
    return "\n".join(rows) + "\n"


@pytest.mark.skipif(torch.cuda.is_available(), reason="the page was written on a machine without a GPU")
@pytest.mark.filterwarnings("ignore")
def test_the_page_shows_what_these_programs_do() -> None:
    """`python -m tests.test_devices` writes it anew."""
    _, _, shown = PAGE.read_text(encoding="utf-8").partition(MARK)
    assert shown.strip() == table().strip()


MARK = "<!-- below: python -m tests.test_devices -->\n"


# --- what it answers ---


def test_a_mixture_is_refused_in_torch_s_own_words() -> None:
    with pretending(), pytest.raises(RuntimeError, match="Expected all tensors to be on the same device, but found at "
                                     "least two devices, cuda:1 and cpu!"):  # fmt: skip
        torch.ones(2, device=DEVICE) + torch.ones(2)


def test_numpy_is_refused_in_torch_s_own_words() -> None:
    with pretending(), pytest.raises(TypeError, match="can't convert cuda:1 device type tensor to numpy"):
        torch.ones(2, device=DEVICE).numpy()


def test_cuda_without_an_index_is_another_gpu_than_the_one_that_is_given() -> None:
    with pretending():
        assert torch.ones(2).cuda().device == torch.device("cuda:0") != torch.device(DEVICE)


def test_a_third_gpu_does_not_exist() -> None:
    with pretending(), pytest.raises(RuntimeError, match="invalid device ordinal"):
        torch.ones(2).to("cuda:2")


def test_views_share_a_device_and_copies_on_the_cpu_do_not() -> None:
    with pretending():
        x = torch.arange(6.0, device=DEVICE)
        assert placed(x.view(2, 3).T[0]) == torch.device(DEVICE)
        assert x.cpu().device.type == "cpu"
        assert x.device == torch.device(DEVICE)


def test_a_file_saved_on_a_gpu_is_refused_where_there_is_none(tmp_path: Path) -> None:
    with pretending():
        torch.save(torch.ones(2, device=DEVICE), tmp_path / "w.pt")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
        torch.load(tmp_path / "w.pt")  # of our own making


def test_a_pretended_mac_has_one_gpu_and_no_cuda() -> None:
    with pretending("mps"):
        x = torch.ones(2, device="mps")
        assert x.device == (x * 2).device == torch.device("mps:0")
        assert x.is_mps
        assert not x.is_cuda
        assert torch.backends.mps.is_available()
        assert torch.accelerator.device_count() == 1
        assert torch.cuda.is_available() is OF_THIS_MACHINE
        with pytest.raises(RuntimeError, match="found at least two devices, mps:0 and cpu!"):
            x + torch.ones(2)


OF_THIS_MACHINE = torch.cuda.is_available()


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_everything_is_put_back(kind: str) -> None:
    def names() -> list[object]:
        return [getattr(holder, name) for holder, name, _ in [*NAMES, *NAMES_OF_A_MAC]]

    before = names()
    with pretending(kind), pretending():
        assert torch.cuda.device_count() == 2
        assert names() != before
    assert names() == before
    assert torch._C._len_torch_function_stack() == torch._C._len_torch_dispatch_stack() == 0


@pytest.mark.parametrize(
    ("program", "about"),
    [
        ("torch.ones(2, device='cuda:1') + torch.ones(2)", "devices"),
        ("torch.ones(2)[torch.tensor([0], device='cuda:1')]", "devices"),
        ("torch.ones(2, device='cuda:1', requires_grad=True).grad = torch.ones(2)", "devices"),
        ("torch.randn(2, device='cuda:1', generator=torch.Generator())", "devices"),
        ("torch.ones(2, device='cuda:1').numpy()", "numpy_of_device"),
        ("torch.ones(2, device='cuda:7')", "no_device"),
    ],
)
def test_what_is_refused_is_known_by_its_name(program: str, about: str) -> None:
    with pretending(), pytest.raises((RuntimeError, TypeError)) as raised:
        exec(program, {"torch": torch})
    assert describe(raised.value, "answer.py")["about"] == about


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_known_by_its_name() -> None:
    with pytest.raises((AssertionError, RuntimeError)) as raised:
        torch.ones(2).cuda()
    assert describe(raised.value, "answer.py")["about"] == "no_device"


# --- over the wire ---

ANSWERS = """
import torch

def where(x): return str(x.device)
def move(x, device): return x.to(device)
def both(x, y): return x + y
def lists(x): return {"a": [x, x.cpu()], "b": (x.sum(), 3)}
def grows(x):
    x.add_(1)
    return x
def there(): return torch.cuda.is_available()
def seen(x): return x.detach().numpy()
"""


@pytest.fixture(params=["in this process", "in a worker"])
def session(request: pytest.FixtureRequest) -> Session:
    if request.param == "in a worker":
        submitted: Submitted = request.getfixturevalue("hand_in")(ANSWERS)
        return submitted.session
    local = Session(LocalTransport())
    local.open("answer.py", "answer", ANSWERS.encode(), 5.0)
    return local


def test_a_tensor_arrives_where_the_suite_put_it_and_says_where_it_was(session: Session) -> None:
    session.test(1, False, "pretend")
    student, x = Student(session), torch.ones(3)
    assert student.where(x) == "cpu"
    assert student.where(check.on(x, DEVICE)) == "cuda:1"
    moved = student.move(x, DEVICE)
    check.close(moved, x, device=DEVICE)
    assert moved.device.type == "cpu"  # the grader computes with it as with any other
    found = student.lists(check.on(x, DEVICE))
    assert [str(told(t)) for t in (*found["a"], found["b"][0])] == ["cuda:1", "cpu", "cuda:1"]


def test_the_wrong_device_is_told_in_words(session: Session) -> None:
    session.test(1, False, "pretend")
    with pytest.raises(CheckFailed) as failed:
        check.close(Student(session).move(torch.ones(3), "cpu"), torch.ones(3), device=DEVICE)
    assert [found.code for found in failed.value.diagnoses] == ["device"]
    assert dict(failed.value.diagnoses[0].words.values) == {"name": "result", "got": "cpu", "want": "cuda:1"}  # type: ignore[union-attr]


def test_what_comes_back_from_a_gpu_is_not_on_the_cpu(session: Session) -> None:
    session.test(1, False, "pretend")
    with pytest.raises(CheckFailed):
        check.close(Student(session).move(torch.ones(3), DEVICE), torch.ones(3))


def test_a_mixture_is_the_students_exception_with_its_reason(session: Session) -> None:
    session.test(1, False, "pretend")
    with pytest.raises(StudentRaised) as raised:
        Student(session).both(check.on(torch.ones(3), DEVICE), torch.ones(3))
    assert (raised.value.type_name, raised.value.about) == ("RuntimeError", "devices")


def test_an_argument_that_changed_on_its_device_is_noticed(session: Session) -> None:
    session.test(1, False, "pretend")
    with pytest.raises(CheckFailed, match="changed its argument 1"):
        Student(session).grows(check.on(torch.ones(3), DEVICE))


def test_the_next_test_is_on_the_cpu_again(session: Session) -> None:
    session.test(1, False, "pretend")
    assert Student(session).there() is True
    session.test(2, False)
    assert Student(session).there() is torch.cuda.is_available()
    assert np.array_equal(Student(session).seen(torch.ones(2)), np.ones(2, dtype=np.float32))


# --- checks ---


def test_a_value_is_said_to_be_elsewhere_by_a_copy() -> None:
    x = torch.ones(2, requires_grad=True)
    there = check.on({"x": [x, 1]}, "cuda:1")["x"][0]
    assert isinstance(there, torch.Tensor)
    assert (str(told(there)), str(told(x)), there.requires_grad) == ("cuda:1", "cpu", True)
    assert str(told(there.detach()[0])) == "cuda:1"
    assert str(told(there + 1)) == "cpu"


def test_a_device_without_an_index_is_any_of_its_kind() -> None:
    check.device(check.on(torch.ones(2), "cuda:1"), "cuda")
    with pytest.raises(CheckFailed):
        check.device(check.on(torch.ones(2), "cuda:1"), "cuda:0")


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    head, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(head + mark + "\n" + table(), encoding="utf-8")
