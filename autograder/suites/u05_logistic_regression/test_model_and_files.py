"""Hidden tests of u05_logistic_regression: the model, MNIST from a small folder made for the run, the checkpoint."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

from typing import NamedTuple

import numpy as np
import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u05_logistic_regression")

F64, F32 = torch.float64, torch.float32


# --------------------------------------------------------------------------------------------- SoftmaxRegression


@inside
def named_shapes(model):
    return isinstance(model, nn.Module), sorted(tuple(p.shape) for p in model.parameters())


@inside
def logits_and_gradients(model, weight, bias, x, upstream):
    """With these weights, found by their shapes: the logits, and the gradients of x, weight and bias."""
    model.to(weight.dtype)
    own_weight, own_bias = ([p for p in model.parameters() if p.shape == w.shape] for w in (weight, bias))
    with torch.no_grad():
        for p in own_weight:
            p.copy_(weight)
        for p in own_bias:
            p.copy_(bias)
    x = x.clone().requires_grad_(True)
    logits = model(x)
    if logits.requires_grad and logits.shape == upstream.shape:
        logits.backward(upstream)
    return logits.detach(), [x.grad, *(p.grad for p in own_weight), *(p.grad for p in own_bias)]


def by_pixel(x, weight, bias):
    """(B, 1, 28, 28) → (B, 10), image by image."""
    return torch.einsum("bihw,chw->bc", x, weight.view(10, 28, 28)) + bias


@pytest.mark.item("softmax_regression")
def test_it_has_the_parameters_of_one_linear_layer(student):
    module, shapes = named_shapes(student.SoftmaxRegression())
    check.that(module, Text(en="The class is no nn.Module.", vi="Lớp này không phải là nn.Module."))
    check.equal(shapes, [(10,), (10, 784)], name="shapes of parameters(), sorted")


@pytest.mark.item("softmax_regression")
@pytest.mark.parametrize(("b", "dtype"), [(3, F32), (5, F64), (10, F64), (1, F64)])
@check.about("no_gradient", when=("none",))
def test_each_logit_is_a_weighted_sum_of_the_pixels(student, make, b, dtype):
    weight, bias, x, upstream = make(10, 784), make(10), make(b, 1, 28, 28), make(b, 10)
    weight, bias, x, upstream = (tensor.to(dtype) for tensor in (weight, bias, x, upstream))
    logits, grads = logits_and_gradients(student.SoftmaxRegression(), weight, bias, x, upstream)
    wide = [tensor.double() for tensor in (x, weight, bias)]
    rounding = {} if dtype is F64 else {"rtol": 1e-4, "atol": 1e-4}
    check.close(logits, by_pixel(*wide).to(dtype), name="model(x)", **rounding)
    want = check.autograd_of(by_pixel, *wide, upstream=upstream.double())
    check.close(grads, [w.to(dtype) for w in want], name="[x.grad, weight.grad, bias.grad]", **rounding)


@pytest.mark.item("softmax_regression")
def test_two_calls_give_the_same_float32_logits(student, make):
    model = student.SoftmaxRegression()
    x = make.uniform(4, 1, 28, 28).float()
    first, second = model(x), model(x)
    check.shape(first, (4, 10), name="model(x)")
    check.dtype(first, F32, name="model(x)")
    check.close(second, first, name="model(x), the second time")


# -------------------------------------------------------------------------------------------------- mnist_loaders


@inside
def write_idx(path, values):
    """An uncompressed file as MNIST's: two zeros, 8 for uint8, the number of dimensions, each size, the bytes."""
    with open(path, "wb") as file:
        file.write(bytes([0, 0, 8, values.ndim]))
        for size in values.shape:
            file.write(int(size).to_bytes(4, "big"))
        file.write(values.tobytes())


@inside
def deliver(files, batch_size, seed, global_seed, passes, as_path):
    """Lay the files out, ask for the loaders, walk through them: the batches, and what happened on the way."""
    import os
    import pathlib
    import tempfile

    from torchvision.datasets import MNIST

    own, downloads = MNIST.download, []
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, "MNIST", "raw"))
        for name, values in files.items():
            write_idx(os.path.join(root, "MNIST", "raw", name), values)
        MNIST.download = lambda self: downloads.append("asked for")
        try:
            torch.manual_seed(global_seed)
            before = torch.get_rng_state()
            train, test = student.mnist_loaders(pathlib.Path(root) if as_path else root, batch_size, seed)
            after = torch.get_rng_state()
        finally:
            MNIST.download = own
        torch.manual_seed(global_seed + 1)
        trained = [[(x, y) for x, y in train] for _ in range(passes)]
        tested = [[(x, y) for x, y in test] for _ in range(passes)]
    return trained, tested, [len(train), len(test)], torch.equal(before, after), downloads


class Folder(NamedTuple):
    """A small MNIST: what lies in the files, and what must come out of them."""

    files: dict[str, np.ndarray]
    train_x: torch.Tensor  # (N, 1, 28, 28) float32 in [0, 1]
    train_y: torch.Tensor
    test_x: torch.Tensor
    test_y: torch.Tensor


def small_mnist(make, n_train=23, n_test=11):
    files, tensors = {}, []
    for stem, n in (("train", n_train), ("t10k", n_test)):
        pixels = make.int_array(256, n, 28, 28).astype(np.uint8)
        labels = (make.int_array(10, n)).astype(np.uint8)
        pixels[0, 0, :2] = 0, 255  # both ends occur
        files |= {f"{stem}-images-idx3-ubyte": pixels, f"{stem}-labels-idx1-ubyte": labels}
        tensors += [torch.tensor(pixels)[:, None].float() / 255, torch.tensor(labels).long()]
    return Folder(files, *tensors)


def walk(make, folder, seed, batch_size=4, passes=1, as_path=False):
    trained, tested, *rest = deliver(folder.files, batch_size, seed, make.seed() >> 1, passes, as_path)
    return trained, tested, rest


def place_of_each(batches, x, y, batch_size, name):
    """The place in the file of each image that was delivered, in order; every batch is looked at."""
    n = len(x)
    sizes = [batch_size] * (n // batch_size) + [n % batch_size] * (n % batch_size > 0)
    check.equal(len(batches), len(sizes), name=f"the number of batches of {name}")
    places = []
    for (images, labels), size in zip(batches, sizes, strict=True):
        check.shape(images, (size, 1, 28, 28), name=f"x of {name}")
        check.dtype(images, F32, name=f"x of {name}")
        found = (images[:, None] - x[None]).abs().sum((2, 3, 4)).argmin(1)
        check.close(images, x[found], name=f"x of {name}")
        check.close(labels, y[found], name=f"y of {name}")
        places += found.tolist()
    check.equal(sorted(places), list(range(n)), name=f"the places of the images of {name}, sorted")
    return places


@pytest.mark.item("mnist_loaders")
@pytest.mark.parametrize(("batch_size", "as_path"), [(4, False), (23, True), (11, False), (1, False)])
def test_every_training_image_comes_once_with_its_label(student, make, batch_size, as_path):
    folder = small_mnist(make)
    trained, _, (lengths, *_) = walk(make, folder, make.seed(), batch_size, 2, as_path)
    for batches in trained:
        place_of_each(batches, folder.train_x, folder.train_y, batch_size, "train")
    check.equal(lengths, [-(-23 // batch_size), -(-11 // batch_size)], name="[len(train), len(test)]")


@pytest.mark.item("mnist_loaders")
@pytest.mark.parametrize("batch_size", [4, 11, 20])
@check.about(
    "order_kept",
    en="The test images must come in the order of the file: only training shuffles.",
    vi="Ảnh kiểm tra phải ra theo thứ tự trong tệp: chỉ khi huấn luyện mới xáo trộn.",
)
def test_the_test_images_keep_their_order(student, make, batch_size):
    folder = small_mnist(make)
    _, tested, _ = walk(make, folder, make.seed(), batch_size, 2)
    for batches in tested:
        places = place_of_each(batches, folder.test_x, folder.test_y, batch_size, "test")
        check.equal(places, list(range(11)), name="the places of the images of test")


@pytest.mark.item("mnist_loaders")
def test_the_seed_alone_decides_the_order_of_each_pass(student, make):
    folder, seed = small_mnist(make), make.seed()
    orders = []
    for used in (seed, seed, seed + 1):
        trained, _, _ = walk(make, folder, used, 4, 2)
        orders.append([place_of_each(batches, folder.train_x, folder.train_y, 4, "train") for batches in trained])
    first, again, other = orders
    with check.about("seed"):
        check.equal(again, first, name="the orders of the second call with this seed")
    check.that(
        first[0] != list(range(23)),
        Text(
            en="The training images come in the order of the file.", vi="Ảnh huấn luyện ra theo đúng thứ tự trong tệp."
        ),
        code="not_shuffled",
    )
    check.that(
        first[0] != first[1],
        Text(en="The second pass has the order of the first.", vi="Lượt thứ hai có cùng thứ tự với lượt thứ nhất."),
        code="same_epoch",
    )
    check.that(
        first[0] != other[0],
        Text(en="Two seeds give the same order.", vi="Hai seed khác nhau cho cùng một thứ tự."),
        code="seed",
    )


@pytest.mark.item("mnist_loaders")
def test_the_call_draws_no_global_random_number_and_downloads_nothing(student, make):
    _, _, (_, untouched, downloads) = walk(make, small_mnist(make), make.seed())
    check.that(
        untouched,
        Text(
            en="The call has changed torch's global random state.",
            vi="Lời gọi đã làm thay đổi trạng thái ngẫu nhiên toàn cục của torch.",
        ),
        code="global_rng",
    )
    check.equal(downloads, [], name="downloads that were asked for")


# ------------------------------------------------------------------------------------------------ save_checkpoint


@inside
def layers(state):
    """Linear and BatchNorm1d with this state_dict, in float64."""
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)).double()
    model.load_state_dict(state)
    return model


@inside
def write_and_read(state, name, before, as_path, training):
    """What lies in the folder after the call, the file's content when it is safe to load, and the model's flag."""
    import os
    import pathlib
    import tempfile

    model = layers(state).train(training)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        if before:
            with open(path, "wb") as file:
                file.write(b"what was here before" * before)
        student.save_checkpoint(pathlib.Path(path) if as_path else path, model)
        names = sorted(os.listdir(folder))
        try:
            content = torch.load(path, weights_only=True)
        except Exception:  # whatever torch says of it: it is not a state_dict
            return names, False, None, model.training, dict(model.state_dict())
    content = dict(content) if isinstance(content, dict) else content
    return names, True, content, model.training, dict(model.state_dict())


def a_state(make):
    return {
        "0.weight": make(3, 4),
        "0.bias": make(3),
        "1.weight": make(3),
        "1.bias": make(3),
        "1.running_mean": make(3),
        "1.running_var": make.uniform(3) + 0.5,
        "1.num_batches_tracked": torch.tensor(make.pick(3, 90)),
    }


@pytest.mark.item("save_checkpoint")
@pytest.mark.parametrize(
    ("name", "before", "as_path"), [("m.pt", 0, False), ("model", 0, True), ("a.ckpt", 900, False)]
)
@check.about("file")
def test_the_file_holds_the_state_dict(student, make, name, before, as_path):
    state = a_state(make)
    names, safe, content, _, _ = write_and_read(state, name, before, as_path, training=True)
    check.equal(names, [name], name="the files in the folder")
    words = "torch.load(path, weights_only=True) refuses the file."
    check.that(safe, Text(en=words, vi="torch.load(path, weights_only=True) từ chối tệp này."), code="file")
    check.close(content, state, name="the content of the file")


@pytest.mark.item("save_checkpoint")
@pytest.mark.parametrize("training", [True, False])
@check.about("left_alone")
def test_saving_leaves_the_model_as_it_is(student, make, training):
    state = a_state(make)
    _, _, _, flag, after = write_and_read(state, "m.pt", 0, False, training)
    check.equal(flag, training, name="model.training")
    check.close(after, state, name="model.state_dict() after the call")
