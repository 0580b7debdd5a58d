"""Hidden tests of u01_tensors: tensors from nothing, and tensors from other tensors."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u01_tensors")

FRESH = Text(
    en="Two calls of create_tensors drew the same random numbers: each call must draw new ones.",
    vi="Hai lần gọi create_tensors cho cùng các số ngẫu nhiên: mỗi lần gọi phải sinh số mới.",
)
UNIFORM = Text(
    en='The numbers of "uniform" are not spread evenly over [0, 1).',
    vi='Các số trong "uniform" không phân bố đều trên [0, 1).',
)
NORMAL = Text(
    en='The numbers of "normal" do not follow the normal distribution with mean 0 and standard deviation 1.',
    vi='Các số trong "normal" không tuân theo phân phối chuẩn có trung bình 0 và độ lệch chuẩn 1.',
)
NEGATIVE = Text(
    en="A squared distance came out negative.",
    vi="Có một bình phương khoảng cách bị âm.",
)


# create_tensors


@pytest.mark.item("create_tensors")
def test_the_four_tensors_without_chance_have_their_values(student):
    for n, m in ((3, 5), (4, 4), (1, 6), (5, 1)):
        got = student.create_tensors(n, m)
        drawn = {"uniform": got["uniform"], "normal": got["normal"]}  # judged by the tests below
        counting = torch.arange(n * m).reshape(n, m)
        made = {"zeros": torch.zeros(n, m), "ones": torch.ones(n, m), "counting": counting}
        check.close(got, made | {"like": torch.zeros_like(counting)} | drawn)


def _distance_of_distributions(sample: torch.Tensor, cdf: torch.Tensor) -> float:
    """Kolmogorov-Smirnov: 4,200 right draws exceed 0.045 once in ten million runs."""
    steps = (torch.arange(sample.numel(), dtype=torch.float64) + 0.5) / sample.numel()
    return float((cdf - steps).abs().max())


@pytest.mark.item("create_tensors")
def test_uniform_is_spread_evenly_between_0_and_1(student):
    few = student.create_tensors(3, 4)["uniform"]
    check.that(bool((few >= 0).all() and (few < 1).all()), UNIFORM, code="distribution")
    uniform = student.create_tensors(60, 70)["uniform"]
    check.shape(uniform, (60, 70), name="uniform")
    check.dtype(uniform, torch.float32, name="uniform")
    values = uniform.double().flatten().sort().values
    check.that(bool((values >= 0).all() and (values < 1).all()), UNIFORM, code="distribution")
    check.that(_distance_of_distributions(values, values) < 0.045, UNIFORM, code="distribution")


@pytest.mark.item("create_tensors")
def test_normal_follows_the_standard_normal_distribution(student):
    normal = student.create_tensors(70, 60)["normal"]
    check.shape(normal, (70, 60), name="normal")
    check.dtype(normal, torch.float32, name="normal")
    values = normal.double().flatten().sort().values
    check.that(_distance_of_distributions(values, torch.special.ndtr(values)) < 0.045, NORMAL, code="distribution")


@pytest.mark.item("create_tensors")
def test_every_call_draws_new_numbers(student):
    first, second = student.create_tensors(3, 4), student.create_tensors(3, 4)
    check.that(not torch.equal(first["uniform"], second["uniform"]), FRESH, code="fresh_draws")
    check.that(not torch.equal(first["normal"], second["normal"]), FRESH, code="fresh_draws")


# arithmetic


def _arithmetic(a: torch.Tensor, b: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b, "power": a**b}


@pytest.mark.item("arithmetic")
@pytest.mark.parametrize(
    ("left", "right"),
    [((4, 3), (4, 3)), ((4, 3), (3,)), ((3,), (4, 3)), ((5, 1), (1, 4)), ((), (2, 3)), ((3, 3), (3, 3))],
)
def test_floats_are_combined_and_broadcast(student, make, left, right):
    a, b = make(*left).abs(), make(*right)
    check.close(student.arithmetic(a, b), _arithmetic(a, b))


@pytest.mark.item("arithmetic")
def test_negative_floats_have_whole_powers(student, make):
    a, b = make(4, 3, dtype=torch.float32), (make.ints(3, 3) + 1).float()
    check.close(student.arithmetic(a, b), _arithmetic(a, b))


@pytest.mark.item("arithmetic")
def test_integers_are_divided_truly(student, make):
    a, b = make.ints(9, 4, 3) - 4, make.ints(3, 4, 3) + 2
    check.close(student.arithmetic(a, b), _arithmetic(a, b))


# describe


def _description(x: torch.Tensor) -> dict[str, object]:
    return {
        "shape": tuple(x.shape),
        "dtype": x.dtype,
        "device": str(x.device),
        "ndim": x.ndim,
        "numel": x.numel(),
        "contiguous": x.is_contiguous(),
        "requires_grad": x.requires_grad,
    }


@inside
def describe_transposed(x):
    return student.describe(x.transpose(0, 1))


@inside
def describe_leaf_and_product(x):
    leaf = x.clone().requires_grad_(True)
    return student.describe(leaf), student.describe(leaf * 2), student.describe(leaf.detach())


@inside
def describe_meta(*shape):
    return student.describe(torch.empty(*shape, device="meta"))


@pytest.mark.item("describe")
def test_plain_tensors_are_described(student):
    for shape in ((3, 4), (5,), (), (2, 3, 4), (1, 1), (3, 0)):
        x = torch.zeros(shape)
        check.close(student.describe(x), _description(x))


@pytest.mark.item("describe")
def test_the_dtype_is_that_of_the_tensor(student):
    for dtype in (torch.float64, torch.int64, torch.bool):
        x = torch.zeros(2, 3, dtype=dtype)
        check.close(student.describe(x), _description(x))


@pytest.mark.item("describe")
@check.about(
    "contiguous",
    en="Whether memory is contiguous is asked of x as it is, not of a copy.",
    vi="Hỏi xem bộ nhớ có liền mạch không là hỏi chính x, không phải một bản sao.",
)
def test_a_transposed_tensor_is_not_contiguous(student, make):
    x = make(3, 5)
    check.close(describe_transposed(x), _description(x.transpose(0, 1)))


@pytest.mark.item("describe")
def test_requires_grad_is_read_from_leaves_and_results(student, make):
    leaf = make(2, 3)
    tracked = _description(leaf) | {"requires_grad": True}
    for got, want in zip(describe_leaf_and_product(leaf), (tracked, tracked, _description(leaf)), strict=True):
        check.close(got, want)


@pytest.mark.item("describe")
@check.about(
    "device",
    en="The device is that of the tensor itself: x.device.",
    vi="Device là device của chính tensor: x.device.",
)
def test_the_device_is_that_of_the_tensor(student):
    check.close(describe_meta(2, 5), _description(torch.empty(2, 5, device="meta")))


# index_grid and one_hot


@pytest.mark.item("index_grid")
@pytest.mark.parametrize(("h", "w"), [(3, 5), (4, 4), (1, 6), (5, 1), (1, 1)])
def test_each_entry_is_its_own_index(student, h, w):
    want = torch.tensor([[[i, j] for j in range(w)] for i in range(h)])
    check.close(student.index_grid(h, w), want)


def _one_hot(y: torch.Tensor, num_classes: int) -> torch.Tensor:
    return torch.eye(num_classes)[y]


@pytest.mark.item("one_hot")
@pytest.mark.parametrize(("n", "k"), [(7, 4), (3, 6), (5, 5), (1, 3), (4, 1)])
def test_each_row_has_its_one_in_the_right_column(student, make, n, k):
    y = make.ints(k, n)
    check.close(student.one_hot(y, k), _one_hot(y, k))


@pytest.mark.item("one_hot")
def test_the_width_does_not_depend_on_the_classes_that_occur(student, make):
    y = make.ints(3, 6)
    check.close(student.one_hot(y, 5), _one_hot(y, 5))


# row_standardize


def _row_standardize(x: torch.Tensor) -> torch.Tensor:
    centred = x - x.mean(dim=1, keepdim=True)
    return centred / centred.square().mean(dim=1, keepdim=True).sqrt()


@pytest.mark.item("row_standardize")
@pytest.mark.parametrize(("n", "d"), [(5, 3), (3, 7), (4, 4), (1, 6), (6, 2)])
def test_each_row_is_standardised_by_its_own_statistics(student, make, n, d):
    x = make(n, d) * (make(n, 1).abs() + 0.1) + make(n, 1)
    check.close(student.row_standardize(x), _row_standardize(x))


@pytest.mark.item("row_standardize")
def test_float32_stays_float32(student, make):
    x = make(4, 9, dtype=torch.float32)
    check.close(student.row_standardize(x), _row_standardize(x.double()).float())


@pytest.mark.item("row_standardize")
def test_a_constant_row_becomes_zeros_beside_other_rows(student, make):
    x = make(4, 5)
    x[1], x[3] = 3.0, -0.5
    want = _row_standardize(x)
    want[1], want[3] = 0.0, 0.0
    check.close(student.row_standardize(x), want)


@pytest.mark.item("row_standardize")
def test_rows_of_one_element_become_zeros(student, make):
    check.close(student.row_standardize(make(5, 1)), torch.zeros(5, 1, dtype=torch.float64))


# above_threshold


@pytest.mark.item("above_threshold")
@pytest.mark.parametrize(("n", "m"), [(7, 4), (3, 5), (4, 4), (1, 6), (6, 1), (260, 230)])  # the last shows a loop
def test_every_record_meets_every_threshold(student, make, n, m):
    records, thresholds = make(n), make(m)
    want = torch.tensor([[r > t for t in thresholds.tolist()] for r in records.tolist()])
    check.close(student.above_threshold(records, thresholds), want)


@pytest.mark.item("above_threshold")
@check.about(
    "boundary",
    en="What is equal to the threshold is on the wrong side: > or >=?",
    vi="Giá trị đúng bằng ngưỡng nằm sai phía: > hay >=?",
)
def test_a_record_at_the_threshold_is_not_above(student, make):
    records = make.ints(4, 6)
    thresholds = torch.cat([records[:3], make.ints(4, 2)])
    want = torch.tensor([[r > t for t in thresholds.tolist()] for r in records.tolist()])
    check.close(student.above_threshold(records, thresholds), want)


# pairwise_sq_dist


def _pairwise(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.stack([(row.double() - b.double()).square().sum(dim=1) for row in a]).to(a.dtype)


@pytest.mark.item("pairwise_sq_dist")
@pytest.mark.parametrize(("n", "m", "d"), [(4, 5, 3), (6, 2, 4), (3, 3, 3), (1, 5, 2), (4, 1, 1)])
def test_each_pair_of_rows_has_its_squared_distance(student, make, n, m, d):
    a, b = make(n, d), make(m, d)
    check.close(student.pairwise_sq_dist(a, b), _pairwise(a, b))


@pytest.mark.item("pairwise_sq_dist")
@pytest.mark.parametrize(("n", "m"), [(12, 15), (30, 28)])  # torch.cdist changes its ways at 25 rows
@check.about("digits")
def test_close_points_far_from_the_origin_keep_their_distance(student, make, n, m):
    a = (1000 + make(n, 3) / 50).float()
    b = (1000 + make(m, 3) / 50).float()
    check.close(student.pairwise_sq_dist(a, b), _pairwise(a, b), rtol=1e-5, atol=1e-9)


@pytest.mark.item("pairwise_sq_dist")
def test_no_distance_is_negative_and_each_point_is_at_0_from_itself(student, make):
    a = (1000 + make(30, 3)).float()
    got = student.pairwise_sq_dist(a, a.clone())
    check.shape(got, (30, 30))
    check.that(bool((got >= 0).all()), NEGATIVE)
    check.close(got, _pairwise(a, a), rtol=1e-5, atol=1e-9)
