"""Hidden tests of u09_training: the whole loop, on pictures made for the run and on digits."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u09_training")

BEST = Text(
    en="The model that comes back is not that of the best epoch.",
    vi="Model trả về không phải là của epoch tốt nhất.",
)
LEAK = Text(
    en="The examples of val have been trained on.",
    vi="Các mẫu của val đã bị dùng để huấn luyện.",
)


@inside
def notes_of_training(train, vals, epochs, device):
    """Train on lists of batches; train[k] and vals[k] are what the k-th walk gives.  Counts the walks."""

    class Loader:
        def __init__(self, walks):
            self.walks, self.begun = walks, 0

        def __iter__(self):
            self.begun += 1
            return iter(self.walks[min(self.begun, len(self.walks)) - 1])

    loaders = Loader(train), Loader(vals)
    model = student.train_classifier(*loaders, device, epochs)
    return model, model.training, [loader.begun for loader in loaders]


@inside
def logits_of(model, x):
    with torch.no_grad():
        return model(x)


def pictures(make, labels):
    """Noisy copies of ten random pictures with these labels, which any network learns."""
    patterns = make.uniform(10, 784).round()
    x = 0.8 * patterns[labels] + 0.2 * make.uniform(len(labels), 784)
    return x.float(), patterns


def batches_of(x, y, size=20):
    return list(zip(x.split(size), y.split(size), strict=True))


def accuracy(model, x, y):
    logits = logits_of(model, x)
    check.shape(logits, (len(y), 10), name="model(x)")
    check.finite(logits, name="model(x)")
    return (logits.argmax(1) == y).double().mean().item()


@pytest.mark.item("train_classifier")
def test_an_epoch_is_one_walk_through_each_loader_and_the_model_comes_back_in_eval_mode(student, make):
    y = torch.arange(300) % 10
    x, _ = pictures(make, y)
    train, val = batches_of(x[:210], y[:210]), batches_of(x[210:], y[210:], 32)
    for epochs in (3, 1):
        model, training, walks = notes_of_training(
            [train], [val], epochs, "cpu" if epochs == 3 else torch.device("cpu")
        )
        check.equal(walks, [epochs, epochs], name="[walks through train, walks through val]")
        check.equal(training, False, name="model.training")
        check.shape(logits_of(model, x[:1]), (1, 10), name="model(one image)")


@pytest.mark.item("train_classifier")
def test_the_weights_of_the_best_epoch_come_back(student, make):
    y = make.ints(10, 2000)
    x, _ = pictures(make, y)
    good, spoiled = batches_of(x[:1800], y[:1800]), batches_of(x[:1800], (y[:1800] + 1) % 10)
    val = batches_of(x[1800:], y[1800:], 64)
    model, _, _ = notes_of_training([good, good, spoiled, spoiled], [val], 4, "cpu")  # two epochs learn, two spoil
    check.that(accuracy(model, x[1800:], y[1800:]) > 0.5, BEST)


@pytest.mark.item("train_classifier")
def test_the_mean_loss_on_val_is_over_examples(student, make):
    # epoch 1 is right about the large batch of val, epoch 2 about the many small ones: by examples epoch 1 is better
    y = make.ints(10, 2400)
    x, _ = pictures(make, y)
    other = (y + 1) % 10
    walks = [batches_of(x[:2000], y[:2000]), batches_of(x[:2000], other[:2000])]
    val = [(x[2000:2300], y[2000:2300]), *batches_of(x[2300:2320], other[2300:2320], 2)]
    model, _, _ = notes_of_training(walks, [val], 2, "cpu")
    check.that(accuracy(model, x[2320:], y[2320:]) > 0.5, BEST)


@pytest.mark.item("train_classifier")
def test_nothing_is_learned_from_val(student, make):
    y = make.ints(5, 1600)
    x, patterns = pictures(make, y)
    strange = torch.full((200,), 9)
    unseen = (0.8 * patterns[strange] + 0.2 * make.uniform(200, 784)).float()
    model, _, _ = notes_of_training([batches_of(x, y)], [batches_of(unseen, strange)], 3, "cpu")
    logits = logits_of(model, unseen)
    check.shape(logits, (200, 10), name="model(x)")
    check.that((logits.argmax(1) == 9).double().mean().item() < 0.5, LEAK)


@inside
def where_everything_was(device):
    """Trains on the meta device, which has shapes and no values, and notes where x and y were used last."""
    seen = {"x": "not used", "y": "not used"}

    class Noted(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            with torch._C.DisableTorchFunctionSubclass():
                for value in [*args, *(kwargs or {}).values()]:
                    if isinstance(value, cls):
                        seen["y" if value.dtype == torch.int64 else "x"] = value.device.type
            return super().__torch_function__(func, types, args, kwargs)

    batch = (torch.ones(4, 784).as_subclass(Noted), torch.zeros(4, dtype=torch.int64).as_subclass(Noted))
    try:
        model = student.train_classifier([batch], [batch], device, 1)
    except RuntimeError as error:
        if isinstance(error, NotImplementedError) and seen["x"] == "not used":
            raise  # an untouched stub; else a loss on meta, which has no value
        return seen, device
    return seen, next(model.parameters()).device.type


@pytest.mark.item("train_classifier")
@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_batches_and_model_are_moved_to_the_device(student, device):
    seen, home = where_everything_was(device)
    check.equal(seen, {"x": device, "y": device}, name="where x and y were used")
    check.equal(home, device, name="where the model is")


@inside
def trained_on(x, y, held_out, batch_size, device, epochs):
    """train_classifier on loaders of whole slices, which cost next to nothing; the last `held_out` are val."""
    data = torch.utils.data
    seen, kept = data.TensorDataset(x[:-held_out], y[:-held_out]), data.TensorDataset(x[-held_out:], y[-held_out:])
    shuffled = data.BatchSampler(data.RandomSampler(seen), batch_size, drop_last=False)
    in_order = data.BatchSampler(data.SequentialSampler(kept), batch_size, drop_last=False)
    train = data.DataLoader(seen, sampler=shuffled, batch_size=None)
    val = data.DataLoader(kept, sampler=in_order, batch_size=None)
    return student.train_classifier(train, val, device, epochs)


@pytest.mark.item("train_classifier")
def test_it_reads_digits_it_has_not_seen(student, mnist):
    model = trained_on(mnist.train_x, mnist.train_y, mnist.n_train // 10, 100, "cpu", 5)
    check.metric(accuracy(model, mnist.test_x, mnist.test_y))
