"""Hidden tests of u04_linear_regression: the module, its training on NumPy data, predictions, files."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u04_linear_regression")


@inside
def set_parameters(model, values):
    with torch.no_grad():
        for p, value in zip(model.parameters(), values, strict=True):
            p.copy_(value)


@inside
def linear(w, b):
    """An nn.Linear of torch's own with these numbers, float32."""
    layer = nn.Linear(w.shape[1], w.shape[0])
    set_parameters(layer, [w, b])
    return layer


# --------------------------------------------------------------------------------------------------- linear_model


@inside
def anatomy(args):
    model = student.LinearRegression(*args)
    layers = [type(module).__name__ for module in model.modules() if module is not model]
    return layers, {name: tuple(p.shape) for name, p in model.named_parameters()}, isinstance(model, nn.Module)


@pytest.mark.item("linear_model")
@pytest.mark.parametrize("args", [(3,), (4, 2), (1, 1), (5, 5)])
def test_it_holds_one_linear_layer(student, args):
    d_in, d_out = (*args, 1)[:2]
    layers, shapes, is_module = anatomy(args)
    check.that(is_module, Text(en="The class is not an nn.Module.", vi="Lớp này không phải là một nn.Module."))
    check.equal(shapes, {"linear.weight": (d_out, d_in), "linear.bias": (d_out,)}, name="shapes of named_parameters()")
    check.equal(layers, ["Linear"], name="the modules inside")


@inside
def run_model(args, w, b, x, upstream):
    model = student.LinearRegression(*args).to(x.dtype)
    set_parameters(model, [w, b])
    x = x.clone().requires_grad_(True)
    y = model(x)
    again = model(x).detach()
    if y.requires_grad:
        y.backward(upstream)
    return y.detach(), again, x.grad, [p.grad for p in model.parameters()]


@pytest.mark.item("linear_model")
@pytest.mark.parametrize(("n", "args"), [(5, (3,)), (1, (4,)), (6, (2, 3)), (4, (4, 4))])
def test_its_values_and_gradients_are_those_of_x_w_plus_b(student, make, n, args):
    d_in, d_out = (*args, 1)[:2]
    w, b, x, upstream = make(d_out, d_in), make(d_out), make(n, d_in), make(n, d_out)
    y, again, dx, grads = run_model(args, w, b, x, upstream)
    want = torch.stack([(w * row).sum(1) + b for row in x])
    check.close(y, want, name="model(x)")
    check.close(again, want, name="model(x), the second time")
    check.close(dx, upstream @ w, name="x.grad")
    check.close(grads, [upstream.T @ x, upstream.sum(0)], name="gradients of weight and bias")


@inside
def fresh(args, x):
    return student.LinearRegression(*args)(x).detach()


@pytest.mark.item("linear_model")
def test_a_new_model_takes_float32(student, make):
    y = fresh((3,), make(5, 3, dtype=torch.float32))
    check.shape(y, (5, 1), name="model(x)")
    check.dtype(y, torch.float32, name="model(x)")


# --------------------------------------------------------------------------------------------------- train_linear


@inside
def trained(w, b, x, y, epochs, lr, stale, training):
    """Losses, parameters, flag, and the arrays afterwards."""
    model = linear(w, b).train(training)
    if stale:
        model(torch.ones(2, w.shape[1])).sum().backward()
    old = list(model.parameters())
    losses = student.train_linear(model, x, y, epochs, lr)
    same = [p is q for p, q in zip(model.parameters(), old, strict=True)]
    return losses, [p.detach() for p in model.parameters()], model.training, same, x, y


def descend(w, b, x, y, epochs, lr):
    """Plain gradient descent on the mean squared error, by its formula, in float64."""
    losses = []
    for _ in range(epochs):
        error = x @ w.T + b - y  # (N, 1)
        losses.append(error.square().mean().item())
        w, b = w - lr * 2 * error.T @ x / len(x), b - lr * 2 * error.mean(0)
    return losses, [w.float(), b.float()]


@pytest.mark.item("train_linear")
@pytest.mark.parametrize(("n", "d", "stale"), [(8, 3, False), (7, 1, True), (1, 2, False), (5, 5, True)])
def test_losses_and_weights_are_those_of_gradient_descent(student, make, n, d, stale):
    w, b = (make(*shape, dtype=torch.float32).double() for shape in [(1, d), (1,)])
    x, y = make(n, d) * 0.8, make(n, 1) * 2
    lr = 0.05 if n > 1 else 0.01  # one example is met exactly: a large step would leave a loss that is all rounding
    losses, params, _, _, _, _ = trained(w, b, x.numpy(), y.numpy(), 12, lr, stale, True)
    want_losses, want = descend(w, b, x, y, 12, lr)
    check.trajectory(losses, want_losses, name="losses", rtol=2e-4)
    check.close(params, want, name="[weight, bias] after 12 epochs", rtol=1e-4, atol=1e-5)


@pytest.mark.item("train_linear")
@check.about("left_alone")
def test_the_flag_the_parameters_and_the_arrays_stay(student, make):
    for training in (True, False):
        w, b, x, y = make(1, 2), make(1), make(4, 2), make(4, 1)
        _, _, flag, same, x_after, y_after = trained(w, b, x.numpy(), y.numpy(), 2, 0.05, False, training)
        check.equal(flag, training, name="model.training")
        check.equal(same, [True, True], name="[parameter is still the same object]")
        check.close((x_after, y_after), (x.numpy(), y.numpy()), name="(x, y) after the training")


@pytest.mark.item("train_linear")
def test_no_epochs_leave_the_model_alone(student, make):
    w, b = make(1, 3, dtype=torch.float32), make(1, dtype=torch.float32)
    losses, params, *_ = trained(w, b, make.array(4, 3), make.array(4, 1), 0, 0.1, False, True)
    check.equal(losses, [], name="losses of 0 epochs")
    check.close(params, [w, b], name="[weight, bias] after 0 epochs")


@inside
def trained_deep(weights, x, y, epochs, lr):
    model = nn.Sequential(linear(*weights[:2]), nn.Tanh(), linear(*weights[2:]))
    losses = student.train_linear(model, x, y, epochs, lr)
    return losses, [p.detach() for p in model.parameters()]


@pytest.mark.item("train_linear")
def test_every_parameter_of_another_model_is_trained(student, make):
    weights = [make(*shape, dtype=torch.float32) for shape in [(4, 2), (4,), (1, 4), (1,)]]
    x, y = make(6, 2), make(6, 1)
    losses, params = trained_deep(weights, x.numpy(), y.numpy(), 10, 0.05)
    leaves = [weight.double().requires_grad_(True) for weight in weights]
    want = []
    for _ in range(10):
        w1, b1, w2, b2 = leaves
        loss = (torch.tanh(x @ w1.T + b1) @ w2.T + b2 - y).square().mean()
        want.append(loss.item())
        grads = torch.autograd.grad(loss, leaves)
        leaves = [(p - 0.05 * g).detach().requires_grad_(True) for p, g in zip(leaves, grads, strict=True)]
    check.trajectory(losses, want, name="losses", rtol=2e-4)
    check.close(params, [p.detach().float() for p in leaves], name="parameters", rtol=1e-3, atol=1e-5)


# -------------------------------------------------------------------------------------------------- predict_numpy


@inside
def predicted(w, b, x, training):
    model = linear(w, b).train(training)
    model.bias.requires_grad_(False)
    model.weight.grad = torch.full_like(w, 2.0)
    value = student.predict_numpy(model, x)
    state = [model.training, model.weight.requires_grad, model.bias.requires_grad, torch.is_grad_enabled()]
    return value, state, model.weight.grad, model.bias.grad is None, [p.detach() for p in model.parameters()]


@pytest.mark.item("predict_numpy")
@pytest.mark.parametrize(("n", "d", "m"), [(5, 3, 1), (1, 2, 1), (4, 4, 4)])
def test_it_gives_the_model_s_predictions_as_an_array(student, make, n, d, m):
    w, b = make(m, d, dtype=torch.float32), make(m, dtype=torch.float32)
    for dtype in ("float32", "float64"):
        x = make.array(n, d, dtype=dtype)
        value = predicted(w, b, x, True)[0]
        rows = torch.from_numpy(x).double()
        want = torch.stack([(w.double() * row).sum(1) + b for row in rows]).float().numpy()
        check.close(value, want, name="predict_numpy(model, x)", rtol=1e-4, atol=1e-5)


@pytest.mark.item("predict_numpy")
@check.about("left_alone")
def test_the_model_stays_as_it_is(student, make):
    w, b = make(1, 3, dtype=torch.float32), make(1, dtype=torch.float32)
    for training in (True, False):
        _, state, grad, none, params = predicted(w, b, make.array(4, 3), training)
        check.equal(
            state,
            [training, True, False, True],
            name="[training, weight.requires_grad, bias.requires_grad, torch.is_grad_enabled()]",
        )
        check.close(grad, torch.full((1, 3), 2.0), name="weight.grad")
        check.equal(none, True, name="bias.grad is None")
        check.close(params, [w, b], name="[weight, bias]")


@inside
def graphs_on_the_way(x):
    """Does what is computed inside of the model require grad?"""
    seen = []

    class Probe(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            y = self.scale * x
            seen.append(y.requires_grad)
            return y

    student.predict_numpy(Probe(), x)
    return seen


@pytest.mark.item("predict_numpy")
def test_no_graph_is_recorded(student, make):
    seen = graphs_on_the_way(make.array(4, 2))
    check.that(
        len(seen) > 0 and not any(seen),
        Text(
            en="The model runs with a graph behind it: detach() afterwards is too late.",
            vi="Model vẫn chạy kèm đồ thị tính toán: gọi detach() về sau thì đã muộn.",
        ),
        code="graph",
    )


# ------------------------------------------------------------------------------------------ save_model, load_model


@inside
def network():
    """Parameters at two depths, and buffers of which one is an integer."""
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Tanh(), nn.Linear(4, 2)))


@inside
def fill(model, values):
    for tensor, value in zip(model.state_dict().values(), values, strict=True):
        tensor.copy_(value)


@inside
def content(path):
    """What a file holds for a reader that runs nothing: its type's name, its entries in order."""
    import os

    if not os.path.exists(path):
        return "no file", []
    try:
        found = torch.load(path, weights_only=True)
    except Exception as error:
        return type(error).__name__, []
    if not isinstance(found, dict):
        return type(found).__name__, []
    return "dict", [(str(name), value) for name, value in found.items()]


@inside
def saved(values):
    """What save_model writes, to a new file and over an old one; the model afterwards."""
    import os
    import tempfile

    model = network()
    fill(model, values)
    with tempfile.TemporaryDirectory() as folder:
        path, old = os.path.join(folder, "model.pt"), os.path.join(folder, "old.pt")
        torch.save({"old": torch.zeros(500)}, old)
        student.save_model(model, path)
        student.save_model(model, old)
        found, replaced = content(path), content(old)
        names = sorted(os.listdir(folder))
    flags = [p.requires_grad for p in model.parameters()]
    return found, replaced, names, [v.clone() for v in model.state_dict().values()], flags, model.training


NAMES = [
    "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
    "2.1.weight", "2.1.bias",
]  # fmt: skip


def state(make):
    shapes = [(4, 3), (4,), (4,), (4,), (4,), (4,), None, (2, 4), (2,)]
    return [torch.tensor(make.pick(2, 90)) if shape is None else make(*shape, dtype=torch.float32) for shape in shapes]


@pytest.mark.item("save_model")
@check.about("file")
def test_the_file_holds_the_state_dict_and_nothing_else(student, make):
    values = state(make)
    (kind, entries), (kind_replaced, replaced), names, after, flags, training = saved(values)
    check.equal(kind, "dict", name="what a reader with weights_only=True finds")
    check.equal([name for name, _ in entries], NAMES, name="names in the file")
    check.close([value for _, value in entries], values, name="numbers in the file")
    check.equal(kind_replaced, "dict", name="what a reader finds in a file that was there before")
    check.equal([name for name, _ in replaced], NAMES, name="names in a file that was there before")
    check.equal(names, ["model.pt", "old.pt"], name="files that were written")
    check.close(after, values, name="numbers of the model afterwards")
    check.equal([*flags, training], [True] * 7, name="requires_grad of each parameter, training flag")


@inside
def single_state(w, b):
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "weights.bin")
        student.save_model(linear(w, b), path)
        return content(path)


@pytest.mark.item("save_model")
def test_a_single_layer_is_saved_under_its_names(student, make):
    w, b = make(1, 5, dtype=torch.float32), make(1, dtype=torch.float32)
    kind, entries = single_state(w, b)
    check.equal(kind, "dict", name="what a reader with weights_only=True finds")
    check.close(dict(entries), {"weight": w, "bias": b}, name="the file")


@inside
def loaded(values, training):
    """A file of torch.save's read into a fresh model: is it the same model with the file's numbers?"""
    import os
    import tempfile

    source, model = network(), network().train(training)
    fill(source, values)
    old = [*model.parameters(), *model.buffers()]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.pt")
        torch.save(source.state_dict(), path)
        student.load_model(model, path)
        kept = content(path)[0]
    new = [*model.parameters(), *model.buffers()]
    places = [[i for i, t in enumerate(old) if t is s] for s in new]
    flags = [[p.is_leaf, p.requires_grad] for p in model.parameters()]
    return [v.clone() for v in model.state_dict().values()], places, flags, model.training, kept


@pytest.mark.item("load_model")
def test_the_numbers_of_the_file_are_in_the_model(student, make):
    for training in (True, False):
        values = state(make)
        after, places, flags, flag, kept = loaded(values, training)
        check.close(after, values, name="numbers of the model")
        check.equal(places, [[i] for i in range(9)], name="places of the tensors among the old ones")
        check.equal(flags, [[True, True]] * 6, name="[is_leaf, requires_grad] of each Parameter")
        check.equal(flag, training, name="model.training")
        check.equal(kept, "dict", name="the file afterwards")


@inside
def misfit(kind, w, b):
    """Load a file whose names or shapes are not the model's: the exception, and the weight's shape afterwards."""
    import os
    import tempfile

    layer = linear(w, b)
    others = {
        "missing": {"weight": w + 1},
        "unexpected": {"weight": w + 1, "bias": b + 1, "scale": b},
        "shape": {"weight": (w + 1)[:, :1], "bias": b + 1},
    }
    raised = "nothing"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "other.pt")
        torch.save(others[kind], path)
        try:
            student.load_model(layer, path)
        except NotImplementedError:
            raise
        except RuntimeError:
            raised = "RuntimeError"
        except Exception:
            raised = "another exception"
    return raised, tuple(layer.weight.shape)


@pytest.mark.item("load_model")
@pytest.mark.parametrize("kind", ["missing", "unexpected", "shape"])
def test_a_file_of_another_model_is_refused(student, make, kind):
    raised, shape = misfit(kind, make(1, 4, dtype=torch.float32), make(1, dtype=torch.float32))
    check.equal(raised, "RuntimeError", name="what load_model raises for another model's file")
    check.equal(shape, (1, 4), name="shape of the weight afterwards")


@inside
def trapped(w, b):
    """Load a file that would make a folder while it is unpickled: was it refused, was the folder made?"""
    import os
    import tempfile

    class Trap:
        def __init__(self, path):
            self.path = path

        def __reduce__(self):
            return os.mkdir, (self.path,)

    layer, raised = linear(w, b), False
    with tempfile.TemporaryDirectory() as folder:
        path, mark = os.path.join(folder, "gift.pt"), os.path.join(folder, "was here")
        torch.save({"weight": w + 1, "bias": b + 1, "gift": Trap(mark)}, path)
        try:
            student.load_model(layer, path)
        except NotImplementedError:
            raise
        except Exception:
            raised = True
        ran = os.path.exists(mark)
    return raised, ran, [p.detach() for p in layer.parameters()]


@pytest.mark.item("load_model")
def test_a_file_that_would_run_a_program_is_refused(student, make):
    w, b = make(1, 3, dtype=torch.float32), make(1, dtype=torch.float32)
    raised, ran, params = trapped(w, b)
    check.that(
        not ran,
        Text(
            en="The file ran a function of its own while it was read: weights_only=True is missing.",
            vi="Trong lúc đọc, tệp đã chạy một hàm của riêng nó: thiếu weights_only=True.",
        ),
        code="ran",
    )
    check.equal(raised, True, name="load_model raises for a file that holds more than tensors")
    check.close(params, [w, b], name="[weight, bias] afterwards")
