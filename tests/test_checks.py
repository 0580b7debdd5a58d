"""Checks: what passes, what fails and under which code, and that no word gives a hidden value away."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from autograder import checks as check
from autograder.checks import CheckFailed, StudentRaised, diagnose, metrics, runner
from autograder.checks.case import Case
from autograder.models import Diagnosis, Text, msg
from autograder.words import say

X = torch.tensor([[0.5, -1.25, 2.0], [3.5, 4.25, -0.75]], dtype=torch.float64)


def failure(call: Callable[[], object]) -> CheckFailed:
    with pytest.raises(CheckFailed) as caught:
        call()
    return caught.value


def code(got: object, want: object, **options: Any) -> str:
    return failure(lambda: check.close(got, want, **options)).diagnoses[0].code


class LyingTensor(Tensor):
    @classmethod
    def __torch_function__(cls, func: object, types: object, args: object = (), kwargs: object = None) -> object:
        return torch.tensor(True)


class AlwaysEqual:
    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


class LyingStr(str):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


class LyingArray(np.ndarray[Any, Any]):
    def __array_ufunc__(self, *args: object, **kwargs: object) -> object:
        return np.zeros(())


# --- close


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (X.clone(), X),
        (nn.Parameter(X.clone()), X),
        (X.clone(), nn.Parameter(X.clone())),
        (X.clone().requires_grad_() * 1, X),
        (X.T.contiguous().T, X),
        (X * (1 + 1e-10), X),
        (X.float() * (1 + 1e-6), X.float()),
        (X.bfloat16() * 1.004, X.bfloat16()),
        (X.to(torch.complex128) * 1j, X.to(torch.complex128) * 1j),
        (X > 0, X > 0),
        (torch.empty(0, 3), torch.empty(0, 3)),
        (torch.tensor(2**60 + 1), torch.tensor(2**60 + 1)),
        (X.numpy(), X.numpy()),
        (X.numpy()[::-1], X.numpy()[::-1].copy()),
        (np.array(3.5), np.array(3.5)),
        ([X, X], [X, X]),
        ((X, 1.5, 3, "relu", None, True, torch.float32), (X, 1.5, 3, "relu", None, True, torch.float32)),
        ({"w": X, "b": [X]}, {"b": [X], "w": X}),
        (OrderedDict(w=X), {"w": X}),
        (X.shape, (2, 3)),
    ],
)
def test_close_accepts_what_is_the_same(got: object, want: object) -> None:
    check.close(got, want)


@pytest.mark.parametrize(
    ("wrong", "got", "want"),
    [
        ("none", None, X),
        ("type", X.tolist(), X),
        ("numpy", X.numpy(), X),
        ("tensor", X, X.numpy()),
        ("python_number", 1.5, torch.tensor(1.5)),
        ("tensor", torch.tensor(1.5), 1.5),
        ("numpy", np.float64(1.5), 1.5),
        ("python_number", True, 1),
        ("python_number", 1, 1.0),
        ("type", X.as_subclass(LyingTensor), X),
        ("type", X.numpy().view(LyingArray), X.numpy()),
        ("type", AlwaysEqual(), X),
        ("type", LyingStr("mean"), "mean"),
        ("type", [X], (X,)),
        ("tensor", X, (X, X)),
        ("type", type("D", (dict,), {})(w=X), {"w": X}),
        ("layout", X.to_sparse(), X),
        ("device", torch.empty(2, 3, device="meta", dtype=torch.float64), X),
        ("dtype", X.float(), X),
        ("dtype", X.to(torch.complex128), X),
        ("dtype", (X > 0).int(), X > 0),
        ("dtype", X.numpy().astype(">f8"), X.numpy()),
        ("dtype", X.numpy().astype(object), X.numpy()),
        ("dtype", X.numpy().astype(np.longdouble), X.numpy()),
        ("nan", X * math.nan, X),
        ("infinite", X / 0, X),
        ("nan", np.full((2, 3), math.nan), X.numpy()),
        ("length", [X], [X, X]),
        ("missing_key", {"w": X}, {"w": X, "b": X}),
        ("extra_key", {"w": X, "b": X}, {"w": X}),
        ("values", torch.tensor(2**60 + 1), torch.tensor(2**60)),
        ("letter_case", "Mean", "mean"),
    ],
)
def test_close_refuses(wrong: str, got: object, want: object) -> None:
    assert code(got, want) == wrong


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (torch.empty(0), torch.tensor(5.0)),  # allclose(empty, 5.) is True
        (torch.empty(0), torch.ones(4)),
        (torch.ones(()), torch.ones(4)),
        (torch.ones(1), torch.ones(4)),
        (torch.ones(4, 1), torch.ones(4)),  # (N, 1) == (N,) broadcasts
        (torch.ones(4, 4), torch.ones(4)),
        (torch.ones(1, 4), torch.ones(4)),
        (np.ones((4, 1)), np.ones(4)),
    ],
)
def test_close_never_broadcasts(got: object, want: object) -> None:
    shapes = {"shape", "extra_dim", "missing_dim", "sum_missing"}
    assert code(got, want) in shapes


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_close_is_as_strict_as_the_dtype_allows(dtype: torch.dtype) -> None:
    want = torch.tensor([1.0, 2.0, 3.0], dtype=dtype)
    rtol = {torch.float64: 1e-9, torch.float32: 1e-5}.get(dtype, 1e-2)
    check.close((want.double() * (1 + rtol / 2)).to(dtype), want)
    failure(lambda: check.close((want.double() * (1 + 4 * rtol)).to(dtype), want))


def test_close_uses_the_tolerances_it_is_given() -> None:
    check.close(X + 0.01, X, atol=0.02)
    check.close(X * 1.01, X, rtol=0.02)
    assert code(torch.tensor([1, 2]), torch.tensor([1, 3]), rtol=0.9) == "values"


def test_a_loss_that_fell_to_nothing_is_not_compared_digit_by_digit() -> None:
    """One example, interpolated: the last losses are squares of differences of equal numbers (120 of 1,500 seeds)."""
    check.trajectory([4.0, 1e-9, 3e-25], [4.0, 1e-9, 1e-25])
    failure(lambda: check.trajectory([4.0, 1.01e-9, 1e-25], [4.0, 1e-9, 1e-25]))
    failure(lambda: check.trajectory([4.0, 1e-9, 3e-25], [4.0, 1e-9, 1e-25], atol=0.0))


@pytest.mark.parametrize("want", [X / 0, X * math.nan, np.array([math.nan]), {"w": X / 0}, math.inf])
def test_a_want_that_is_not_finite_is_the_suites_own_mistake(want: object) -> None:
    with pytest.raises(ValueError, match="wanted"):
        check.close(want, want)


def test_infinities_may_be_wanted_on_request_and_then_agree_exactly() -> None:
    mask = torch.zeros(3, 3).masked_fill(torch.ones(3, 3).triu(1).bool(), -math.inf)
    check.close(mask.clone(), mask, infinite=True)
    failure(lambda: check.close(-mask, mask, infinite=True))
    failure(lambda: check.close(mask * 0, mask, infinite=True))
    with pytest.raises(ValueError, match="NaN"):
        check.close(mask, mask * math.nan, infinite=True)


def test_every_wrong_entry_of_a_structure_is_told_under_its_name() -> None:
    want = {"w1": X, "b1": X + 1, "w2": X + 2}
    error = failure(lambda: check.close({"w1": -X, "b1": X + 1, "w2": None}, want, name="params"))
    assert str(error) == "params['w1'] has the wrong sign\nparams['w2'] is None"
    assert [diagnosis.code for diagnosis in error.diagnoses] == ["sign", "none"]


def test_a_missing_key_does_not_hide_the_other_entries() -> None:
    error = failure(lambda: check.close({"b": -X, "c": X}, {"w": X, "b": X}, name="grads"))
    assert [diagnosis.code for diagnosis in error.diagnoses] == ["missing_key", "extra_key", "sign"]


def test_it_does_not_change_what_it_compares() -> None:
    got = X.clone().requires_grad_()
    check.close(got, X)
    assert got.requires_grad
    assert torch.equal(got, X)


# --- number, equal, shape, dtype, finite


def test_number_compares_plain_floats_closely_and_ints_exactly() -> None:
    check.number(0.1 + 0.2, 0.3)
    check.number(3, 3)
    check.number(1.01, 1.0, rtol=0.1)
    check.number(0.01, 0.0, atol=0.1)


@pytest.mark.parametrize(
    ("wrong", "got", "want"),
    [
        ("values", 4, 3),
        ("python_number", True, 1),
        ("python_number", 3.0, 3),
        ("python_number", 3, 3.0),
        ("numpy", np.float64(0.3), 0.3),
        ("tensor", torch.tensor(0.3), 0.3),
        ("none", None, 0.3),
        ("nan", math.nan, 0.3),
        ("infinite", math.inf, 0.3),
        ("sign", -0.31415926, 0.31415926),
        ("factor_two", 0.62831852, 0.31415926),
        ("values", 0.31415, 0.31416),
    ],
)
def test_number_refuses(wrong: str, got: object, want: float) -> None:
    assert failure(lambda: check.number(got, want)).diagnoses[0].code == wrong


def test_number_names_a_factor_the_suite_gave_a_name() -> None:
    error = failure(lambda: check.number(0.31415926 * 7, 0.31415926, name="loss", sizes={"the batch size": 7}))
    assert str(error) == "loss is too large by a factor, the batch size"


@pytest.mark.parametrize("want", [True, "3", None, torch.tensor(3.0)])
def test_number_wants_a_number_to_compare_with(want: Any) -> None:
    with pytest.raises(TypeError, match="plain int or float"):
        check.number(3, want)


@pytest.mark.parametrize(
    "value",
    [1, True, None, "a", 1.5, math.nan, torch.int64, torch.device("cpu"), [1, "a"], (1, (2, None)), {"a": [1]}, [], {}],
)
def test_equal_accepts_what_is_exactly_the_same(value: object) -> None:
    check.equal(value, value)


@pytest.mark.parametrize(
    ("wrong", "got", "want"),
    [
        ("python_number", True, 1),
        ("python_number", 1.0, 1),
        ("numpy", np.int64(1), 1),
        ("type", [1, 2], (1, 2)),
        ("type", LyingStr("a"), "b"),
        ("type", AlwaysEqual(), 3),
        ("values", [1, [2, 4]], [1, [2, 3]]),
        ("order", [3, 1, 2], [1, 2, 3]),
        ("length", [1, 2], [1, 2, 3]),
        ("missing_key", {}, {"a": 1}),
        ("extra_key", {"a": 1, "b": 2}, {"a": 1}),
        ("values", {"a": 2}, {"a": 1}),
        ("values", torch.float32, torch.float64),
        ("none", None, False),
    ],
)
def test_equal_refuses(wrong: str, got: object, want: object) -> None:
    assert failure(lambda: check.equal(got, want)).diagnoses[0].code == wrong


def test_equal_names_the_first_place_that_differs() -> None:
    error = failure(lambda: check.equal({"sizes": [3, 4, 5]}, {"sizes": [3, 5, 7]}, name="describe(x)"))
    assert str(error) == "describe(x)['sizes'][1] is not the right value"


@pytest.mark.parametrize(
    ("got", "hint"),
    [
        ("XIN CHÀO", "Upper and lower case differ."),
        ("xin  chào ", "White space differs."),
        ("xin cha\u0300o", 'The same letters in another Unicode form: unicodedata.normalize("NFC", text).'),
    ],
)
def test_equal_hints_at_how_a_string_differs(got: str, hint: str) -> None:
    assert failure(lambda: check.equal(got, "xin chào")).diagnoses[0].hint == msg(hint)


WORDS = ["tôi", "đi", "học", "ở", "Huế"]


@pytest.mark.parametrize(
    ("got", "code"),
    [
        (["tôi", "đi", "học", "ở", "huế"], "letter_case"),
        (["tôi\n", "đi\n", "học\n", "ở\n", "Huế"], "white_space"),
        (["to\u0302i", "đi", "học", "ở", "Huế"], "normal_form"),
        (["toi", "di", "hoc", "o", "Hue"], "marks"),
        (["", "tôi", "đi", "học", "ở", "Huế", ""], "empty_words"),
        (["tôi_đi", "học", "ở", "Huế"], "cut_elsewhere"),
        (["tôi", "đi", "học", "ở", "Vinh"], "values"),
        (["tôi", "đi", "học", "Vinh"], "length"),
        (["Huế", "đi", "học", "ở", "tôi"], "order"),
    ],
)
def test_what_all_the_words_of_a_text_differ_in_is_named(got: list[str], code: str) -> None:
    (found,) = failure(lambda: check.equal(got, WORDS, name="words")).diagnoses
    assert found.code == code
    assert "Huế" not in say(found.words, "vi")


def test_the_right_words_pass() -> None:
    check.equal([*WORDS], WORDS, name="words")


def test_equal_cannot_compare_tensors() -> None:
    with pytest.raises(TypeError, match="Tensor"):
        check.equal(X, X)


def test_shape_dtype_and_finite_look_at_one_thing_only() -> None:
    check.shape(X, (2, 3))
    check.shape(X.numpy(), (2, 3))
    check.dtype(X, torch.float64)
    check.dtype(X.numpy(), np.float64)
    check.finite(X)
    check.finite({"a": [X.numpy(), 1.5, X > 0], "b": torch.empty(0)})


@pytest.mark.parametrize(
    ("wrong", "call"),
    [
        ("shape", lambda: check.shape(X, (3, 2))),
        ("shape", lambda: check.shape(X.numpy(), (6,))),
        ("type", lambda: check.shape([1, 2], (2,))),
        ("dtype", lambda: check.dtype(X, torch.float32)),
        ("numpy", lambda: check.dtype(X.numpy(), torch.float64)),
        ("dtype", lambda: check.dtype(X.numpy(), np.float32)),
        ("nan", lambda: check.finite(X * math.nan)),
        ("infinite", lambda: check.finite([1.0, math.inf])),
        ("nan", lambda: check.finite(np.array([1.0, math.nan]))),
        ("infinite", lambda: check.finite(np.array([1.0, math.inf]))),
        ("nan", lambda: check.finite({"a": X, "b": math.nan})),
        ("type", lambda: check.finite("inf")),
    ],
)
def test_shape_dtype_and_finite_refuse(wrong: str, call: Callable[[], None]) -> None:
    assert failure(call).diagnoses[0].code == wrong


# --- trajectory

CURVE = [2.3025, 1.9411, 1.7123, 1.5238, 1.4031]


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        ("none", None),
        ("type", tuple(CURVE)),
        ("tensor", [torch.tensor(value) for value in CURVE]),
        ("python_number", [2, *CURVE[1:]]),
        ("length", CURVE[:-1]),
        ("length", [*CURVE, 1.2]),
        ("nan", [*CURVE[:2], math.nan, math.nan, math.nan]),
        ("constant", [CURVE[0]] * 5),
        ("late", [*CURVE[1:], 1.2997]),
        ("factor_two", [2 * value for value in CURVE]),
        ("times_size", [64 * value for value in CURVE]),
        ("sign", [-value for value in CURVE]),
        ("first_loss", [2.5, 1.9, 1.8, 1.6, 1.5]),
        ("first_update", [CURVE[0], 1.9, 1.8, 1.6, 1.5]),
        ("later_step", [*CURVE[:2], 1.8, 1.6, 1.5]),
    ],
)
def test_a_trajectory_says_which_part_of_the_loop_is_wrong(wrong: str, got: object) -> None:
    error = failure(lambda: check.trajectory(got, CURVE, sizes={"the batch size": 64}))
    assert error.diagnoses[0].code == wrong


def test_a_trajectory_within_tolerance_passes() -> None:
    check.trajectory([value * (1 + 5e-7) for value in CURVE], CURVE)
    check.trajectory([1.0], [1.0])


@pytest.mark.parametrize("want", [[], [math.nan], [1]])
def test_a_trajectory_is_compared_with_finite_floats(want: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        check.trajectory([1.0], want)


# --- properties


def test_that_fails_in_the_words_it_was_given() -> None:
    check.that(True, Text("fine", "tốt"))
    words = Text("the graph is cut", "đồ thị bị cắt")
    error = failure(lambda: check.that(False, words, code="graph"))
    assert (error.diagnoses[0].code, error.diagnoses[0].words) == ("graph", words)
    assert str(error) == "the graph is cut"


@pytest.mark.parametrize("evidence", [1, "yes", None, torch.tensor(True), np.bool_(True)])
def test_that_takes_no_evidence_but_a_plain_bool(evidence: Any) -> None:
    with pytest.raises(TypeError, match="bool"):
        check.that(evidence, Text("", ""))


def test_fail_always_fails() -> None:
    assert failure(lambda: check.fail(msg("no"), code="odd")).diagnoses[0].code == "odd"


@pytest.mark.parametrize(
    ("wanted", "raised"),
    [
        (ValueError, ValueError("secret")),
        (ValueError, UnicodeError("secret")),
        (ValueError, StudentRaised("ValueError")),
        (LookupError, StudentRaised("KeyError", (3,))),
        (ValueError, StudentRaised("UnicodeDecodeError")),
    ],
)
def test_raises_passes_for_the_wanted_exception(wanted: type[Exception], raised: Exception) -> None:
    with check.raises(wanted):
        raise raised


@pytest.mark.parametrize("raised", [TypeError("secret"), StudentRaised("TypeError")])
def test_raises_fails_for_another_exception(raised: Exception) -> None:
    def body() -> None:
        with check.raises(ValueError, name="regroup(x, 4)"):
            raise raised

    error = failure(body)
    assert str(error) == "regroup(x, 4) raised TypeError; a ValueError is wanted"
    assert error.__context__ is raised  # the board looks there for the student's line


@pytest.mark.parametrize("raised", [type("My_secret", (TypeError,), {})(), StudentRaised("My_secret")])
def test_raises_does_not_tell_the_name_of_a_students_class(raised: Exception) -> None:
    def body() -> None:
        with check.raises(ValueError):
            raise raised

    assert "secret" not in str(failure(body))


def test_raises_fails_when_nothing_is_raised() -> None:
    def body() -> None:
        with check.raises(ValueError, name="regroup(x, 4)"):
            pass

    assert str(failure(body)) == "regroup(x, 4) returned a value; a ValueError is wanted"


@pytest.mark.parametrize("wanted", [ValueError, RuntimeError, NotImplementedError, Exception])
@pytest.mark.parametrize("stub", [NotImplementedError("item"), StudentRaised("NotImplementedError")])
def test_raises_lets_an_untouched_stub_through(wanted: type[Exception], stub: Exception) -> None:
    with pytest.raises(type(stub)) as caught, check.raises(wanted):
        raise stub
    assert caught.value is stub


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CheckFailed()])
def test_raises_lets_through_what_is_not_the_students(error: BaseException) -> None:
    with pytest.raises(type(error)), check.raises(ValueError):
        raise error


def test_raises_lets_the_engines_own_faults_through_behind_a_proxy() -> None:
    token = runner.set(cast(Any, object()))
    try:
        with pytest.raises(OSError, match="worker"), check.raises(ValueError):
            raise OSError("the worker is gone")
    finally:
        runner.reset(token)


# --- metric


def test_a_metric_is_recorded_by_the_innermost_recording() -> None:
    with metrics.recording() as outer:
        check.metric(0.5)
        with metrics.recording() as found:
            check.metric(0.875, name="accuracy")
            check.metric(1, name="runs")
    assert (outer, found) == ({"accuracy": 0.5}, {"accuracy": 0.875, "runs": 1.0})


def test_a_metric_outside_of_a_recording_is_only_validated() -> None:
    check.metric(0.5)
    failure(lambda: check.metric(math.nan))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_is_finite(value: float) -> None:
    with metrics.recording() as found:
        assert failure(lambda: check.metric(value)).diagnoses[0].code == "metric"
    assert found == {}


@pytest.mark.parametrize("value", [True, "0.9", np.float64(0.9), torch.tensor(0.9)])
def test_a_metric_is_a_plain_number(value: Any) -> None:
    with pytest.raises(TypeError, match="plain float"):
        check.metric(value)


# --- autograd_of


def test_autograd_of_gives_float64_gradients_in_the_shapes_of_the_inputs() -> None:
    x, w = torch.randn(4, 5), torch.randn(5, 3, dtype=torch.float64)
    upstream = torch.randn(4, 3)
    dx, dw = check.autograd_of(lambda x, w: x @ w, x, w, upstream=upstream)
    check.close(dx, upstream.double() @ w.T)
    check.close(dw, x.double().T @ upstream.double())
    assert not x.requires_grad
    assert x.grad is None


def test_autograd_of_gives_zeros_for_an_unused_input() -> None:
    dx, db = check.autograd_of(lambda x, b: x * 2, X, torch.ones(3), upstream=torch.ones(2, 3))
    check.close(dx, torch.full((2, 3), 2.0, dtype=torch.float64))
    check.close(db, torch.zeros(3, dtype=torch.float64))
    (dc,) = check.autograd_of(lambda x: x.detach(), X, upstream=X)
    check.close(dc, torch.zeros_like(X))


def test_autograd_of_works_where_gradients_are_switched_off() -> None:
    with torch.no_grad():
        (dx,) = check.autograd_of(lambda x: x * x, X, upstream=torch.ones_like(X))
    check.close(dx, 2 * X)


def test_autograd_of_says_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="upstream"):
        check.autograd_of(lambda x: x.sum(), X, upstream=X)
    with pytest.raises(TypeError, match="floating-point"):
        check.autograd_of(lambda x: x, torch.ones(2, dtype=torch.int64), upstream=torch.ones(2))


# --- words


def words_of(call: Callable[[], object]) -> str:
    error = failure(call)
    hints = (check.CheckFailed(*(type(d)(d.code, d.hint) for d in error.diagnoses if d.hint)),)
    return "\n".join([str(error), *map(str, hints)])


@pytest.mark.parametrize(
    "got",
    [
        *(X * 0, X * 0 + 1, X * 1.5, X + 0.125, -X, X.T, X * 7919, X[:1], X.sum(), X.float(), X.long(), X * math.nan),
        *(None, X.where(X > 0, 0.0), X + torch.randn(2, 3, generator=torch.Generator().manual_seed(0))),
    ],
)
def test_no_word_holds_a_wanted_value_or_an_amount(got: object) -> None:
    words = words_of(lambda: check.close(got, X, name="dx", sizes={"the batch size": 2}))
    for hidden in ["7919", "7918", "1.5", "0.125", *(f"{abs(value):g}" for value in X.reshape(-1).tolist())]:
        if hidden != "2":
            assert hidden not in words, words


@pytest.mark.parametrize(
    "call",
    [
        lambda: check.number(0.0, 41.75),
        lambda: check.number(41.0, 41.75),
        lambda: check.number(42, 41),
        lambda: check.equal(0, 41),
        lambda: check.equal([0, 0, 0], [41, 43, 47]),
        lambda: check.equal({"a": 0}, {"a": 41}),
        lambda: check.equal({}, {"secret41": 1}),
        lambda: check.equal("", "secret41"),
        lambda: check.trajectory([0.0, 0.0, 0.0], [41.0, 43.0, 47.0]),
    ],
)
def test_who_returns_nothing_learns_nothing(call: Callable[[], None]) -> None:
    words = words_of(call)
    assert not any(hidden in words for hidden in ("41", "42", "43", "47", "off by", "secret"))


def test_the_words_of_a_students_class_never_appear() -> None:
    canary = type("Canary_17", (), {"__module__": "student"})()
    assert "Canary" not in words_of(lambda: check.close(canary, X))
    assert "Canary" not in words_of(lambda: check.close({"w": X, "Canary": X}, {"w": X}))
    assert "Canary" not in words_of(lambda: check.finite({"Canary": math.nan}))
    assert "Canary" not in words_of(lambda: check.equal({"a": 1, "Canary": 1}, {"a": 1}))


def test_check_failed_survives_a_journey_between_processes() -> None:
    import pickle

    error = failure(lambda: check.close(-X, X, name="dx"))
    again = pickle.loads(pickle.dumps(error))
    assert (again.diagnoses, str(again)) == (error.diagnoses, "dx has the wrong sign")
    assert b"torch" not in pickle.dumps(failure(lambda: check.close(-X, X)))  # no value that was wanted
    raised = pickle.loads(pickle.dumps(StudentRaised("KeyError", (3, 9))))
    assert (raised.type_name, raised.lines) == ("KeyError", (3, 9))


def test_a_diagnosis_is_looked_for_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    look = diagnose.explain

    def looked(case: Case) -> Diagnosis:
        found.append(look(case).code)
        return look(case)

    monkeypatch.setattr(diagnose, "explain", looked)
    error = failure(lambda: check.close({"w": -X, "b": 2 * X}, {"w": X, "b": X}))
    assert found == []
    assert error.diagnoses is error.diagnoses
    assert found == ["sign", "factor_two"]


def test_the_public_names_are_there() -> None:
    assert all(hasattr(check, name) for name in check.__all__)
    assert issubclass(CheckFailed, AssertionError)
