"""Public tests of u04_linear_regression: run them with  pytest exercises/u04_linear_regression

They use small numbers that you can check by hand.  The hidden tests ask the same questions with other numbers, and
some more: read the docstrings.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from u04_linear_regression import linear_regression as lr

from autograder import checks as check
from autograder.checks import Text

pytestmark = pytest.mark.unit("u04_linear_regression")


def t(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def line(weight=1.0, bias=0.0):
    """y = weight · x + bias, float32."""
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(weight)
        model.bias.fill_(bias)
    return model


# ------------------------------------------------------------------------------------------------------- mse_loss


@pytest.mark.item("mse_loss")
def test_mse_loss_of_three_errors():
    # the errors are 0, -2 and 4: (0 + 4 + 16) / 3
    check.close(lr.mse_loss(t(1, 2, 6), t(1, 4, 2)), torch.tensor(20 / 3, dtype=torch.float64), name="mse_loss")


@pytest.mark.item("mse_loss")
def test_mse_loss_refuses_shapes_that_would_broadcast():
    with check.raises(ValueError, name="mse_loss of shapes (3,) and (3, 1)"):
        lr.mse_loss(t(1, 2, 3), t(1, 2, 3)[:, None])


@pytest.mark.item("mse_loss")
def test_mse_loss_can_be_differentiated():
    pred = t(3, 1).requires_grad_(True)
    lr.mse_loss(pred, t(1, 2)).backward()
    check.close(pred.grad, t(2, -1), name="pred.grad")  # 2 · (pred - target) / 2


# ------------------------------------------------------------------------------------------------------- mse_grad

X = t([1, 2], [3, 4])


@pytest.mark.item("mse_grad")
def test_mse_grad_by_hand():
    # predictions 2 and 4, errors -1 and 4: dw = 2/2 · (-1 · [1, 2] + 4 · [3, 4]), db = 2/2 · (-1 + 4)
    dw, db = lr.mse_grad(X, t(3, 0), t(1, 0), torch.tensor(1.0, dtype=torch.float64))
    check.close(dw, t(11, 14), name="dw")
    check.close(db, torch.tensor(3.0, dtype=torch.float64), name="db")


# --------------------------------------------------------------------------------------------------------- fit_gd


@pytest.mark.item("fit_gd")
def test_fit_gd_takes_two_steps():
    # errors -1 and -5: loss 13, dw = -1·1 - 5·3 = -16, db = -6; then w = 1.6, b = 0.6 and errors 1.2 and 0.4
    w, b, losses = lr.fit_gd(t([1], [3]), t(1, 5), lr=0.1, steps=2)
    check.trajectory(losses, [13.0, 0.8], name="losses")
    check.close(w, t(1.36), name="w")
    check.close(b, torch.tensor(0.44, dtype=torch.float64), name="b")


@pytest.mark.item("fit_gd")
def test_fit_gd_starts_at_zero():
    w, b, losses = lr.fit_gd(X, t(3, 0), lr=0.1, steps=0)
    check.close((w, b), (t(0, 0), torch.tensor(0.0, dtype=torch.float64)), name="(w, b)")
    check.equal(losses, [], name="losses")


# ------------------------------------------------------------------------------------------------ normal_equation


@pytest.mark.item("normal_equation")
def test_normal_equation_finds_a_line():
    w, b = lr.normal_equation(t([0], [1], [2]), t(1, 3, 5))
    check.close(w, t(2), name="w", rtol=1e-6)
    check.close(b, torch.tensor(1.0, dtype=torch.float64), name="b", rtol=1e-6)


@pytest.mark.item("normal_equation")
def test_normal_equation_with_the_same_column_twice():
    x = t([0, 0], [1, 1], [2, 2])
    w, b = lr.normal_equation(x, t(1, 3, 5))
    check.close(x @ w + b, t(1, 3, 5), name="x @ w + b", rtol=1e-6)


# ---------------------------------------------------------------------------------------------------- standardize


@pytest.mark.item("standardize")
def test_standardize_uses_the_statistics_of_train():
    # first column: mean 2, std 1; the second is constant
    train, test = lr.standardize(t([1, 5], [3, 5]), t([4, 7]))
    check.close(train, t([-1, 0], [1, 0]), name="train")
    check.close(test, t([2, 0]), name="test")


# ---------------------------------------------------------------------------------------------------- minibatches


@pytest.mark.item("minibatches")
def test_minibatches_show_every_example_once():
    x = torch.arange(5.0)[:, None]
    batches = list(lr.minibatches(x, 10 * torch.arange(5), 2, torch.Generator().manual_seed(0)))
    check.equal([len(x_batch) for x_batch, _ in batches], [2, 2, 1], name="sizes of the batches")
    order = torch.cat([x_batch[:, 0] for x_batch, _ in batches])
    check.close(order.sort().values, x[:, 0], name="the examples, sorted")
    check.close(torch.cat([y_batch for _, y_batch in batches]), (10 * order).long(), name="the targets")


@pytest.mark.item("minibatches")
def test_minibatches_follow_the_generator():
    x = torch.arange(50.0)[:, None]

    def order(generator):
        return [number for x_batch, _ in lr.minibatches(x, x[:, 0], 8, generator) for number in x_batch[:, 0].tolist()]

    generator = torch.Generator().manual_seed(1)
    first, second = order(generator), order(generator)
    check.equal(order(torch.Generator().manual_seed(1)), first, name="the order after the same seed")
    check.that(first != second, Text(en="Both epochs have one order.", vi="Hai epoch có cùng một thứ tự."))


# --------------------------------------------------------------------------------------------------- linear_model


@pytest.mark.item("linear_model")
def test_linear_regression_has_one_layer_called_linear():
    shapes = {name: tuple(p.shape) for name, p in lr.LinearRegression(3).named_parameters()}
    check.equal(shapes, {"linear.weight": (1, 3), "linear.bias": (1,)}, name="shapes of named_parameters()")
    check.shape(lr.LinearRegression(3, 2)(torch.zeros(5, 3)), (5, 2), name="LinearRegression(3, 2)(x)")


# --------------------------------------------------------------------------------------------------- train_linear


@pytest.mark.item("train_linear")
def test_train_linear_on_two_points():
    model = line()
    model(torch.ones(1, 1)).sum().backward()  # a gradient left over from somewhere
    # errors -1 and -2: loss 2.5, gradients -1·1 - 2·2 = -5 and -1 - 2 = -3; then y = 1.5 x + 0.3: errors -0.2 and -0.7
    losses = lr.train_linear(model, np.array([[1.0], [2.0]]), np.array([[2.0], [4.0]]), epochs=2, lr=0.1)
    check.trajectory(losses, [2.5, 0.265], name="losses", rtol=1e-4)


# ------------------------------------------------------------------------------------------------------- plot_fit


@pytest.mark.item("plot_fit")
def test_plot_fit_writes_a_png(tmp_path: Path):
    x = np.array([3.0, 1.0, 2.0])
    lr.plot_fit(x, np.array([6.5, 1.5, 4.0]), 2 * x, str(tmp_path / "fit.png"))
    check.equal([path.name for path in tmp_path.iterdir()], ["fit.png"], name="files that were written")
    head = (tmp_path / "fit.png").read_bytes()[:4]
    check.that(head == b"\x89PNG", Text(en="The file is not a PNG.", vi="Tệp không phải là PNG."))
    # Look at it, too:  python -c "…plot_fit(x, y, prediction, 'fit.png')"  and open fit.png


# -------------------------------------------------------------------------------------------------- predict_numpy


@pytest.mark.item("predict_numpy")
def test_predict_numpy_of_a_line():
    got = lr.predict_numpy(line(2.0, 1.0), np.array([[1.0], [3.0]]))
    check.close(got, np.array([[3.0], [7.0]], dtype=np.float32), name="predict_numpy(model, x)")


# ------------------------------------------------------------------------------------------ save_model, load_model


@pytest.mark.item("save_model")
def test_save_model_writes_the_state_dict(tmp_path: Path):
    path = str(tmp_path / "model.pt")
    lr.save_model(line(2.0, 1.0), path)
    found = dict(torch.load(path, weights_only=True))
    check.close(found, {"weight": torch.tensor([[2.0]]), "bias": torch.tensor([1.0])}, name="the file")


@pytest.mark.item("load_model")
def test_load_model_fills_the_model(tmp_path: Path):
    path = str(tmp_path / "model.pt")
    torch.save(line(2.0, 1.0).state_dict(), path)
    model = line()
    weight = model.weight
    lr.load_model(model, path)
    check.close(model(torch.tensor([[3.0]])).detach(), torch.tensor([[7.0]]), name="model(x)")
    check.that(
        model.weight is weight, Text(en="The Parameter is another object now.", vi="Parameter giờ là đối tượng khác.")
    )


@pytest.mark.item("load_model")
def test_load_model_refuses_another_model_s_file(tmp_path: Path):
    path = str(tmp_path / "other.pt")
    torch.save(nn.Linear(2, 1).state_dict(), path)
    with check.raises(RuntimeError, name="load_model of another model's file"):
        lr.load_model(line(), path)
