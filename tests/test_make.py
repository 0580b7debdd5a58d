"""make: the inputs of a hidden test, from the run's secret seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from autograder.grading.make import KINK, Make, seed_of


def everything(seed: int) -> list[object]:
    make = Make(seed)
    return [
        make(3, 2).tolist(),
        make.uniform(2).tolist(),
        make.ints(9, 4).tolist(),
        make.array(2).tolist(),
        make.int_array(9, 3).tolist(),
        make.pick(0, 10**9),
        make.seed(),
    ]


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert everything(1) == everything(1)


def test_another_seed_gives_other_numbers_of_every_kind() -> None:
    assert all(one != other for one, other in zip(everything(1), everything(2), strict=True))


def test_a_test_has_its_own_seed_in_each_run() -> None:
    seeds = {seed_of(run, node) for run in (1, 2) for node in ("test_a", "test_b")}
    assert len(seeds) == 4
    assert seed_of(1, "test_a") == seed_of(1, "test_a")


def test_two_calls_give_different_numbers() -> None:
    make = Make(1)
    assert not torch.equal(make(5), make(5))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_no_value_comes_near_zero_where_derivatives_have_a_kink(dtype: torch.dtype) -> None:
    x = Make(1)(20_000, dtype=dtype)
    assert x.abs().min().item() >= KINK * 0.999
    assert x.min().item() < 0 < x.max().item()


def test_shapes_and_dtypes_are_those_that_were_asked_for() -> None:
    make = Make(1)
    assert (make(2, 3).dtype, make(2, 3).shape) == (torch.float64, (2, 3))
    assert make().shape == ()
    assert make(2, dtype=torch.float32).dtype is torch.float32
    assert make.ints(4, 2, 3).dtype is torch.int64
    assert make.uniform(3, dtype=torch.float32).dtype is torch.float32
    assert make.array(2, 3, dtype=np.float32).dtype == np.float32
    assert make.int_array(4, 2).dtype == np.int64


def test_whole_numbers_stay_in_their_range_and_reach_its_ends() -> None:
    make = Make(1)
    assert set(make.ints(3, 200).tolist()) == {0, 1, 2}
    assert {make.pick(3, 5) for _ in range(100)} == {3, 4, 5}


def test_making_inputs_leaves_the_global_generators_alone() -> None:
    before = torch.get_rng_state()
    everything(1)
    assert torch.equal(torch.get_rng_state(), before)
