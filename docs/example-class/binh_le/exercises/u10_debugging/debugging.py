"""u10: debugging.  Eleven pieces of code to mend, and four tools that say where to look.

The first eleven items hold code already.  It runs, and what it does is wrong.  Each docstring tells the symptom, as one
meets it on a screen, and what the code must do once it is mended; the cause is yours to find.  Change as much or as
little as you like, but keep the signature.

N is the batch size, D the number of features, C the number of classes, H and W the height and width of a picture.
Everything works in the dtype of the model, float32 or float64.
"""

from __future__ import annotations

import copy
import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def forgotten_zero_grad(model: nn.Module, x: Tensor, y: Tensor, steps: int, lr: float, seed: int) -> list[float]:
    """A regression that swings.

    Symptom: on a parabola (loss w², start w = 1, lr 0.1) the losses are 1, 0.64, 0.1936, 0.0001, 0.2065, 0.6560,
    1.0069 …; the first two are right, then it swings through the minimum for ever, whatever the learning rate.

    Mended, it is plain gradient descent: x (N, D), y (N, K), the mean squared error over all elements, every example
    in each of the `steps` steps, torch.optim.SGD at `lr`.  Each step follows the gradient of that step's loss alone;
    what somebody left in `.grad` before the call has no influence either.  Returns the losses as Python floats, each
    taken before its update.  torch.manual_seed(seed) comes first, so that a model with dropout repeats itself.  The
    model is trained in place; its training flag stays.

        >>> forgotten_zero_grad(parabola, x, y, steps=5, lr=0.1, seed=0)     # rounded
        [1.0, 0.64, 0.4096, 0.2621, 0.1678]
    """
    # TODO: A loss that swings · Loss dao động
    # Hint: pytest exercises/u10_debugging --hint forgotten_zero_grad
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(model(x), y)  # (N, K), (N, K) → ()
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses


def softmax_before_cross_entropy(
    model: nn.Module, x: Tensor, y: Tensor, steps: int, lr: float, seed: int
) -> list[float]:
    """A classifier whose loss has a floor.

    Symptom: with ten classes the loss starts at 2.303 = ln 10, as it should, sinks slowly and never comes below 1.461,
    not even when every answer is right and the model is sure of it.

    Mended: `model(x)` gives logits (N, C), y (N,) int64 the right classes, and the loss is their mean cross-entropy,
    which is near 0 for a model that is right and sure, and finite for one that is wrong and sure (logits of 1000).
    All examples in each of the `steps` steps, torch.optim.SGD at `lr`, the gradient of that step alone.  Returns the
    losses as Python floats, each taken before its update.  torch.manual_seed(seed) comes first.  The model is trained
    in place and goes on returning logits; its training flag stays.
    """
    # TODO: A loss with a floor · Loss có đáy
    # Hint: pytest exercises/u10_debugging --hint softmax_before_cross_entropy
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        probabilities = model(x).softmax(dim=1)  # (N, C)
        loss = F.cross_entropy(probabilities, y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def view_for_permute(x: Tensor) -> Tensor:
    """Pictures with the channels last, made ready for a layer that wants the channels first.

    Symptom: the shape is the one that Conv2d asks for and nothing complains, but the network learns hardly more than
    guessing, and on the screen each of the pictures is a heap of stripes.

    Mended: x (N, H, W, C) of any dtype becomes (N, C, H, W), the entry [n, c, i, j] being x[n, i, j, c].  The result is
    contiguous, so that its `.view(N, -1)` works.  x may be contiguous or not; it is unchanged; gradients flow through.

        >>> view_for_permute(torch.zeros(8, 28, 32, 3)).shape
        torch.Size([8, 3, 28, 32])
    """
    # TODO: Pictures in stripes · Ảnh bị vằn sọc
    # Hint: pytest exercises/u10_debugging --hint view_for_permute
    n, h, w, c = x.shape
    return x.contiguous().view(n, c, h, w)


class ListOfLayers(nn.Module):
    """A perceptron of which only the end learns.

    Symptom: `ListOfLayers([784, 128, 64, 10])` trains without an error and stays far behind an nn.Sequential of the
    same layers.  Its state_dict has two entries.  After `.double()` it refuses a float64 input.

    Mended: `sizes` lists the widths, at least two, the input's first.  Every layer is an nn.Linear; ReLU follows all
    but the last.  All of them belong to the model: parameters() yields the first layer's weight and bias, then the
    second's, and so on to the last, each once; state_dict() holds them all; an optimizer trains them; `.double()`
    converts them.  `sizes` is only read.

        >>> len(list(ListOfLayers([784, 128, 64, 10]).parameters()))
        6
    """

    def __init__(self, sizes: list[int]) -> None:
        # TODO: Layers that nobody finds · Những lớp không ai tìm thấy
        # Hint: pytest exercises/u10_debugging --hint list_of_layers
        super().__init__()
        self.hidden = [nn.Linear(n, m) for n, m in pairwise(sizes[:-1])]
        self.head = nn.Linear(sizes[-2], sizes[-1])

    def forward(self, x: Tensor) -> Tensor:
        """x (N, sizes[0]) → (N, sizes[-1])."""
        for layer in self.hidden:
            x = F.relu(layer(x))  # (N, width of this layer)
        return self.head(x)


def forgotten_eval(model: nn.Module, x: Tensor, y: Tensor, batch_size: int) -> float:
    """The accuracy of a classifier on its validation data.

    Symptom: two calls in a row give two numbers; another batch_size gives a third, and batch_size=1 may even raise.  A
    model that is checked after every epoch ends up with other weights than one that is never checked.

    Mended: x (N, …) goes through the model `batch_size` examples at a time (the last batch may be smaller), the
    largest of the C logits is the answer, and the result is the share of right answers, a Python float.  It is the
    accuracy of the model in use: no dropout, batch norm with what it remembers, no matter in which mode the model is.
    It depends on the model and the data alone.  The call leaves no trace: parameters, buffers, gradients and the
    random state stay, and each module of the model is afterwards in the mode (training or not) it was in before.  No
    graph is built.

        >>> forgotten_eval(model, x, y, batch_size=64)      # for example
        0.9375
    """
    # TODO: An accuracy that changes by itself · Độ chính xác tự thay đổi
    # Hint: pytest exercises/u10_debugging --hint forgotten_eval
    right = 0
    with torch.no_grad():
        for batch_x, batch_y in zip(x.split(batch_size), y.split(batch_size), strict=True):
            logits = model(batch_x)  # (≤ batch_size, C)
            right += (logits.argmax(dim=1) == batch_y).sum().item()
    return right / len(y)


def optimizer_on_old_parameters(
    model: nn.Module, num_classes: int, x: Tensor, y: Tensor, steps: int, lr: float, seed: int
) -> list[float]:
    """Give a trained network a new last layer, and train the whole of it for new classes.

    Symptom: the loss sinks a little and then stays far above what the task allows.  The weights of the new layer
    are, to the last bit, the random ones they were at the start.

    Mended: `model` has the submodules `body` (anything) and `head`, an nn.Linear.  torch.manual_seed(seed) comes
    first, then model.head is replaced, once, by an nn.Linear of the same in_features and dtype with `num_classes`
    outputs in torch's own random start.  Then `steps` steps of torch.optim.SGD at `lr` with momentum 0.9 over all
    parameters of the model as it is now, body and head, on the mean cross-entropy of model(x) (N, num_classes) and y
    (N,) int64.  Returns the losses as Python floats, each taken before its update.  With steps=0 the head is replaced
    and nothing is trained.
    """
    # TODO: A new head that does not learn · Head mới không học
    # Hint: pytest exercises/u10_debugging --hint optimizer_on_old_parameters
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    old = model.head
    model.head = nn.Linear(old.in_features, num_classes, dtype=old.weight.dtype)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)  # logits (N, num_classes), classes (N,) → ()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def mse_broadcast(model: nn.Module, x: Tensor, y: Tensor, steps: int, lr: float, seed: int) -> list[float]:
    """A regression that ends up with the same answer for everybody.

    Symptom: the loss sinks to the variance of y and stays there; the model then predicts the mean of y, whatever x is.
    A model that predicts y = 1 and y = 2 without any error is told a loss of 0.5.

    Mended: model(x) is (N, 1), y is (N,), and the loss is the mean over the N examples of the squared difference
    between an example's prediction and its own target.  All examples in each of the `steps` steps, torch.optim.SGD at
    `lr`, the gradient of that step alone.  Returns the losses as Python floats, each taken before its update.
    torch.manual_seed(seed) comes first.  The model is trained in place; its training flag stays.
    """
    # TODO: The same answer for everybody · Ai cũng nhận một câu trả lời
    # Hint: pytest exercises/u10_debugging --hint mse_broadcast
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = ((model(x) - y) ** 2).mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def labels_shuffled_apart(
    model: nn.Module, x: Tensor, y: Tensor, epochs: int, batch_size: int, lr: float, seed: int
) -> list[float]:
    """A classifier that stays at chance, although the network, the loss and the optimizer are in order.

    Symptom: the loss hovers around ln(C) and the accuracy around 1 / C, for every learning rate.  The same model fits
    one fixed batch without trouble.

    Mended: in each epoch every example (x (N, D), y (N,) int64) is used once, with its own label, in a new random
    order, `batch_size` at a time; the last batch may be smaller.  `seed` decides the orders: the same seed gives the
    same ones, another seed others.  For each batch: the mean cross-entropy of the logits, the gradient of this batch
    alone, one step of torch.optim.SGD at `lr`.  Returns the losses of all batches in order, Python floats, each taken
    before its update: epochs · ceil(N / batch_size) of them.  The model is trained in place and sees each batch once;
    x and y are unchanged.
    """
    # TODO: A classifier that only guesses · Bộ phân loại chỉ đoán mò
    # Hint: pytest exercises/u10_debugging --hint labels_shuffled_apart
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        x = x[torch.randperm(len(x), generator=generator)]
        y = y[torch.randperm(len(y), generator=generator)]
        for batch_x, batch_y in zip(x.split(batch_size), y.split(batch_size), strict=True):
            loss = F.cross_entropy(model(batch_x), batch_y)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses


def detached_loss(model: nn.Module, x: Tensor, y: Tensor, steps: int, lr: float, seed: int) -> list[float]:
    """A classifier that does not move.

    Symptom: no error, no warning, and the loss is the same in every step, to the last digit.  Every parameter still has
    `.grad` None after the call.

    Mended: the loss of a step is the mean over the examples of their cross-entropy, x (N, D), y (N,) int64, from the
    model's logits (N, C).  All examples in each of the `steps` steps, torch.optim.SGD at `lr`, the gradient of that
    step alone.  Returns the losses as Python floats, each taken before its update.  torch.manual_seed(seed) comes
    first.  The model is trained in place; its training flag stays.
    """
    # TODO: A loss that never changes · Loss không hề thay đổi
    # Hint: pytest exercises/u10_debugging --hint detached_loss
    torch.manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        each = [F.cross_entropy(model(x[i : i + 1]), y[i : i + 1]).item() for i in range(len(x))]
        loss = torch.tensor(each, dtype=x.dtype, requires_grad=True).mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def if_else_loss(scores: Tensor, y: Tensor) -> Tensor:
    """How wrong is a classifier with two classes?

    Symptom: the number is right, it is the share of wrong answers, but backward() raises "element 0 of tensors does not
    require grad".  Nothing can be trained with it.

    The share of wrong answers is a staircase, and no trick gives a staircase a useful slope.  Mended, the function
    returns a loss with a slope in its place, one that is never below the share of wrong answers: the hinge loss.
    scores (N,) are floating point, y (N,) int64 holds −1 and 1, and an example counts max(0, 1 − y · score): 0 once
    the score is on the right side by 1 or more, and from there it grows with slope 1.  The result is the mean over
    the examples, a 0-d tensor of the scores' dtype, and gradients flow to scores.  Both arguments are unchanged.

        >>> if_else_loss(torch.tensor([3., 0.5, -2.]), torch.tensor([1, 1, 1]))      # 0, 0.5 and 3
        tensor(1.1667)
    """
    # TODO: A staircase has no slope · Bậc thang không có độ dốc
    # Hint: pytest exercises/u10_debugging --hint if_else_loss
    loss = torch.zeros((), dtype=scores.dtype)
    for score, label in zip(scores, y, strict=True):
        if score * label > 0:
            loss += 0.0
        else:
            loss += 1.0
    return loss / len(y)


def validating_on_train_data(x: Tensor, y: Tensor, n_val: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Put some of the data aside, to measure how well a model does on examples it has not seen.

    Symptom: the validation accuracy is splendid and gets better the longer the model learns the training data by heart;
    on the data of the exam the same model is mediocre.

    Mended: returns (train_x, train_y, val_x, val_y).  n_val of the N examples, drawn at random, are the validation
    data, all the others the training data: each example is in exactly one of the two, once, and keeps its label.  x
    is (N, …), y (N,), and 0 ≤ n_val ≤ N.  `seed` decides the draw: the same seed gives the same split, another seed
    another one.  The order inside a part is free.  x and y are unchanged.

        >>> [len(part) for part in validating_on_train_data(torch.rand(10, 4), torch.arange(10), n_val=3, seed=0)]
        [7, 7, 3, 3]
    """
    # TODO: A validation that is too good · Kết quả kiểm định tốt quá mức
    # Hint: pytest exercises/u10_debugging --hint validating_on_train_data
    generator = torch.Generator().manual_seed(seed)
    val = torch.randperm(len(x), generator=generator)[:n_val]
    train = torch.randperm(len(x), generator=generator)[n_val:]
    return x[train], y[train], x[val], y[val]


def overfit_one_batch(model: nn.Module, batch: tuple[Tensor, Tensor], steps: int) -> float:
    """The first tool: can the network learn one batch by heart?

    A network that cannot bring the loss of a few examples near 0 has a bug, and more data will not help it.  Takes
    batch = (x (N, …), y (N,) int64), trains a copy of the model on it for `steps` steps of torch.optim.Adam with
    lr=0.01 (everything else at its defaults), on the mean cross-entropy of the logits, and returns the loss of the
    trained copy on the batch, a Python float: the loss after the last update.  steps=0 gives the loss of the model as
    it is.  Every step starts with fresh gradients.  The copy stays in the mode (training or not) that the model is
    in.  The model itself is left as it was: parameters, buffers, `.grad` and modes.

        >>> overfit_one_batch(nn.Linear(784, 10), (x[:8], y[:8]), steps=100)     # for example
        0.0042
    """
    # TODO: Learn one batch by heart · Học thuộc một batch
    # Hint: pytest exercises/u10_debugging --hint overfit_one_batch
    raise NotImplementedError("overfit_one_batch")


def initial_loss_ok(model: nn.Module, batch: tuple[Tensor, Tensor], num_classes: int) -> bool:
    """The second tool: does an untrained classifier know that it knows nothing?

    Whoever gives each of C classes the same probability has a cross-entropy of ln(C).  Takes batch = (x (N, …), y (N,)
    int64) and says whether the mean cross-entropy of the model's logits is at most a quarter away from that:
    |loss − ln(num_classes)| ≤ 0.25 · ln(num_classes).  Returns True or False, a Python bool; a NaN is not ok.

    Measured in eval mode, dropout would blur it.  The model is left as it was: parameters, buffers, `.grad`, the mode
    (training or not) of every module of it.

        >>> initial_loss_ok(nn.Linear(784, 10), (torch.rand(64, 784), torch.arange(64) % 10), num_classes=10)
        True
    """
    # TODO: Is the first loss plausible? · Loss đầu tiên có hợp lý không?
    # Hint: pytest exercises/u10_debugging --hint initial_loss_ok
    raise NotImplementedError("initial_loss_ok")


def first_bad_layer(model: nn.Module, x: Tensor) -> str | None:
    """The third tool: where does the NaN come from?

    Runs model(x) once and returns the name, as in model.named_modules(), of the layer whose output was the first in
    this run to hold a NaN or an infinity; None when there was none.  A layer is a module without modules inside it,
    its output is one tensor, and the order is that in which the layers run, not the one in which they were made.

    Hooks that you put on the model are gone afterwards, also when model(x) raises (the exception goes on to the
    caller); hooks of others stay.  Modes, parameters and `.grad` stay.

        >>> first_bad_layer(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), torch.tensor([[1., float("nan")]]))
        '0'
    """
    # TODO: Where does the NaN come from? · NaN bắt đầu từ đâu?
    # Hint: pytest exercises/u10_debugging --hint first_bad_layer
    raise NotImplementedError("first_bad_layer")


def gradient_report(model: nn.Module) -> dict[str, str]:
    """The fourth tool: which parameters would the next step of an optimizer move?

    The caller has run backward().  Returns a dictionary in the order of model.named_parameters(), from each name to

    - "none" when `.grad` is None: the loss does not depend on the parameter, or it is frozen;
    - "nan" when there is a NaN or an infinity in the gradient;
    - "zero" when every element of it is exactly 0: the signal died on the way (a ReLU that is always off);
    - "ok" otherwise, however small the numbers are.

    The gradients stay as they are.

        >>> layer = nn.Linear(2, 1)
        >>> layer(torch.zeros(1, 2)).sum().backward()
        >>> gradient_report(layer)
        {'weight': 'zero', 'bias': 'ok'}
    """
    # TODO: Which parameters get a gradient? · Tham số nào có gradient?
    # Hint: pytest exercises/u10_debugging --hint gradient_report
    raise NotImplementedError("gradient_report")
