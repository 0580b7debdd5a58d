"""u04: linear regression, from the loss to a model that is trained, drawn, saved and loaded.

The first half is by hand: a loss, its gradient, descent, the closed form, scaling, batches.  The second half says the
same with torch's tools.  N is the number of examples, D the number of features; the model is ŷ = x w + b.
Tensors are float32 or float64 and results keep the dtype; no function changes its arguments, but for the model that
`train_linear` trains and `load_model` fills.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn


def mse_loss(pred: Tensor, target: Tensor) -> Tensor:
    """The mean of the squared errors, and no silent broadcasting.

    pred and target: (N,).  Returns a tensor (): the mean of (pred − target)² over the N examples, in their dtype.
    Gradients flow through it into pred and target.

    ValueError when the two shapes differ: (N,) minus (N, 1) would broadcast to (N, N), and a model would learn
    nothing but the mean of all targets, without any error message.

    Example: pred = [1, 2, 5], target = [1, 4, 1] gives (0 + 4 + 16) / 3 = 6.6667.
    Twin: F.mse_loss(pred, target), which warns where this one raises.
    """
    # TODO: The mean squared error · Sai số bình phương trung bình
    # Hint: pytest exercises/u04_linear_regression --hint mse_loss
    raise NotImplementedError("mse_loss")


def mse_grad(x: Tensor, y: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient of the mean squared error of a linear model, by hand.

    x: (N, D), y: (N,), w: (D,), b: ().  With ŷ = x w + b and the loss mean((ŷ − y)²), returns (dw, db): the derivative
    of the loss with respect to w, (D,), and with respect to b, ().  The mean's 1/N and the square's 2 both belong in.
    Not here: backward(), torch.autograd, torch.func.

    Example: x = [[1, 2], [3, 4]], y = [3, 0], w = [1, 0], b = 1 has ŷ = [2, 4] and errors [−1, 4], and gives
    dw = [11, 14], db = 3.
    Twin: what mse_loss(x @ w + b, y).backward() leaves in w.grad and b.grad.
    """
    # TODO: Its gradient by hand · Gradient của nó tính bằng tay
    # Hint: pytest exercises/u04_linear_regression --hint mse_grad
    raise NotImplementedError("mse_grad")


def fit_gd(x: Tensor, y: Tensor, lr: float, steps: int) -> tuple[Tensor, Tensor, list[float]]:
    """Fit w and b by gradient descent on the mean squared error.

    x: (N, D), y: (N,).  Start with w = 0 and b = 0.  In each of `steps` steps write down the loss, then move w and b
    together: w ← w − lr · dw and b ← b − lr · db, both gradients taken before either moves.

    Returns (w, b, losses): w (D,) and b () have the dtype of x and do not require grad, losses is a list of `steps`
    Python floats, each the loss *before* that step's update.  steps = 0 gives zeros and [].
    By hand with mse_grad or with autograd, as you like.

    Example: x = [[1], [3]], y = [1, 5], lr = 0.1, steps = 2 gives losses [13.0, 0.8]: after the first step
    w = [1.6], b = 0.6, after the second w = [1.36], b = 0.44.
    Twin: torch.optim.SGD([w, b], lr=lr).
    """
    # TODO: Gradient descent · Gradient descent
    # Hint: pytest exercises/u04_linear_regression --hint fit_gd
    raise NotImplementedError("fit_gd")


def normal_equation(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The best w and b at once, without steps: least squares.

    x: (N, D), y: (N,).  Returns w (D,) and b () in the dtype of x, for which the mean squared error of x w + b is as
    small as it can be.  With a column of ones beside x, A = [x 1], they solve the normal equation AᵀA (w, b) = Aᵀy.

    AᵀA has no inverse when columns depend on one another (one is twice another, one is constant) or when N ≤ D.  Many
    (w, b) are then equally good, and the one with the smallest norm is wanted; huge weights that cancel are not.
    Judged are predictions, to about six digits in float64.

    Example: x = [[0], [1], [2]], y = [1, 3, 5] gives w = [2], b = 1.  With the column twice,
    x = [[0, 0], [1, 1], [2, 2]], it gives w = [1, 1], b = 1.
    Twins: torch.linalg.pinv, and torch.linalg.lstsq with driver="gelsd".  (Its default driver, gelsy, gives wrong
    answers for dependent columns in torch 2.13 and earlier, depending on what memory held: pytorch issue 187411.)
    """
    # TODO: Least squares in closed form · Bình phương tối thiểu dạng đóng
    # Hint: pytest exercises/u04_linear_regression --hint normal_equation
    raise NotImplementedError("normal_equation")


def standardize(train: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    """Bring every feature to mean 0 and standard deviation 1, measured on the training data alone.

    train: (N, D), test: (M, D).  Returns both, (N, D) and (M, D), with (value − mean) / std for each column.  mean and
    std are *train's*, also for test: what is judged later must not tell the model anything now.  std is the population
    standard deviation, the root of the mean squared difference (divide by N, not by N − 1).  Add no epsilon.

    A column that is constant in train becomes 0 in both, whatever test holds there.  Find out by comparing its
    numbers: their std need not be exactly 0, for the mean of three times 0.1 is 0.10000000000000002.

    Example: train = [[1, 5], [3, 5]], test = [[4, 7]] gives [[−1, 0], [1, 0]] and [[2, 0]].
    Twin: sklearn's StandardScaler, fitted on train.
    """
    # TODO: Standardise by the training data · Chuẩn hóa theo dữ liệu huấn luyện
    # Hint: pytest exercises/u04_linear_regression --hint standardize
    raise NotImplementedError("standardize")


def minibatches(x: Tensor, y: Tensor, batch_size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch: every example once, in a random order, `batch_size` at a time.

    x: (N, D), y: (N,) of any dtype.  Returns an iterator over pairs (x_batch, y_batch); row i of x_batch and entry i of
    y_batch belong to one example.  The last batch holds what is left, and may be smaller.

    The order comes from `generator` and from nothing else: torch's global random state stays as it is, the same
    generator state gives the same batches, and another call with the same generator goes on to another order.  Every
    order is equally likely.

    Example: 5 examples with batch_size 2 make batches of 2, 2 and 1.
    Twin: DataLoader(TensorDataset(x, y), batch_size, shuffle=True, generator=generator).
    """
    # TODO: Mini-batches in random order · Mini-batch theo thứ tự ngẫu nhiên
    # Hint: pytest exercises/u04_linear_regression --hint minibatches
    raise NotImplementedError("minibatches")


class LinearRegression(nn.Module):
    """The model as a module: one `nn.Linear`, kept as `linear`, and nothing after it.

    LinearRegression(d_in) maps (N, d_in) → (N, 1); LinearRegression(d_in, d_out) maps to (N, d_out).  The layer has a
    bias, so `state_dict()` has the keys linear.weight (d_out, d_in) and linear.bias (d_out,).

        >>> LinearRegression(3)(torch.zeros(5, 3)).shape
        torch.Size([5, 1])
    """

    def __init__(self, d_in: int, d_out: int = 1) -> None:
        # TODO: The model as a module · Model dưới dạng module
        # Hint: pytest exercises/u04_linear_regression --hint linear_model
        raise NotImplementedError("linear_model")

    def forward(self, x: Tensor) -> Tensor:
        """x (N, d_in) → (N, d_out)."""
        # TODO
        raise NotImplementedError("linear_model")


def train_linear(model: nn.Module, x: np.ndarray, y: np.ndarray, epochs: int, lr: float) -> list[float]:
    """Train `model` on NumPy data with torch's own tools: nn.MSELoss and torch.optim.SGD.

    x: (N, D) and y: (N, 1), float64, as NumPy makes them.  The model's parameters are float32, as torch makes them: it
    takes float32 tensors only.  In each of `epochs` epochs, on all N examples at once: predict, take the mean squared
    error, compute fresh gradients (whatever stood in `.grad` before must not leak in), and let one plain SGD optimizer
    with `lr` take a step.

    Returns the losses as Python floats, each taken *before* its update.  The model is trained in place, its training
    flag stays as it is, and the arrays keep their numbers.

        >>> train_linear(LinearRegression(1), x, y, epochs=3, lr=0.01)      # for example
        [9.81, 5.02, 2.71]
    """
    # TODO: Train it on NumPy data · Huấn luyện trên dữ liệu NumPy
    # Hint: pytest exercises/u04_linear_regression --hint train_linear
    raise NotImplementedError("train_linear")


def plot_fit(x: np.ndarray, y: np.ndarray, prediction: np.ndarray, path: str) -> None:
    """Draw the data and the fit, and write the picture to `path`, a name that ends in .png.

    x, y, prediction: (N,), the examples in any order.  Each (x, y) is a point of its own, not joined to the others.
    The (x, prediction) are joined by a line from left to right: sort them by x first, for a prediction need not be
    straight.  Both axes are linear.  Labels, a title, a grid, a legend, colours are yours to choose, but let no text
    show numbers of the data.

    The picture goes to the file and nowhere else: no window (a server has no screen; "Agg" is matplotlib's backend that
    draws into memory), and no figure stays open for the next call to draw into.
    Import matplotlib inside of this function: that takes half a second, which only drawing should cost.

    Example: plot_fit(x[:, 0], y[:, 0], predict_numpy(model, x)[:, 0], "fit.png").
    Useful: matplotlib.figure.Figure draws with Agg and is nobody's window; or matplotlib.use("Agg"), then
    matplotlib.pyplot, and plt.close at the end.
    """
    # TODO: Draw the fit · Vẽ kết quả khớp
    # Hint: pytest exercises/u04_linear_regression --hint plot_fit
    raise NotImplementedError("plot_fit")


def predict_numpy(model: nn.Module, x: np.ndarray) -> np.ndarray:
    """The model's predictions for NumPy data, as an array.

    x: (N, D), float64 or float32; the model is float32.  Returns what the model gives for x, (N, 1), as a float32
    ndarray.  No graph is recorded on the way (torch.no_grad): nobody will call backward.  A tensor that requires grad
    refuses .numpy() for good reason.  The model stays as it is: parameters, their .grad and requires_grad, the
    training flag.

        >>> predict_numpy(model, np.array([[1.0], [2.0]]))      # for example
        array([[2.1], [4.0]], dtype=float32)
    """
    # TODO: Predictions as an array · Dự đoán dưới dạng mảng
    # Hint: pytest exercises/u04_linear_regression --hint predict_numpy
    raise NotImplementedError("predict_numpy")


def save_model(model: nn.Module, path: str) -> None:
    """Write the model's `state_dict()`, and nothing else, to the file `path` with torch.save.

    The state_dict is a dict from names to tensors: parameters and buffers.  It does not hold the class, so the file can
    be read after the class has moved or changed its methods, and without running anybody's code.  A file that is
    already there is replaced; the model stays as it is.

        >>> save_model(LinearRegression(3), "model.pt")
        >>> torch.load("model.pt", weights_only=True).keys()
        odict_keys(['linear.weight', 'linear.bias'])
    """
    # TODO: Save what was learned · Lưu những gì đã học
    # Hint: pytest exercises/u04_linear_regression --hint save_model
    raise NotImplementedError("save_model")


def load_model(model: nn.Module, path: str) -> None:
    """Put the numbers of a file that `save_model` wrote into `model`, in place.

    The Parameters stay the same objects, so that an optimizer made earlier still trains them.  RuntimeError when the
    file's names or shapes are not exactly the model's, as `load_state_dict` raises it.

    Read with weights_only=True.  A file of torch.save is a pickle, and a pickle may call any function while it is
    read: loading a stranger's model is running a stranger's program.  weights_only=True takes tensors and plain
    containers and raises at everything else.  (It is the default since torch 2.6; older ones run the program.)

        >>> save_model(trained, "model.pt")
        >>> load_model(LinearRegression(3), "model.pt")
    """
    # TODO: Load it again · Nạp lại
    # Hint: pytest exercises/u04_linear_regression --hint load_model
    raise NotImplementedError("load_model")
