"""Hidden tests of u02_autograd: what is tracked and what is not."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u02_autograd")

DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]


# track

SHARES = Text(
    en="The result uses x's memory: what is written into one shows in the other. The item asks for a copy.",
    vi="Kết quả dùng chung bộ nhớ với x: ghi vào bên này thì bên kia cũng đổi. Đề yêu cầu một bản sao.",
)


@inside
def grown_from_track(x, upstream, origin):
    """What backward leaves, for an x that is plain, a leaf that requires grad, or the result of a computation."""
    base = x.clone().requires_grad_(origin != "plain")
    x = base * 1 if origin == "computed" else base
    t = student.track(x)
    flags = {"result.requires_grad": t.requires_grad, "result.is_leaf": t.is_leaf, "x.requires_grad": x.requires_grad}
    if t.requires_grad:
        (t * t).backward(upstream)
    return flags, t.grad if t.is_leaf else None, base.grad


@inside
def written_after_track(x, into_result, mark):
    x = x.clone()
    t = student.track(x)
    with torch.no_grad():
        (t if into_result else x).fill_(mark)
    return x.detach() if into_result else t.detach()


@pytest.mark.item("track")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 4), (5,), (2, 2), (1,), ()])
def test_shape_dtype_and_values_are_those_of_x(student, make, shape, dtype):
    x = make(*shape, dtype=dtype)
    check.close(student.track(x), x)


@pytest.mark.item("track")
@pytest.mark.parametrize("origin", ["plain", "leaf", "computed"])
@check.about(
    "graph",
    en="The copy is no leaf of its own: a backward() must end in it, and not reach x.",
    vi="Bản sao không phải là một leaf riêng: backward() phải dừng ở nó và không được về tới x.",
)
def test_a_backward_ends_in_the_copy_and_not_in_x(student, make, origin):
    x, upstream = make(3, 4), make(3, 4)
    flags, grad, grad_of_x = grown_from_track(x, upstream, origin)
    tracked = origin != "plain"
    want = {"result.requires_grad": True, "result.is_leaf": True, "x.requires_grad": tracked}
    check.equal(flags, want, name="the flags")
    check.close(grad, 2 * x * upstream, name="result.grad")
    check.equal(grad_of_x, None, name="x.grad")


@pytest.mark.item("track")
@pytest.mark.parametrize("into_result", [True, False])
def test_the_copy_has_its_own_memory(student, make, into_result):
    x, mark = make(4), float(make(1)) + 20
    after = written_after_track(x, into_result, mark)
    check.that(not torch.equal(after, torch.full_like(x, mark)), SHARES, code="shared_memory")
    check.close(after, x, name="x" if into_result else "result")


@pytest.mark.item("track")
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int16, torch.uint8, torch.bool])
@check.about(
    "integers_refused",
    en="Integers must be refused with the error of the statement: only floating-point numbers have a gradient.",
    vi="Số nguyên phải bị từ chối bằng lỗi mà đề bài nêu: chỉ số thực mới có gradient.",
)
def test_integers_are_refused(student, make, dtype):
    with check.raises(TypeError, name="track(integers or bool)"):
        student.track(make.ints(2, 3, 4).to(dtype))


# graph_names


@inside
def names_behind(build, x, c):
    x = x.clone().requires_grad_(True)
    names = student.graph_names(build(x, c))
    return names, x.grad


@inside
def affine(x, c):
    return x * 2 + 3


@inside
def constant_first(x, c):
    return c * x


@inside
def constant_minus_tanh(x, c):
    return c - x.tanh()


@inside
def third_of_three(x, c):
    return torch.addcmul(c, c, x.exp())


@inside
def last_of_four(x, c):
    return torch.stack([c, c, c, x.sigmoid()]).sum()


@inside
def short_branch_first(x, c):
    return (x.exp() * (x.sin() + c).cos()).mean()


@inside
def long_branch_first(x, c):
    return (x.sin() + c).cos() / x.exp()


@inside
def behind_a_detach(x, c):
    return x.detach().exp() @ (-x)


@inside
def a_branch_from_a_constant(x, c):
    return torch.cat([(c * 2).exp(), x.abs()])[1:]


@inside
def a_leaf(x, c):
    return x


@inside
def nothing_tracked(x, c):
    return c * 2


@inside
def many_sines(x, c):
    for _ in range(40):
        x = x.sin()
    return x


GRAPHS = [
    (affine, ["AddBackward0", "MulBackward0", "AccumulateGrad"]),
    (constant_first, ["MulBackward0", "AccumulateGrad"]),
    (constant_minus_tanh, ["SubBackward0", "TanhBackward0", "AccumulateGrad"]),
    (third_of_three, ["AddcmulBackward0", "ExpBackward0", "AccumulateGrad"]),
    (last_of_four, ["SumBackward0", "StackBackward0", "SigmoidBackward0", "AccumulateGrad"]),
    (short_branch_first, ["MeanBackward0", "MulBackward0", "ExpBackward0", "AccumulateGrad"]),
    (long_branch_first, ["DivBackward0", "CosBackward0", "AddBackward0", "SinBackward0", "AccumulateGrad"]),
    (behind_a_detach, ["DotBackward0", "NegBackward0", "AccumulateGrad"]),
    (a_branch_from_a_constant, ["SliceBackward0", "CatBackward0", "AbsBackward0", "AccumulateGrad"]),
    (a_leaf, []),
    (nothing_tracked, []),
    (many_sines, ["SinBackward0"] * 40 + ["AccumulateGrad"]),
]


@pytest.mark.item("graph_names")
@pytest.mark.parametrize(("build", "want"), GRAPHS, ids=[build.name for build, _ in GRAPHS])
def test_the_nodes_from_the_result_to_a_leaf(student, make, build, want):
    names, grad = names_behind(build, make(5), make(5))
    check.equal(names, want)
    check.equal(grad, None, name="x.grad after the walk")


# stop_tracking

NOT_SHARED = Text(
    en="The first result is a copy: what is written into it does not show in x. detach alone shares the memory.",
    vi="Kết quả thứ nhất là bản sao: ghi vào nó thì x không đổi. Chỉ riêng detach thì dùng chung bộ nhớ.",
)
OVERWRITES = Text(
    en="What is written into the second or the third result shows in x: they need memory of their own.",
    vi="Ghi vào kết quả thứ hai hoặc thứ ba làm x thay đổi: chúng cần bộ nhớ riêng.",
)


@inside
def stopped(x, computed):
    """The three results, which are tracked, whether x still is, and the gradient of what is computed from it later."""
    with torch.enable_grad():
        base = x.clone().requires_grad_(True)
        x = base * 1 if computed else base
        pieces = student.stop_tracking(x)
        flags = [piece.requires_grad for piece in pieces if isinstance(piece, torch.Tensor)]
        flag = x.requires_grad
        later = x * 3
        if later.requires_grad:
            later.sum().backward()
        return pieces, flags, flag, base.grad


@inside
def x_after_writing_into_piece(x, computed, place, mark):
    with torch.enable_grad():
        base = x.clone().requires_grad_(True)
        x = base * 1 if computed else base
        piece = student.stop_tracking(x)[place]
        with torch.no_grad():
            piece.fill_(mark)
        return x.detach()


@pytest.mark.item("stop_tracking")
@pytest.mark.parametrize("computed", [False, True])
@pytest.mark.parametrize(("shape", "dtype"), [((3, 4), torch.float64), ((5,), torch.float32), ((), torch.float64)])
def test_none_of_the_three_is_tracked_and_x_still_is(student, make, shape, dtype, computed):
    x = make(*shape, dtype=dtype)
    pieces, flags, flag, grad = stopped(x, computed)
    check.close(pieces, (x, 2 * x, x))
    check.equal(flags, [False, False, False], name="requires_grad of the three")
    check.equal(flag, True, name="x.requires_grad after the call")
    check.close(grad, torch.full_like(x, 3.0), name="the gradient of (x * 3).sum(), computed after the call")


@pytest.mark.item("stop_tracking")
@pytest.mark.parametrize("computed", [False, True])
def test_only_the_first_shares_the_memory_of_x(student, make, computed):
    x, mark = make(3, 4), float(make(1)) + 20
    marked = torch.full_like(x, mark)
    after = [x_after_writing_into_piece(x, computed, place, mark) for place in range(3)]
    check.that(torch.equal(after[0], marked), NOT_SHARED, code="copied")
    check.that(torch.equal(after[1], x) and torch.equal(after[2], x), OVERWRITES, code="shared_memory")


# repair_graph


@inside
def mended(x, scale, upstream, track_x, track_scale):
    x, scale = x.clone().requires_grad_(track_x), scale.clone().requires_grad_(track_scale)
    y = student.repair_graph(x, scale)
    tracked = y.requires_grad
    if tracked:
        y.backward(upstream)
    return y.detach(), x.grad, scale.grad, tracked


def squares(x: torch.Tensor) -> torch.Tensor:
    return torch.stack([number * number for number in x]).sum()


@pytest.mark.item("repair_graph")
@pytest.mark.parametrize(("d", "dtype"), [(5, torch.float64), (4, torch.float32), (1, torch.float64)])
def test_plain_tensors_give_the_number_of_the_broken_code(student, make, d, dtype):
    x, scale = make(d, dtype=dtype), make(dtype=dtype)
    check.close(student.repair_graph(x, scale), scale * squares(x))


@pytest.mark.item("repair_graph")
@pytest.mark.parametrize(("d", "dtype"), [(6, torch.float64), (3, torch.float32), (1, torch.float64)])
@check.about("no_gradient", when=("none",))
def test_gradients_reach_x_and_scale(student, make, d, dtype):
    x, scale, upstream = make(d, dtype=dtype), make(dtype=dtype), make(dtype=dtype)
    y, of_x, of_scale, tracked = mended(x, scale, upstream, True, True)
    check.close(y, scale * squares(x))
    check.equal(tracked, True, name="result.requires_grad")
    check.close(of_x, 2 * scale * x * upstream, name="the gradient of x")
    check.close(of_scale, squares(x) * upstream, name="the gradient of scale")


@pytest.mark.item("repair_graph")
@pytest.mark.parametrize("track_x", [True, False])
def test_one_of_the_two_may_be_plain(student, make, track_x):
    x, scale, upstream = make(4), make(), make()
    _, of_x, of_scale, _ = mended(x, scale, upstream, track_x, not track_x)
    if track_x:
        check.close(of_x, 2 * scale * x * upstream, name="the gradient of x")
    else:
        check.close(of_scale, squares(x) * upstream, name="the gradient of scale")


@pytest.mark.item("repair_graph")
def test_a_scale_of_zero_keeps_its_gradient(student, make):
    x, upstream = make(4), make()
    zero = torch.zeros((), dtype=torch.float64)
    y, of_x, of_scale, _ = mended(x, zero, upstream, True, True)
    check.close((y, of_x), (zero, torch.zeros_like(x)), name="(result, the gradient of x)")
    check.close(of_scale, squares(x) * upstream, name="the gradient of scale")
