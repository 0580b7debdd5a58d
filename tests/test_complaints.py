"""complaints: what torch raised, recognised in the worker, said in the kit's words; no text of an exception crosses."""

from __future__ import annotations

import pytest
import torch

from autograder.checks import StudentRaised
from autograder.grading.complaints import COMPLAINTS, complaint
from autograder.grading.words import raised
from autograder.models import Submission
from autograder.sandbox.answers import refusal
from autograder.sandbox.inner.raised import ABOUT
from autograder.sandbox.proxy import LocalTransport, Session, Student
from autograder.words import say

W = "w = torch.ones(3, requires_grad=True)"
PROVOKED = {
    "leaf_in_place": [f"{W}; w += 1", f"{W}; w[0] = 2"],
    "changed_in_place": [f"{W}; y = w.exp(); y += 1; y.sum().backward()"],
    "no_graph": ["torch.ones(3).sum().backward()", f"{W}; w.detach().sum().backward()"],
    "backward_twice": [f"{W}; y = w.exp().sum(); y.backward(); y.backward()"],
    "not_scalar": [f"{W}; (2 * w).backward()"],
    "sizes": [
        "torch.ones(3, 4) @ torch.ones(3, 4)",
        "torch.ones(3) + torch.ones(4)",
        "torch.cat([torch.ones(3, 4), torch.ones(3, 5)])",
        "np.ones(3) + np.ones(4)",
        "nn.Linear(3, 2)(torch.ones(4, 5))",
    ],
    "reshape_size": ["torch.ones(6).view(4, 2)", "np.ones(6).reshape(4, 2)"],
    "index_dtype": [
        "torch.ones(3)[torch.ones(2)]",
        "F.cross_entropy(torch.ones(3, 2), torch.ones(3, dtype=torch.int32))",
    ],
    "dtypes": ["torch.ones(3, 3) @ torch.ones(3, 3).double()", "nn.Linear(3, 2)(torch.ones(4, 3).double())"],
    "needs_float": [
        "torch.arange(3, requires_grad=True)",
        "torch.arange(3).mean()",
        "torch.arange(6).view(2, 3).softmax(1)",
    ],
    "numpy_of_graph": [f"{W}; w.numpy()"],
    "truth_of_many": ["bool(torch.ones(3) > 0)", "1 if np.ones(3) > 0 else 2"],
    "devices": [
        "torch.ones(3, device='cuda:1') + torch.ones(3)",
        "torch.ones(3)[torch.ones(2, dtype=torch.int64, device='cuda')]",
        f"{W}; w.grad = torch.ones(3, device='cuda')",
    ],
    "numpy_of_device": ["torch.ones(3, device='cuda').numpy()", "np.asarray(torch.ones(3, device='cuda'))"],
    "no_device": ["torch.ones(3, device='cuda:7')"],
}  # fmt: skip
OTHERS = ["[][3]", "int('x')", "raise RuntimeError('my own text')", "raise ValueError(7)", "1 / 0", "torch.ones(3)[7]"]


def error_of(body: str) -> StudentRaised:
    session = Session(LocalTransport())
    source = f"import numpy as np, torch, torch.nn.functional as F\nfrom torch import nn\ndef f(): {body}\n"
    session.open("tiny.py", "tiny", source.encode(), 5.0)
    session.test(1, False, "pretend" if "cuda" in body else "cpu")
    with pytest.raises(StudentRaised) as caught:
        Student(session).f()
    return caught.value


@pytest.mark.parametrize(("name", "body"), [(name, body) for name, bodies in PROVOKED.items() for body in bodies])
def test_what_torch_complains_about_is_recognised(name: str, body: str) -> None:
    assert error_of(body).about == name


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there, so nothing complains that there is none")
def test_a_gpu_asked_for_where_there_is_none_is_recognised() -> None:
    session = Session(LocalTransport())
    session.open("tiny.py", "tiny", b"import torch\ndef f(): torch.ones(3).cuda()\n", 5.0)
    session.test(1, False)
    with pytest.raises(StudentRaised) as caught:
        Student(session).f()
    assert caught.value.about == "no_device"


@pytest.mark.parametrize("body", OTHERS)
def test_any_other_exception_is_told_by_its_type_only(body: str) -> None:
    error = error_of(body)
    assert error.about == ""
    assert complaint(error) == ()


def test_every_complaint_that_can_cross_has_words_and_is_provoked_here() -> None:
    assert set(ABOUT) == set(COMPLAINTS) == set(PROVOKED)


def test_the_line_is_told_first_and_the_complaint_after_it() -> None:
    submission = Submission("s", "u", "tiny.py", b"\n\nw += 1\n")
    told = raised(StudentRaised("RuntimeError", (3,), "leaf_in_place"), submission)
    assert [diagnosis.code for diagnosis in told] == ["raised", "leaf_in_place"]
    assert say(told[0].words, "en") == "Your code raised RuntimeError on line 3: `w += 1`."
    assert say(told[1].words, "en") == "torch does not let a leaf that requires a gradient be changed in place."


@pytest.mark.parametrize("about", ["secret", 7, None, ["sizes"], {}])
def test_a_complaint_that_the_worker_makes_up_does_not_cross(about: object) -> None:
    told = refusal({"op": "call"}, {"error": "RuntimeError", "lines": [1], "about": about}, (), ())
    assert isinstance(told, StudentRaised)
    assert told.about == ""
