"""Causes that show beside what the call was given: sizes and numbers of arguments, steps, eps, where a NaN is from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from autograder.checks.case import Case
from autograder.checks.diagnose import explain
from autograder.checks.given import Given
from autograder.models import GENERAL, Diagnosis, msg
from autograder.words import say
from tests.test_diagnose import SHAPES, fresh

N, D = 6, 5
SIZES = {"the batch size": 32}


def beside(
    want: Tensor, got: Tensor, *inputs: Tensor | float, lr: float | None = None, rtol: float = 1e-9
) -> Diagnosis:
    """What is said of `got` when the call had these arguments."""
    given = [Given(msg("argument {place}", place=str(i)), value) for i, value in enumerate(inputs, start=1)]
    if lr is not None:
        given.append(Given(msg("the learning rate"), lr, rate=True))
    return explain(Case("out", want, got, rtol, 1e-12, SIZES, lambda: tuple(given)))


def told(found: Diagnosis) -> str:
    return say(found.words, "en")


# --- factors and offsets that are an argument, or a size of one ---


def test_a_factor_that_is_a_size_of_an_argument_is_named_by_it() -> None:
    loss, x = fresh(1), fresh(2, 11, 3)
    assert told(beside(loss, 11 * loss, x)) == "out is too large by a factor, the size of dimension 0 of argument 1"
    assert told(beside(loss, loss / 33, x)) == "out is too small by a factor, the number of entries of argument 1"
    assert told(beside(fresh(1, 4), 22 * fresh(1, 4), x)).endswith("twice the size of dimension 0 of argument 1")
    assert beside(loss, 13 * loss, x).code == "values"


def test_a_biased_statistic_is_named_by_the_size_of_the_argument_it_was_taken_of() -> None:
    x = fresh(1, 11)
    for want, got in [(x.var(), x.var(correction=0)), (x.std(correction=0), x.std())]:
        found = beside(want, got, x)
        assert found.code == "bessel"
        assert told(found).endswith("n is the size of dimension 0 of argument 1")


def test_a_learning_rate_that_was_applied_twice_or_left_out_is_named() -> None:
    dw = fresh(1, N, D)
    assert told(beside(dw, 0.03 * dw, lr=0.03)) == "out is the right answer times the learning rate"
    assert told(beside(0.03 * dw, dw, 7.3, lr=0.03)) == "out is the right answer divided by the learning rate"
    assert told(beside(dw, 7.3 * dw, 7.3)) == "out is the right answer times argument 1"
    assert beside(dw, 0.04 * dw, lr=0.03).code == "factor"


def test_an_offset_that_is_an_argument_is_named() -> None:
    x = fresh(1, N, D)
    assert told(beside(x + 0.37, x, fresh(2, 3), 0.37)) == "out is off by argument 2 everywhere"
    assert told(beside(x + 0.38, x, 0.37)) == "out is off by the same amount everywhere"


# --- steps ---


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_step_the_wrong_way_or_of_the_wrong_length_is_named(dtype: torch.dtype) -> None:
    w, g = fresh(1, N, D).to(dtype), fresh(2, N, D).to(dtype)
    rtol = 1e-9 if dtype is torch.float64 else 1e-5
    right = w - 0.1 * g

    def of(step: Tensor) -> Diagnosis:
        return beside(right, w + step, w, g, lr=0.1, rtol=rtol)

    assert of(0.1 * g).code == "step_sign"
    assert told(of(-g)) == "the step from argument 1 to out is the right one divided by the learning rate"
    assert told(of(-0.01 * g)) == "the step from argument 1 to out is the right one times the learning rate"
    assert told(of(-0.2 * g)) == "the step from argument 1 to out is the right one times 2"
    assert told(of(-0.1 * g / 32)) == "the step from argument 1 to out is the right one divided by the batch size"
    assert told(of(-0.0731 * g)) == "the step from argument 1 to out has the wrong length"
    assert of(-0.1 * fresh(3, N, D).to(dtype)).code == "values"
    assert of(-0.1 * g * fresh(3, N, D).to(dtype)).code == "values"


def test_an_input_that_comes_back_is_recognised_and_another_tensor_is_not() -> None:
    x = fresh(1, N, D)
    assert told(beside(fresh(2, N, D), x.clone(), fresh(3, N), x)) == "out is argument 2, unchanged"
    assert beside(fresh(2, N, D), x + 1e-7, x).code == "values"
    assert beside(x.relu(), x.clone(), x).code == "relu_missing"


def test_what_was_to_be_reversed_and_came_back_as_it_was_given_is_not_called_reversed() -> None:
    x = fresh(1, N, D)
    assert beside(x.flip(1), x.clone(), x).code == "unchanged"
    assert beside(x.clone(), x.flip(1), x).code == "flipped"


# --- a loss of (n, 1) against (n,) ---


@pytest.mark.parametrize(
    "loss", [lambda d: d.square().mean(), lambda d: d.abs().mean(), lambda d: d.square().sum() / 2]
)
def test_a_loss_of_a_column_against_a_vector_is_named(loss: Callable[[Tensor], Tensor]) -> None:
    p, t = fresh(1, 9, 1), fresh(2, 9)
    assert beside(loss(p.squeeze() - t), loss(p - t), p, t).code == "outer"
    assert beside(loss(p.squeeze() - t), loss(p - t), t, p).code == "outer"
    assert beside(loss(p.squeeze() - t), loss(p.squeeze() - 2 * t), p, t).code == "values"


# --- eps ---

LAYERS: dict[str, Callable[[Tensor], tuple[Tensor, Tensor]]] = {  # x → what is divided, and the variance
    "layer norm": lambda x: (x - x.mean(1, keepdim=True), x.var(1, correction=0, keepdim=True)),
    "standardised columns": lambda x: (x - x.mean(0), x.var(0)),
    "rms norm": lambda x: (x, x.square().mean(1, keepdim=True)),
    "unit rows": lambda x: (x, x.square().sum(1, keepdim=True)),
    "a first Adam step": lambda x: (x, x.square()),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("given", [(), (1e-5,)])
def test_an_eps_at_another_place_is_named(layer: str, given: tuple[float, ...]) -> None:
    x = 0.05 * fresh(1, 8, 4)
    top, v = LAYERS[layer](x)
    inside, outside, none = top / (v + 1e-5).sqrt(), top / (v.sqrt() + 1e-5), top / v.sqrt()
    assert told(beside(inside, outside, x, *given)) == "out adds eps outside of the square root, it belongs inside"
    assert told(beside(outside, inside, x, *given)) == "out adds eps inside the square root, it belongs outside"
    assert beside(inside, none, x, *given).code == "eps_missing"
    if layer != "a first Adam step":  # without eps it is a sign
        assert beside(none, outside, x, *given).code == "eps_extra"
        assert beside(outside, none, x, *given).code == "eps_missing"
    assert not beside(inside, inside * (1 + 1e-4 * fresh(3, 8, 4)), x, *given).code.startswith("eps")
    assert not beside(inside, fresh(3, 8, 4), x, *given).code.startswith("eps")


# --- NaN and infinities ---


def edged(*places: tuple[tuple[int, ...], float]) -> Tensor:
    """Six by five positive numbers, some replaced."""
    x = fresh(1, N, D).abs() + 0.1
    for place, value in places:
        x[place] = value
    return x


@pytest.mark.parametrize(
    ("x", "f", "code", "words"),
    [
        (edged(((1, 2), 0.0), ((4, 4), 0.0)), torch.log, "at_zero", "out is inf exactly where argument 1 is 0"),
        (edged(((1, 2), 0.0)), lambda x: x * x.log(), "at_zero", "out is NaN exactly where argument 1 is 0"),
        (edged(((1, 2), -1.0)), torch.sqrt, "at_negative", "out is NaN exactly where argument 1 is negative"),
        (edged(((0, 0), 900.0)), torch.exp, "overflow", "out is inf exactly where argument 1 is largest"),
        (
            edged(((0, 0), math.nan)),
            lambda x: 2 * x,
            "from_nonfinite",
            "out is NaN exactly where argument 1 is NaN or infinite",
        ),
        (
            edged(((3, 1), 900.0)),
            lambda x: x.exp() / x.exp().sum(1, keepdim=True),
            "overflow",
            "out is NaN exactly where argument 1 is largest",
        ),
        (
            edged(((3, 1), 900.0)),
            lambda x: x.exp().sum(1).log(),
            "overflow",
            "out is inf exactly at those indices along dimension 0 where argument 1 holds its largest values",
        ),
        (
            edged(((3,), 0.0)),
            lambda x: x / x.norm(dim=1, keepdim=True),
            "no_spread",
            "out is NaN exactly at those indices along dimension 0 where argument 1 is 0 throughout",
        ),
        (
            edged(((3,), 2.0)),
            lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True),
            "no_spread",
            "out is NaN exactly at those indices along dimension 0 where argument 1 has the same value throughout",
        ),
        (
            edged(((2,), -math.inf)),
            lambda x: x.softmax(1),
            "masked_out",
            "out is NaN exactly at those indices along dimension 0 where argument 1 is infinite throughout",
        ),
    ],
)  # fmt: skip
def test_a_nan_is_traced_to_the_entries_it_comes_from(
    x: Tensor, f: Callable[[Tensor], Tensor], code: str, words: str
) -> None:
    got = f(x)
    found = beside(fresh(2, *got.shape), got, x)
    assert (found.code, told(found)) == (code, words)
    assert found.hint is not None


def test_a_nan_of_a_row_that_a_mask_empties_is_traced_to_the_mask() -> None:
    keep = torch.rand(N, D, generator=torch.Generator().manual_seed(1)) > 0.3
    keep[4] = False
    scores = fresh(1, N, D)
    found = beside(fresh(2, N, D), scores.masked_fill(~keep, -math.inf).softmax(1), scores, keep)
    assert told(found).endswith("along dimension 0 where argument 2 is False throughout")


def test_a_single_nan_is_traced_to_what_ordinary_inputs_do_not_hold() -> None:
    nan = torch.tensor(math.nan, dtype=torch.float64)
    assert beside(fresh(1), nan, edged(((0, 0), 800.0))).code == "overflow"
    assert beside(fresh(1), nan, fresh(1, N).sigmoid().round()).code == "at_zero"
    assert beside(fresh(1), nan, edged(((0, 0), math.inf))).code == "from_nonfinite"
    assert beside(fresh(1), nan, torch.zeros(N)).code == "no_spread"
    assert beside(fresh(1), nan, fresh(1, N), fresh(2, N).sigmoid()).code == "nan"


def test_a_nan_elsewhere_than_an_input_suggests_is_only_counted() -> None:
    x = edged(((1, 2), 0.0), ((4, 4), 900.0))
    got = fresh(1, N, D)
    got[2, 2] = math.nan
    assert told(beside(fresh(2, N, D), got, x)) == "1 of 30 entries of out are NaN, first at [2, 2]"


# --- unrelated numbers ---


@pytest.mark.parametrize("seeds", [range(100), pytest.param(range(100, 400), marks=pytest.mark.slow)], ids=str)
def test_unrelated_numbers_get_no_story_from_unrelated_arguments(seeds: range) -> None:
    """26 random wrong answers a seed, of calls that were given random arguments: under 1 % get a cause."""
    found: Counter[str] = Counter()
    for seed in seeds:
        dtype, rtol = (torch.float64, 1e-9) if seed % 2 else (torch.float32, 1e-5)
        for i, shape in enumerate(SHAPES):
            for other in (shape, SHAPES[(i + 1 + seed) % len(SHAPES)]):
                want, got = fresh(seed, *shape).to(dtype), fresh(seed + 5000, *other).to(dtype)
                if seed % 3 == 1:
                    want, got = want.abs(), got.abs()
                inputs: list[Tensor | float] = [
                    fresh(seed + 9000, *shape),
                    fresh(seed + 9500, 7, 1),
                    fresh(seed + 9600, 7),
                    0.01 * (seed + 1),
                    1e-5,
                ]
                found[beside(want, got, *inputs, lr=0.05, rtol=rtol).code] += 1
    stories = {code: count for code, count in found.items() if code not in GENERAL}
    assert sum(found.values()) == 26 * len(seeds)
    assert sum(stories.values()) < 0.01 * sum(found.values()), stories
