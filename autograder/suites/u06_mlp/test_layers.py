"""Hidden tests of u06_mlp: Dropout, BatchNorm1d and LayerNorm."""

import math

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u06_mlp")


@inside
def set_mode(net, training):
    net.train(training)


@inside
def value_of(net, x):
    return net(x).detach()


@inside
def run(net, x, upstream):
    x = x.clone().requires_grad_(True)
    y = net(x)
    y.backward(upstream)
    return y.detach(), x.grad, {name: p.grad for name, p in net.named_parameters()}


@inside
def load_state(net, state):
    net.to(state["weight"].dtype)
    net.load_state_dict(state)


@inside
def state_of(net):
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


# -------------------------------------------------------------------------------------------------------- Dropout


@pytest.mark.item("dropout")
def test_in_eval_mode_the_values_stay_and_nothing_is_drawn(student, make):
    for p in (0.0, 0.5, 1.0):
        net = student.Dropout(p)
        set_mode(net, False)
        x, upstream, seed = make(4, 5), make(4, 5), make.seed()
        y, drawn = value_and_next_number(net, x, seed)
        with check.about("eval_mode"):
            check.close(y, x, name="net.eval()(x)")
        unused = torch.rand(3, generator=torch.Generator().manual_seed(seed))
        check.close(drawn, unused, name="torch.rand(3) after net.eval()(x)")
        _, dx, _ = run(net, x, upstream)
        with check.about("eval_mode"):
            check.close(dx, upstream, name="x.grad in eval mode")


@inside
def value_and_next_number(net, x, seed):
    torch.manual_seed(seed)
    return net(x), torch.rand(3)


def expect_bernoulli(hits, probability, words):
    """A count of independent events lies within six standard deviations."""
    n = hits.numel()
    sd = math.sqrt(n * probability * (1 - probability))
    check.that(abs(hits.sum().item() - n * probability) < 6 * sd, words)


@pytest.mark.item("dropout")
def test_in_training_the_kept_elements_grow_by_one_over_one_minus_p(student, make):
    share = Text(
        en="The share of elements that stay is not 1 − p.", vi="Tỉ lệ phần tử được giữ lại không phải là 1 − p."
    )
    alone = Text(
        en="Elements are not dropped independently of their neighbours.",
        vi="Các phần tử không bị bỏ độc lập với những phần tử bên cạnh.",
    )
    for p in (0.5, 0.2, 0.8):
        x = make(40, 60)
        y = student.Dropout(p)(x)
        check.shape(y, (40, 60), name=f"Dropout({p})(x)")
        kept = y != 0
        check.close(y, torch.where(kept, x / (1 - p), 0.0), name=f"Dropout({p})(x)")
        expect_bernoulli(kept, 1 - p, share)
        both = (1 - p) ** 2  # pairs that do not overlap are independent
        expect_bernoulli(kept[:, 0::2] & kept[:, 1::2], both, alone)
        expect_bernoulli(kept[0::2] & kept[1::2], both, alone)


@pytest.mark.item("dropout")
def test_the_mask_differs_from_call_to_call_and_follows_the_seed(student, make):
    first, second, again = three_calls(student.Dropout(0.4), make(20, 30), make.seed())
    check.that(
        not torch.equal(first, second),
        Text(en="Two calls dropped the same elements.", vi="Hai lần gọi bỏ đúng cùng những phần tử."),
        code="fresh_draws",
    )
    check.close(again, first, name="net(x) after the same torch.manual_seed")


@inside
def three_calls(net, x, seed):
    torch.manual_seed(seed)
    first, second = net(x), net(x)
    torch.manual_seed(seed)
    return first, second, net(x)


@pytest.mark.item("dropout")
def test_eval_and_back_to_train(student, make):
    net = student.Dropout(0.5)
    x = make(20, 20, dtype=torch.float32)
    set_mode(net, False)
    check.close(net(x), x, name="net.eval()(x)")
    set_mode(net, True)
    y = net(x)
    check.close(y, torch.where(y != 0, 2 * x, 0.0), name="net.train()(x)")
    expect_bernoulli(
        y != 0,
        0.5,
        Text(en="After train() nothing is dropped again.", vi="Sau train() không phần tử nào bị bỏ trở lại."),
    )


@inside
def value_on(device, net, x):
    return net.to(device)(x.to(device))


@pytest.mark.item("dropout")
@pytest.mark.devices("cpu", "pretend", "cuda", "mps")
def test_the_mask_is_drawn_where_x_is(student, make, device):
    for p in (0.0, 0.5):
        x = make(20, 30, dtype=torch.float32)
        y = value_on(device, student.Dropout(p), x)
        check.close(y, torch.where(y != 0, x / (1 - p), 0.0), name=f"Dropout({p})(x)", device=device)


@pytest.mark.item("dropout")
def test_p_0_keeps_all_and_p_1_gives_zeros(student, make):
    for p, factor in ((0.0, 1.0), (1.0, 0.0)):
        x, upstream = make(6, 5), make(6, 5)
        y, dx, _ = run(student.Dropout(p), x, upstream)
        check.close(y, factor * x, name=f"Dropout({p})(x)")
        check.close(dx, factor * upstream, name="x.grad")


@pytest.mark.item("dropout")
def test_the_gradient_follows_the_mask(student, make):
    net = student.Dropout(0.3)
    for shape in ((12, 9), (1, 30), (5, 4, 3), (8,)):
        x, upstream = make(*shape), make(*shape)
        y, dx, _ = run(net, x, upstream)
        check.shape(y, shape, name="Dropout(0.3)(x)")
        check.close(y, torch.where(y != 0, x / 0.7, 0.0), name="Dropout(0.3)(x)")
        check.close(dx, torch.where(y != 0, upstream / 0.7, 0.0), name="x.grad")


@pytest.mark.item("dropout")
def test_p_outside_of_0_and_1_is_refused(student):
    for p in (-0.1, 1.5):
        with check.raises(ValueError, name=f"Dropout({p})"):
            student.Dropout(p)


# ---------------------------------------------------------------------------------------------------- BatchNorm1d


def batch_norm_state(make, n):
    return {
        "weight": make(n),
        "bias": make(n),
        "running_mean": make(n),
        "running_var": make(n).square() + 0.1,
        "num_batches_tracked": torch.tensor(make.pick(1, 9)),
    }


def by_the_batch(eps):
    def norm(x, weight, bias):
        mean = x.mean(0)
        var = (x - mean).square().mean(0)
        return (x - mean) / (var + eps).sqrt() * weight + bias

    return norm


def by_the_record(state, eps):
    def norm(x, weight, bias):
        return (x - state["running_mean"]) / (state["running_var"] + eps).sqrt() * weight + bias

    return norm


def after(state, x, momentum):
    """The state after one training batch."""
    mean = (1 - momentum) * state["running_mean"] + momentum * x.mean(0)
    var = (1 - momentum) * state["running_var"] + momentum * x.var(0, correction=1)
    count = state["num_batches_tracked"] + 1
    return {**state, "running_mean": mean, "running_var": var, "num_batches_tracked": count}


def expect_norm(net, norm, x, upstream, state):
    """Values and gradients of `net` are those of `norm`."""
    y, dx, grads = run(net, x, upstream)
    check.close(y, norm(x, state["weight"], state["bias"]), name="net(x)")
    want_dx, dw, db = check.autograd_of(norm, x, state["weight"], state["bias"], upstream=upstream)
    check.close(dx, want_dx, name="x.grad")
    check.close(grads, {"weight": dw, "bias": db}, name="grads")


@pytest.mark.item("batch_norm1d")
@check.about("registered")
def test_a_new_layer_has_the_state_of_torch_s_own(student):
    want = {
        "weight": torch.ones(5),
        "bias": torch.zeros(5),
        "running_mean": torch.zeros(5),
        "running_var": torch.ones(5),
        "num_batches_tracked": torch.tensor(0),
    }
    check.close(state_of(student.BatchNorm1d(5)), want, name="state_dict()")


@pytest.mark.item("batch_norm1d")
def test_training_normalises_by_the_batch_and_gradients_flow_through_it(student, make):
    for n, d in ((7, 4), (2, 3), (5, 5)):
        net, state = student.BatchNorm1d(d, 0.05, 0.3), batch_norm_state(make, d)
        load_state(net, state)
        expect_norm(net, by_the_batch(0.05), make(n, d) * 2 + 1, make(n, d), state)


@pytest.mark.item("batch_norm1d")
def test_the_running_statistics_follow_three_batches(student, make):
    net, state = student.BatchNorm1d(4, 0.05, 0.3), batch_norm_state(make, 4)
    load_state(net, state)
    for n in (6, 6, 3):  # an uneven last batch
        x = make(n, 4) * 2 - 1
        run(net, x, make(n, 4))
        state = after(state, x, 0.3)
        check.close(state_of(net), state, name="state_dict()")


@inside
def gradient_through_the_record(net, x, later, upstream):
    """What an eval pass sends back to a batch that only the record remembers."""
    x = x.clone().requires_grad_(True)
    net(x)
    net.eval()
    net(later).backward(upstream)
    return torch.zeros_like(x) if x.grad is None else x.grad


@pytest.mark.item("batch_norm1d")
def test_the_record_is_numbers_and_not_a_graph(student, make):
    net = student.BatchNorm1d(4, 0.05, 0.3)
    load_state(net, batch_norm_state(make, 4))
    got = gradient_through_the_record(net, make(6, 4), make(5, 4), make(5, 4))
    check.close(got, torch.zeros(6, 4, dtype=torch.float64), name="x.grad of an earlier batch")


@pytest.mark.item("batch_norm1d")
@check.about("eval_mode")
def test_eval_uses_the_record_and_leaves_it_alone(student, make):
    for n in (6, 1):
        net, state = student.BatchNorm1d(4, 0.05, 0.3), batch_norm_state(make, 4)
        load_state(net, state)
        set_mode(net, False)
        expect_norm(net, by_the_record(state, 0.05), make(n, 4), make(n, 4), state)
        check.close(state_of(net), state, name="state_dict() after eval")


@pytest.mark.item("batch_norm1d")
def test_what_it_learned_in_training_is_used_in_eval(student, make):
    net, state = student.BatchNorm1d(3), batch_norm_state(make, 3)
    load_state(net, state)
    for _ in range(3):
        batch = make(8, 3)
        value_of(net, batch)
        state = after(state, batch, 0.1)
    set_mode(net, False)
    expect_norm(net, by_the_record(state, 1e-5), make(5, 3), make(5, 3), state)


@inside
def used_on(device, net, x, training):
    net.train(training).to(device)
    return net(x.to(device)).detach(), {name: value.detach().clone() for name, value in net.state_dict().items()}


@pytest.mark.item("batch_norm1d")
@pytest.mark.devices("cpu", "pretend", "cuda")
def test_all_that_it_remembers_moves_with_it(student, make, device):
    net, state, x = student.BatchNorm1d(4, 0.05, 0.3), batch_norm_state(make, 4), make(6, 4)
    load_state(net, state)
    y, kept = used_on(device, net, x, False)
    want = by_the_record(state, 0.05)(x, state["weight"], state["bias"])
    check.close(y, want, name="net.eval()(x)", device=device)
    check.close(kept, state, name="state_dict()", device=device)
    y, kept = used_on(device, net, x, True)
    check.close(y, by_the_batch(0.05)(x, state["weight"], state["bias"]), name="net(x)", device=device)
    check.close(kept, after(state, x, 0.3), name="state_dict() after a batch", device=device)


@pytest.mark.item("batch_norm1d")
def test_a_constant_feature_gives_its_bias(student, make):
    net, state = student.BatchNorm1d(3), batch_norm_state(make, 3)
    load_state(net, state)
    x = make(6, 3)
    x[:, 1] = 0.5
    check.close(value_of(net, x)[:, 1], state["bias"][1].expand(6).clone(), name="net(x)[:, 1]")


@pytest.mark.item("batch_norm1d")
def test_one_example_has_no_variance_to_train_on(student, make):
    net = student.BatchNorm1d(3)
    with check.raises(ValueError, name="net(x) with one example"):
        value_of(net, make(1, 3, dtype=torch.float32))


# ------------------------------------------------------------------------------------------------------ LayerNorm


def by_the_example(eps):
    def norm(x, weight, bias):
        mean = x.mean(-1, keepdim=True)
        var = (x - mean).square().mean(-1, keepdim=True)
        return (x - mean) / (var + eps).sqrt() * weight + bias

    return norm


@pytest.mark.item("layer_norm")
def test_a_new_layer_has_weight_ones_and_bias_zeros(student):
    check.close(state_of(student.LayerNorm(5)), {"weight": torch.ones(5), "bias": torch.zeros(5)}, name="state_dict()")


@pytest.mark.item("layer_norm")
@pytest.mark.parametrize("training", [True, False])
def test_it_normalises_each_example_over_the_last_dimension(student, make, training):
    for shape in ((7, 4), (5, 5), (1, 3), (2, 6, 4), (2, 3, 2, 5)):
        n = shape[-1]
        net, state = student.LayerNorm(n, 0.05), {"weight": make(n), "bias": make(n)}
        load_state(net, state)
        set_mode(net, training)
        expect_norm(net, by_the_example(0.05), make(*shape) * 2 + 1, make(*shape), state)


@pytest.mark.item("layer_norm")
def test_its_default_eps_is_small(student, make):
    net, state = student.LayerNorm(6), {"weight": make(6), "bias": make(6)}
    load_state(net, state)
    expect_norm(net, by_the_example(1e-5), make(4, 6) * 0.01, make(4, 6), state)
    check.close(state_of(net), state, name="state_dict() after a call")


@pytest.mark.item("layer_norm")
def test_a_constant_example_gives_the_bias(student, make):
    net, state = student.LayerNorm(4), {"weight": make(4), "bias": make(4)}
    load_state(net, state)
    x = make(3, 4)
    x[1] = -0.5
    check.close(value_of(net, x)[1], state["bias"], name="net(x)[1]")
