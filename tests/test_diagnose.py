"""Diagnoses: planted bugs are named, unrelated numbers get no story, and the words stay in bounds."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from autograder.checks.case import Case
from autograder.checks.diagnose import VALUE_RULES, explain
from autograder.checks.shape_rules import RULES as SHAPE_RULES
from autograder.models import GENERAL
from autograder.words import say

ROOT = Path(__file__).parents[1]
N, D, C = 6, 5, 4  # distinct sizes, so that a transpose shows


def fresh(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def diagnosed(want: Tensor, got: Tensor, sizes: dict[str, int] | None = None, rtol: float = 1e-9) -> str:
    return explain(Case("dx", want, got, rtol, 1e-12, sizes or {})).code


MATRIX: dict[str, list[Callable[[Tensor], Tensor]]] = {  # from a right (N, D) answer to a wrong one
    "zeros": [torch.zeros_like, lambda e: e.detach() * 0.0],
    "constant": [lambda e: torch.full_like(e, 0.37), torch.ones_like],
    "sign": [lambda e: -e],
    "factor_two": [lambda e: 2 * e, lambda e: -2 * e],
    "factor_half": [lambda e: e / 2],
    "times_size": [lambda e: 32 * e, lambda e: N * e, lambda e: -D * e, lambda e: N * D * e],
    "over_size": [lambda e: e / 32, lambda e: e / N, lambda e: e / D, lambda e: e / (N * D)],
    "bessel": [
        lambda e: e * 32 / 31,
        lambda e: e * math.sqrt(31 / 32),
        lambda e: e * N / (N - 1),
        lambda e: e * math.sqrt((D - 1) / D),
    ],
    "root_of_size": [lambda e: e * math.sqrt(D), lambda e: e / math.sqrt(32)],
    "log2": [lambda e: e / math.log(2)],
    "log10": [lambda e: e / math.log(10)],
    "ln_for_log2": [lambda e: e * math.log(2)],
    "ln_for_log10": [lambda e: -e * math.log(10)],
    "times_100": [lambda e: 100 * e],
    "times_255": [lambda e: 255 * e],
    "over_255": [lambda e: e / 255],
    "factor": [lambda e: e * 0.731, lambda e: e * -17.3],
    "offset": [lambda e: e + 0.1, lambda e: e - 3],
    "offset_along": [lambda e: e + fresh(7, D), lambda e: e - e.mean(1, keepdim=True)],
    "factor_along": [lambda e: e * fresh(7, D).exp(), lambda e: e / e.norm(dim=1, keepdim=True)],
    "flipped": [lambda e: e.flip(0), lambda e: e.flip(1)],
    "shifted": [lambda e: e.roll(1, 0), lambda e: e.roll(-1, 1), lambda e: torch.cat([e[1:], e[:1] * 0])],
    "rolled": [lambda e: e.roll(2, 0), lambda e: e.roll(-3, 0), lambda e: e.roll(2, 1)],
    "sorted": [lambda e: e.sort(0).values, lambda e: e.sort(1, descending=True).values],
    "row_order": [lambda e: e[torch.tensor([3, 1, 0, 2, 5, 4])], lambda e: e[e[:, 0].argsort()]],
    "reordered": [lambda e: e.T.reshape(N, D), lambda e: e.reshape(-1)[e.reshape(-1).argsort()].reshape(N, D)],
    "abs": [torch.abs],
    "clamped": [torch.relu],
    "squared": [torch.square],
    "exp": [torch.exp],
    "reciprocal": [torch.reciprocal],
    "complement": [lambda e: 1 - e],
    "sigmoid": [torch.sigmoid],
    "tanh": [torch.tanh],
    "softmax": [lambda e: e.softmax(1)],
    "log_softmax": [lambda e: e.log_softmax(1)],
    "rounded": [torch.round],
    "floored": [torch.floor],
    "truncated": [torch.trunc],
    "precision": [lambda e: e + 1e-5 * e.cos() * e, lambda e: (e.float() * 3).double() / 3],
    "low_precision": [lambda e: e.half().double(), lambda e: e.float().double(), lambda e: e.bfloat16().double()],
    "nan": [lambda e: e.sqrt(), lambda e: e * math.nan],
    "infinite": [lambda e: e / 0, lambda e: (e * 1e6).exp()],
    "last_slice": [lambda e: torch.cat([e[:-1], e[-1:] * 3 + 1])],
    "first_slice": [lambda e: torch.cat([e[:, :1].cos(), e[:, 1:]], 1)],
    "one_slice": [lambda e: torch.cat([e[:2], e[2:3].exp(), e[3:]])],
    "one_entry": [
        lambda e: e.index_put((torch.tensor(3), torch.tensor(2)), torch.tensor(9.0, dtype=e.dtype)),
        lambda e: e.where(e < e.max(), -e),
    ],
    "negatives": [lambda e: torch.where(e < 0, 0.1 * e, e)],
    "some_zero": [lambda e: e.masked_fill((e > 0.4) & (e < 1.1), 0)],
    "transposed": [lambda e: e.T, lambda e: e.T.contiguous()],
    "reshaped": [lambda e: e.reshape(-1), lambda e: e.reshape(D, N), lambda e: e.reshape(2, 3, 5)],
    "extra_dim": [lambda e: e[:, None], lambda e: e[None, ..., None]],
    "end_missing": [lambda e: e[:4], lambda e: e[:, :-1]],
    "too_long": [lambda e: torch.cat([e, e[:2]])],
    "reduced_too_far": [lambda e: e.sum(0), lambda e: e.mean(1, keepdim=True), torch.sum, torch.mean],
    "mean_missing": [lambda e: e + (d := fresh(8, 3, N, D)) - d.mean(0)],
    "sum_missing": [lambda e: e / 3 + (d := fresh(8, 3, N, D)) - d.mean(0)],
    "shape": [lambda e: e[:, 2], lambda e: fresh(9, D, N), lambda e: fresh(9, N, D + 1), lambda e: e[:0]],
    "values": [lambda e: fresh(9, N, D), lambda e: e + fresh(9, N, D), lambda e: e.sin() * 2],
}


@pytest.mark.parametrize(
    ("code", "bug"),
    [(code, bug) for code, bugs in MATRIX.items() for bug in bugs],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_planted_bug_in_a_matrix_is_named(code: str, bug: Callable[[Tensor], Tensor]) -> None:
    for seed in range(5):
        want = fresh(seed, N, D)
        assert diagnosed(want, bug(want), {"the batch size": 32}) == code


@pytest.mark.parametrize(
    ("code", "want", "got"),
    [
        ("outer", fresh(1, 7), fresh(1, 7)[:, None] * 0 + fresh(1, 7)[:, None]),
        ("outer", fresh(1, 7) - fresh(2, 7), fresh(1, 7)[:, None] - fresh(2, 7)),
        ("outer", fresh(1, 7, 1) * fresh(2, 7, 1), fresh(1, 7, 1) * fresh(2, 7)),
        ("missing_dim", fresh(1, 7, 1), fresh(1, 7)),
        ("misplaced_dim", fresh(1, 7, 1), fresh(1, 7, 1).T),
        ("mean_missing", fresh(1, 9).mean(), fresh(1, 9)),
        ("sum_missing", fresh(1, 9).sum(), fresh(1, 9)),
        ("mean_missing", fresh(1, 9, 3).square().mean(), fresh(1, 9, 3).square()),
        ("sum_missing", fresh(1, 9, 3).sum(0), fresh(1, 9, 3)),
        ("sum_missing", fresh(1, 9, 3).sum(0, keepdim=True), fresh(1, 9, 3)),
        ("permuted", fresh(1, 2, 3, 4), fresh(1, 2, 3, 4).permute(0, 2, 1)),
        ("permuted", fresh(1, 3, 3, 3), fresh(1, 3, 3, 3).permute(2, 0, 1)),
        ("transposed", fresh(1, 4, 4), fresh(1, 4, 4).T),
        ("log", fresh(1, N, C).softmax(1), fresh(1, N, C).log_softmax(1)),
        ("exp", fresh(1, N, C).log_softmax(1), fresh(1, N, C).softmax(1)),
        ("softmax_dim", fresh(1, N, C).softmax(1), fresh(1, N, C).softmax(0)),
        ("softmax_missing", fresh(1, N, C).softmax(1), fresh(1, N, C)),
        ("log_softmax_missing", fresh(1, N, C).log_softmax(1), fresh(1, N, C)),
        ("sigmoid_missing", fresh(1, N).sigmoid(), fresh(1, N)),
        ("relu_missing", fresh(1, N, C).relu(), fresh(1, N, C)),
        ("tanh_missing", fresh(1, N, C).tanh(), fresh(1, N, C)),
        ("sqrt", fresh(1, N).exp(), fresh(1, N).exp().sqrt()),
        ("squared", fresh(1, N).exp().sqrt(), fresh(1, N).exp()),
        ("bessel", fresh(1, N, D).var(0, correction=0), fresh(1, N, D).var(0)),
        ("factor_two", fresh(1), 2 * fresh(1)),
        ("sign", fresh(1), -fresh(1)),
        ("times_size", fresh(1), 32 * fresh(1)),
        ("over_size", fresh(1), fresh(1) / 32),
        ("values", fresh(1), fresh(2)),
        ("bessel", fresh(1, D, 17).std(1), fresh(1, D, 17).std(1, correction=0)),
        ("sign", fresh(1, 2), -fresh(1, 2)),
        ("sum_missing", fresh(1, 9, 2).sum(0), fresh(1, 9, 2)),
        ("values", torch.tensor(0.1), torch.tensor(0.2)),
        ("values", torch.tensor(0.875), torch.tensor(1.75)),  # few decimals: no story
        ("values", torch.tensor(2.0), torch.tensor(-2.0)),
        ("times_size", fresh(1, N, D), 64 * fresh(1, N, D)),  # twice the batch size
        ("over_size", fresh(1, N, D), fresh(1, N, D) / 16),
        ("unsorted", fresh(1, 9).sort().values, fresh(1, 9)),
        ("unsorted", fresh(1, N, D).sort(1, descending=True).values, fresh(1, N, D)),
        ("sorted", fresh(1, 9), fresh(1, 9).sort().values),
        ("flipped", fresh(1, 9).sort().values, fresh(1, 9).sort(descending=True).values),
        ("reordered", fresh(1, 9), fresh(1, 9)[torch.tensor([4, 0, 8, 2, 6, 1, 3, 7, 5])]),
        ("one_entry", torch.arange(12), torch.arange(12).index_fill(0, torch.tensor(11), 0)),
        ("precision", fresh(1, N), fresh(1, N) * (1 + 1e-4 * fresh(2, N))),
        ("eps_place", (fresh(1, N) ** 2 + 1e-5).sqrt(), fresh(1, N).abs() + 1e-5),
        ("eps_place", fresh(1, N).abs() + 1e-3, (fresh(1, N) ** 2 + 1e-3).sqrt()),
        ("eps_missing", (fresh(1, N) ** 2 + 1e-3).sqrt(), fresh(1, N).abs()),
        ("eps_missing", fresh(1, N).abs() + 1e-5, fresh(1, N).abs()),
        ("eps_extra", fresh(1, N).abs(), (fresh(1, N) ** 2 + 1e-5).sqrt()),
        ("off_by_one", torch.arange(6), torch.arange(6) + 1),
        ("offset", torch.arange(6), torch.arange(6) + 3),
        ("inverted", fresh(1, 4, 5) > 0, fresh(1, 4, 5) <= 0),
        ("values", torch.tensor([True, False]), torch.tensor([False, True])),
        ("zeros_wrong", fresh(1, 4, 5).tril(), torch.where(fresh(1, 4, 5).tril() == 0, 2.0, fresh(1, 4, 5))),
        ("some_values", torch.arange(12), torch.tensor([0, 1, 2, 30, 4, 5, 6, 7, 8, 9, 40, 11])),
        ("values", torch.tensor([1 + 2j, 3j]), torch.tensor([1 + 2j, -3j])),
        ("values", torch.empty(0, 3), torch.empty(0, 3)),
        ("shape", torch.empty(0, 3), torch.empty(3, 0)),
    ],
)
def test_a_planted_bug_is_named(code: str, want: Tensor, got: Tensor) -> None:
    if code == "outer" and got.shape == (7, 1):
        got = got.expand(7, 7)
    assert diagnosed(want, got, {"the batch size": 32}) == code


@pytest.mark.parametrize("code", ["sign", "factor_two", "flipped", "zeros", "transposed", "nan"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_low_precision_answers_are_named_as_well(dtype: torch.dtype, code: str) -> None:
    want = fresh(3, N, D)
    assert diagnosed(want.to(dtype), MATRIX[code][0](want).to(dtype), rtol=1e-5) == code


SHAPES = [(), (1,), (2,), (3,), (7,), (1, 4), (4, 1), (3, 3), (2, 5), (4, 6), (2, 3, 4), (3, 3, 3), (2, 1, 3, 4)]


def test_unrelated_numbers_get_no_story() -> None:
    """2,600 random answers, as many at the right shape as at a wrong one: under 1 % get a cause, none but by shape."""
    told: Counter[str] = Counter()
    sizes = {"the batch size": 8, "the number of classes": 10}
    draws = (
        fresh,
        lambda seed, *s: fresh(seed, *s).relu(),
        lambda seed, *s: fresh(seed, *s).softmax(-1) if s else fresh(seed),
    )
    for seed in range(100):
        for i, shape in enumerate(SHAPES):
            for other in (shape, SHAPES[(i + 1 + seed) % len(SHAPES)]):
                dtype = (torch.float64, torch.float32)[seed % 2]
                want, got = draws[seed % 3](seed, *shape).to(dtype), draws[seed % 3](seed + 5000, *other).to(dtype)
                rtol = (1e-9, 1e-5)[seed % 2]
                if not (got.shape == want.shape and torch.allclose(got, want, rtol=rtol)):
                    told[diagnosed(want, got, sizes, rtol)] += 1
    stories = {code: count for code, count in told.items() if code not in GENERAL}
    assert sum(told.values()) > 2000
    assert sum(stories.values()) < 0.01 * sum(told.values()), stories


INPUTS = {"broadcast_loss", "eps", "step", "unchanged"}  # want arguments, or roots: see test_input_rules.py


def test_every_rule_can_be_reached() -> None:
    """Each rule tells the story of at least one planted bug, so the order hides none of them."""
    met = set()
    for seed in range(2):
        want = fresh(seed, N, D)
        for bugs in MATRIX.values():
            for bug in bugs:
                case = Case("dx", want, bug(want), 1e-9, 1e-12, {"the batch size": 32})
                rules = VALUE_RULES if case.got.shape == want.shape else SHAPE_RULES
                met |= {rule for rule in rules if case.plain and case.a.numel() and rule(case.e, case.a, case)}
    names = {rule.__name__ for rule in (*VALUE_RULES, *SHAPE_RULES) if rule not in met}
    # these want another shape, dtype or range than a plain matrix
    assert names == {"inverted", "left_out", "softmax_dim", "outer", "reduction_missing", "transposed", *INPUTS}


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_no_words_hold_numbers_but_counts_shapes_and_places(lang: str) -> None:
    dtypes = re.compile("b?float(16|32)")
    allowed = {"0", "1", "2", "10", "100", "255", "n"} | {str(k) for k in range(31)}
    for bugs in MATRIX.values():
        for bug in bugs:
            want = fresh(0, N, D)
            found = explain(Case("dx", want, bug(want), 1e-9, 1e-12, {"the batch size": 32}))
            for words in (found.words, found.hint or found.words):
                text = "".join(c if c.isdigit() or c == "." else " " for c in dtypes.sub("", say(words, lang)))
                assert {token.strip(".") for token in text.split()} - {""} <= allowed, say(words, lang)


def test_a_large_answer_is_judged_quickly() -> None:
    want = fresh(0, 1200, 1000)
    assert diagnosed(want, 2 * want) == "factor_two"
    assert diagnosed(want, want.flip(0)) == "values"
    cube = fresh(0, 8, 8, 8, 8, 40)
    assert diagnosed(cube, cube.permute(1, 0, 2, 3, 4)) == "permuted"
    assert diagnosed(cube, fresh(1, 8, 8, 8, 8, 40)) == "values"


def test_an_anonymous_factor_is_not_told_of_few_values() -> None:
    assert diagnosed(torch.tensor([1.37, 2.61]), torch.tensor([1.37, 2.61]) * 0.7311) == "values"


def test_a_function_that_overflows_fits_nothing() -> None:
    want = fresh(0, N, D) * 1000
    want[0, 0] = 0.0
    assert diagnosed(want, fresh(1, N, D)) == "values"


def test_the_first_named_size_wins_over_a_constant_that_looks_the_same() -> None:
    want = fresh(0, 4, 5)
    assert diagnosed(want, 2 * want, {"the batch size": 2}) == "times_size"
    assert diagnosed(want, 2 * want, {"the batch size": 4}) == "factor_two"


def test_words_name_what_the_suite_called_it() -> None:
    want = fresh(0, N, D)
    found = explain(Case("grads['w1']", want, want * 32, 1e-9, 1e-12, {"the batch size": 32}))
    assert say(found.words, "en") == "grads['w1'] is too large by a factor, the batch size"
    bad = explain(Case("dx", want, torch.cat([want[:, :1].cos(), want[:, 1:]], 1), 1e-9, 1e-12))
    assert say(bad.words, "en") == "only index 0 along dimension 1 of dx is wrong"


def test_the_reference_page_lists_every_code_that_a_rule_says() -> None:
    page = (ROOT / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    page = page[page.index("## Diagnoses") : page.index("## Properties")]
    said = {"precision", "shape", *MATRIX}
    for module in ("amount", "order", "shape", "function", "input"):
        source = (ROOT / "autograder" / "checks" / f"{module}_rules.py").read_text(encoding="utf-8")
        said |= set(re.findall(r'says\((?:case, )?"([a-z_0-9]+)"', source))
    listed = set(re.findall("`([a-z_0-9]+)`", page))
    assert said - listed == set()
