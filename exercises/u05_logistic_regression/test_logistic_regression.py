"""Public tests of u05_logistic_regression: run them with  pytest exercises/u05_logistic_regression

They use small numbers that you can check by hand.  The hidden tests ask the same questions with other numbers, and
some more: read the docstrings.
"""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from u05_logistic_regression import logistic_regression as u05

from autograder import checks as check
from autograder import torchvision_compat
from autograder.checks import Text

pytestmark = pytest.mark.unit("u05_logistic_regression")

torchvision_compat.install()  # nothing is imported yet; it mends torchvision where torch is of another build

LOG2 = 0.6931472


# ------------------------------------------------------------------------------------------------ bce_with_logits


@pytest.mark.item("bce_with_logits")
def test_bce_of_two_examples():
    z, y = torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0])
    # sigmoid(0) = 1/2, whatever y is: each costs log 2
    check.close(u05.bce_with_logits(z, y), torch.tensor(LOG2), name="bce_with_logits(z, y)")


@pytest.mark.item("bce_with_logits")
def test_bce_of_a_confident_wrong_answer_is_its_logit():
    z, y = torch.tensor([1000.0, -1000.0, 1000.0]), torch.tensor([0.0, 1.0, 1.0])
    # the first two cost 1000 each, the third nothing
    check.close(u05.bce_with_logits(z, y), torch.tensor(2000 / 3), name="bce_with_logits(z, y)")


@pytest.mark.item("bce_with_logits")
def test_bce_refuses_two_shapes():
    with check.raises(ValueError, name="bce_with_logits of shapes (3, 1) and (3,)"):
        u05.bce_with_logits(torch.zeros(3, 1), torch.zeros(3))


# -------------------------------------------------------------------------------------------------- cross_entropy


@pytest.mark.item("cross_entropy")
def test_cross_entropy_of_small_logits():
    logits = torch.tensor([[0.0, 0.0, 0.0, 0.0], [2 * LOG2, 0.0, 0.0, 0.0]])
    # softmax: 1/4 each, then 4/7, 1/7, 1/7, 1/7: the mean of log 4 and log 7
    want = torch.tensor((1.3862944 + 1.9459101) / 2)
    check.close(u05.cross_entropy(logits, torch.tensor([2, 3])), want, name="cross_entropy(logits, y)")


@pytest.mark.item("cross_entropy")
def test_cross_entropy_of_a_confident_wrong_answer():
    loss = u05.cross_entropy(torch.tensor([[1000.0, 0.0, 0.0]]), torch.tensor([1]))
    check.close(loss, torch.tensor(1000.0), name="cross_entropy(logits, y)")


@pytest.mark.item("cross_entropy")
def test_cross_entropy_has_a_gradient():
    logits = torch.zeros(1, 2, requires_grad=True)
    u05.cross_entropy(logits, torch.tensor([1])).backward()
    check.close(logits.grad, torch.tensor([[0.5, -0.5]]), name="logits.grad")  # softmax minus one-hot


# ------------------------------------------------------------------------------------------------------- accuracy


@pytest.mark.item("accuracy")
def test_accuracy_is_the_share_of_right_answers():
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])  # the largest: 0, 1, 0
    check.number(u05.accuracy(logits, torch.tensor([0, 1, 1])), 2 / 3, name="accuracy(logits, y)", rtol=1e-6)


# ---------------------------------------------------------------------------------------------- SoftmaxRegression


def blank_model():
    """A SoftmaxRegression whose weight and bias are 0."""
    model = u05.SoftmaxRegression()
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    return model


@pytest.mark.item("softmax_regression")
def test_softmax_regression_has_7850_parameters():
    shapes = sorted(tuple(p.shape) for p in u05.SoftmaxRegression().parameters())
    check.equal(shapes, [(10,), (10, 784)], name="shapes of the parameters, sorted")


@pytest.mark.item("softmax_regression")
def test_softmax_regression_gives_logits():
    model = blank_model()
    weight, bias = (next(p for p in model.parameters() if p.dim() == dim) for dim in (2, 1))
    with torch.no_grad():
        weight[3, 28 + 5] = 2.0  # class 3 looks at row 1, column 5
        bias[7] = -1.0
    x = torch.zeros(2, 1, 28, 28)
    x[1, 0, 1, 5] = 0.5
    want = torch.zeros(2, 10)
    want[:, 7] = -1.0
    want[1, 3] = 1.0
    check.close(model(x).detach(), want, name="model(x)")
    check.close(model(x[:1]).detach(), want[:1], name="model(one image)")


# -------------------------------------------------------------------------------------------------- mnist_loaders


@pytest.fixture
def root(tmp_path):
    """A folder like MNIST's with 10 images to train and 4 to test; every pixel of image i is i, its label i % 10."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for stem, n in (("train", 10), ("t10k", 4)):
        images, labels = b"".join(bytes([i]) * 784 for i in range(n)), bytes(i % 10 for i in range(n))
        sizes = [size.to_bytes(4, "big") for size in (n, 28, 28)]
        (raw / f"{stem}-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + b"".join(sizes) + images)
        (raw / f"{stem}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + sizes[0] + labels)
    return tmp_path


@pytest.mark.item("mnist_loaders")
def test_mnist_loaders_deliver_batches_of_images(root):
    train, test = u05.mnist_loaders(root, batch_size=4, seed=0)
    check.equal([tuple(x.shape) for x, _ in train], [(4, 1, 28, 28)] * 2 + [(2, 1, 28, 28)], name="shapes of train")
    x, y = next(iter(test))
    check.close(x[:, 0, 5, 5], torch.tensor([0.0, 1 / 255, 2 / 255, 3 / 255]), name="a pixel of each test image")
    check.close(y, torch.tensor([0, 1, 2, 3]), name="labels of test")


@pytest.mark.item("mnist_loaders")
def test_mnist_loaders_shuffle_train_by_the_seed(root):
    def order(seed):
        train, _ = u05.mnist_loaders(root, batch_size=4, seed=seed)
        return [label for _, y in train for label in y.tolist()]

    first = order(1)
    check.equal(sorted(first), list(range(10)), name="labels of train, sorted")
    torch.rand(3)  # somebody else draws random numbers: that must not matter
    check.equal(order(1), first, name="labels of train in the second call with this seed")
    check.that(
        any(order(seed) != first for seed in range(2, 6)),
        Text(en="Every seed gives the same order.", vi="Seed nào cũng cho cùng một thứ tự."),
    )


# ------------------------------------------------------------------------------------------------------- evaluate


def pair_loader(batch_size):
    """Three examples for a model that returns its input: x are the logits."""
    x = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, 9.0]])
    return DataLoader(TensorDataset(x, torch.tensor([0, 1, 0])), batch_size=batch_size)


@pytest.mark.item("evaluate")
def test_evaluate_weighs_every_example_the_same():
    # losses log 2, log 2 and log(1 + e^9) = 9.0001234; only the first is right: equal logits count as class 0
    for batch_size in (1, 2, 3):
        loss, share = u05.evaluate(nn.Identity(), pair_loader(batch_size))
        check.number(loss, (2 * LOG2 + 9.0001234) / 3, name=f"loss in batches of {batch_size}", rtol=1e-5)
        check.number(share, 1 / 3, name=f"accuracy in batches of {batch_size}", rtol=1e-6)


@pytest.mark.item("evaluate")
def test_evaluate_measures_in_eval_mode_and_puts_the_flag_back():
    model = nn.Sequential(nn.Dropout(0.999))  # in training it would throw the logits away
    for training in (True, False):
        model.train(training)
        loss, _ = u05.evaluate(model, pair_loader(2))
        check.number(loss, (2 * LOG2 + 9.0001234) / 3, name="loss", rtol=1e-5)
        check.equal(model.training, training, name="model.training afterwards")


# ----------------------------------------------------------------------------------------------------- train_step


def line():
    """Two classes, one feature, everything 0, and a gradient left over from somewhere."""
    model = nn.Linear(1, 2)
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    model(torch.ones(1, 1)).sum().backward()
    return model


@pytest.mark.item("train_step")
def test_train_step_takes_one_step_with_fresh_gradients():
    model = line()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    loss = u05.train_step(model, torch.tensor([[2.0]]), torch.tensor([1]), optimizer)
    check.number(loss, LOG2, name="the loss", rtol=1e-6)  # two equal logits
    # the gradient of the logits is [0.5, -0.5]; times x = 2 for the weight
    check.close(model.weight.detach(), torch.tensor([[-1.0], [1.0]]), name="weight")
    check.close(model.bias.detach(), torch.tensor([-0.5, 0.5]), name="bias")


@pytest.mark.item("train_step")
def test_train_step_again_and_again_lowers_the_loss():
    model = line()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    losses = [u05.train_step(model, torch.tensor([[2.0]]), torch.tensor([1]), optimizer) for _ in range(2)]
    # after the first step the logits are -2.5 and 2.5: log(1 + e^-5)
    check.trajectory(losses, [LOG2, 0.006715348], name="losses", rtol=1e-4)


# ------------------------------------------------------------------------------------------------- train_logistic


@pytest.mark.item("train_logistic")
def test_train_logistic_learns_ten_easy_pictures():
    # ten pictures of noise, three noisy copies of each: a linear model can tell them apart
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(10, 1, 28, 28, generator=generator)
    y = torch.arange(30) % 10
    x = 0.7 * pictures[y] + 0.3 * torch.rand(30, 1, 28, 28, generator=generator)
    model = u05.train_logistic(x, y, epochs=30, lr=0.05, batch_size=16, seed=1)
    logits = model(x).detach()
    check.shape(logits, (30, 10), name="model(x)")
    check.close(logits.argmax(1), y, name="model(x).argmax(1)")


@pytest.mark.item("train_logistic")
def test_train_logistic_repeats_itself_with_the_same_seed():
    x, y = torch.rand(20, 1, 28, 28), torch.arange(20) % 10
    first, second = (
        u05.train_logistic(x, y, epochs=2, lr=0.02, batch_size=8, seed=3)(x).detach() for _ in ("first", "second")
    )
    check.close(second, first, name="model(x) of the second model")


# ------------------------------------------------------------------------------------------------ save_checkpoint


@pytest.mark.item("save_checkpoint")
def test_save_checkpoint_can_be_loaded_into_a_fresh_model(tmp_path):
    model, again = (nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)) for _ in ("model", "again"))
    model(torch.tensor([[1.0, 2.0], [3.0, 5.0]]))  # BatchNorm remembers something
    u05.save_checkpoint(tmp_path / "model.pt", model)
    content = torch.load(tmp_path / "model.pt", weights_only=True)
    check.close(dict(content), dict(model.state_dict()), name="the content of the file")
    again.load_state_dict(content)
    check.close(dict(again.state_dict()), dict(model.state_dict()), name="state_dict() of the fresh model")
