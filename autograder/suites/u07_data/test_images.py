"""Hidden tests of u07_data: statistics of channels, augmentation, and CIFAR-10 from files."""

# ruff: noqa: F821  (`student` inside an @inside function is the student's module, in the worker)

import math

import pytest
import torch

from autograder import checks as check
from autograder.checks import Text, inside

pytestmark = pytest.mark.unit("u07_data")


# -------------------------------------------------------------------------------------------------- channel_stats


def stats_of(batches):
    """Over all pixels at once, two passes in float64."""
    c = batches[0][0].shape[1]
    pixels = [torch.cat([x[:, k].double().flatten() for x, *_ in batches]) for k in range(c)]
    mean = torch.stack([p.mean() for p in pixels])
    std = torch.stack([(p - p.mean()).square().mean().sqrt() for p in pixels])
    return mean.float(), std.float()


@inside
def stats_of_a_stream(batches):
    """The loader can be walked through once only."""
    return student.channel_stats(batch for batch in batches)


@pytest.mark.item("channel_stats")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "shapes",
    [
        [(4, 3, 5, 6), (4, 3, 5, 6), (1, 3, 5, 6)],
        [(2, 1, 4, 7)],
        [(3, 4, 2, 3), (1, 4, 6, 5), (2, 4, 1, 1)],
        [(3, 3, 3, 3)] * 2,
    ],
)
def test_every_pixel_counts_the_same(student, make, dtype, shapes):
    c = shapes[0][1]
    scale, shift = 1 + make.uniform(c, 1, 1), make(c, 1, 1)
    images = [(make(*shape) * scale + (k + 1) * shift).to(dtype) for k, shape in enumerate(shapes)]
    batches = [(x, make.ints(9, len(x))) for x in images]
    check.close(stats_of_a_stream(batches), stats_of(batches), name="(mean, std)", sizes={"the channels": c})


@pytest.mark.item("channel_stats")
def test_a_batch_may_hold_more_or_less_than_x_and_y(student, make):
    x = [make(3, 2, 4, 5, dtype=torch.float32) for _ in range(2)]
    for batches in ([(x[0],), (x[1],)], [(x[0], make(3), make.ints(5, 3)), (x[1], make(3), make.ints(5, 3))]):
        check.close(student.channel_stats(batches), stats_of(batches), name="(mean, std)")


@pytest.mark.item("channel_stats")
@check.about("digits")
def test_a_constant_channel_has_std_0(student, make):
    value = make.uniform(1, 60, 1, 1)  # so many that for some of them rounding makes E[x²] − E[x]² negative
    batches = [(value.expand(b, 60, 7, 9).clone(), 0) for b in (5, 5, 2)]
    want = value.flatten().float(), torch.zeros(60)
    check.close(student.channel_stats(batches), want, name="(mean, std)", atol=1e-5)


@pytest.mark.item("channel_stats")
@check.about("digits")
def test_far_from_0_the_std_keeps_its_digits(student, make):
    batches = [(make(b, 2, 8, 8, dtype=torch.float32) + 3000, 0) for b in (4, 4, 3)]
    mean, std = stats_of(batches)
    check.close(student.channel_stats(batches), (mean, std), name="(mean, std)", rtol=1e-4)


# ---------------------------------------------------------------------------------------------------- RandomHFlip

NEITHER = Text(
    en="A result is neither the image nor its mirror image.",
    vi="Có kết quả không phải là ảnh gốc, cũng không phải ảnh lật ngang của nó.",
)
SHARE = Text(en="The share of mirrored images is not p.", vi="Tỉ lệ ảnh được lật không phải là p.")
RUNS = Text(
    en="One call's decision depends on the call before it.",
    vi="Quyết định của một lần gọi phụ thuộc vào lần gọi trước.",
)
CHANGED = Text(en="The image that was passed has changed.", vi="Ảnh được truyền vào đã bị thay đổi.")


@inside
def flips(p, image, calls, seed):
    flip = student.RandomHFlip(p)
    torch.manual_seed(seed)
    return [flip(image) for _ in range(calls)], image


def mirrored(image):
    return torch.stack([image[..., image.shape[-1] - 1 - j] for j in range(image.shape[-1])], dim=-1)


def decisions(got, image):
    """For each result whether it is the mirror image (True) or the image (False)."""
    found = []
    for result in got:
        check.shape(result, tuple(image.shape), name="flip(image)")
        check.dtype(result, image.dtype, name="flip(image)")
        found.append(torch.equal(result, mirrored(image)))
        check.that(found[-1] or torch.equal(result, image), NEITHER, code="call_by_call")
    return found


def expect_share(count, runs, probability, words):
    """A count of independent events lies within six standard deviations."""
    deviation = math.sqrt(runs * probability * (1 - probability))
    check.that(abs(count - runs * probability) < 6 * deviation, words, code="call_by_call")


@pytest.mark.item("random_h_flip")
@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 1, 6), (4, 4, 4), (2, 3, 1)])
def test_p_1_always_mirrors_the_columns_and_p_0_never(student, make, shape):
    always, never = student.RandomHFlip(1.0), student.RandomHFlip(0.0)
    for image in (make(*shape), make.ints(256, *shape).to(torch.uint8)):
        for _ in range(3):
            check.close(always(image), mirrored(image), name="RandomHFlip(1.0)(image)")
            check.close(never(image), image, name="RandomHFlip(0.0)(image)")


@pytest.mark.item("random_h_flip")
@pytest.mark.parametrize("p", [0.2, 0.5, 0.7])
def test_it_mirrors_with_probability_p_call_by_call(student, make, p):
    image, n = make(2, 3, 4), 600
    got, after = flips(p, image, n, make.seed())
    check.that(torch.equal(after, image), CHANGED, code="argument_changed")
    found = decisions(got, image)
    expect_share(sum(found), n, p, SHARE)
    expect_share(sum(a and b for a, b in zip(found[::2], found[1::2], strict=True)), n // 2, p * p, RUNS)


@pytest.mark.item("random_h_flip")
@check.about("seed")
def test_torch_s_seed_repeats_the_decisions(student, make):
    image, seed = make(1, 2, 3), make.seed()
    first, again, other = (decisions(flips(0.5, image, 60, s)[0], image) for s in (seed, seed, make.seed()))
    check.equal(again, first, name="the decisions after the same torch.manual_seed")
    check.that(
        other != first,
        Text(en="Another seed gives the same decisions.", vi="Seed khác vẫn cho cùng những quyết định."),
        code="seed",
    )


# -------------------------------------------------------------------------------------------------- random_rotate

GLOBAL = Text(
    en="The global random state is changed; the angle comes from `generator`.",
    vi="Trạng thái ngẫu nhiên toàn cục bị thay đổi; góc phải lấy từ `generator`.",
)


@inside
def rotations(image, degrees, seed, calls):
    generator = torch.Generator().manual_seed(seed)
    return [student.random_rotate(image, degrees, generator) for _ in range(calls)], image


def angles(degrees, seed, calls):
    generator = torch.Generator().manual_seed(seed)
    return [(2 * torch.rand(1, generator=generator).item() - 1) * degrees for _ in range(calls)]


def rotated(image, angle):
    """Turned counter-clockwise by `angle` degrees: every pixel by hand, in float64.

    Returns it with zeros around the image, and blended with a fill of 0, as torchvision does when fill=0 is passed:
    there the pixels that lie half outside are dimmed twice.  Both are zero fills.
    """
    c, h, w = image.shape
    image, a = image.double(), math.radians(angle)
    plain, cover = torch.zeros(c, h, w, dtype=torch.float64), torch.zeros(h, w, dtype=torch.float64)
    for i in range(h):
        for j in range(w):
            x, y = j - (w - 1) / 2, i - (h - 1) / 2
            column = math.cos(a) * x - math.sin(a) * y + (w - 1) / 2
            row = math.sin(a) * x + math.cos(a) * y + (h - 1) / 2
            top, left = math.floor(row), math.floor(column)
            for r in (top, top + 1):
                for s in (left, left + 1):
                    if 0 <= r < h and 0 <= s < w:
                        weight = (1 - abs(row - r)) * (1 - abs(column - s))
                        plain[:, i, j] += weight * image[:, r, s]
                        cover[i, j] += weight
    return plain, plain * cover


def expect_rotated(got, image, angle):
    plain, blended = (want.to(image.dtype) for want in rotated(image, angle))
    close_to_blended = (
        isinstance(got, torch.Tensor)
        and got.shape == image.shape
        and got.dtype == image.dtype
        and bool(torch.allclose(got, blended, rtol=1e-4, atol=1e-4))
    )
    check.close(got, blended if close_to_blended else plain, name="the rotated image", rtol=1e-4, atol=1e-4)


@pytest.mark.item("random_rotate")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("shape", "degrees"),
    [((2, 5, 8), 30.0), ((1, 6, 6), 90.0), ((3, 7, 4), 180.0), ((2, 9, 5), 15.0), ((1, 1, 7), 45.0)],
)
def test_each_call_turns_by_the_next_angle_of_the_generator(student, make, dtype, shape, degrees):
    image, seed = make(*shape, dtype=dtype), make.seed()
    got, after = rotations(image, degrees, seed, 3)
    check.that(student.rng_touched is False, GLOBAL, code="global_rng")
    check.that(torch.equal(after, image), CHANGED, code="argument_changed")
    for result, angle in zip(got, angles(degrees, seed, 3), strict=True):
        expect_rotated(result, image, angle)


@pytest.mark.item("random_rotate")
def test_no_degrees_leave_the_image(student, make):
    image = make(2, 4, 6, dtype=torch.float32)
    got, _ = rotations(image, 0.0, make.seed(), 1)
    check.close(got, [image], name="the image rotated by 0 degrees", rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------------------------------------------- cifar_pipeline

NOT_THE_IMAGES = Text(
    en="The batches do not hold every training image once.",
    vi="Các batch không chứa mỗi ảnh huấn luyện đúng một lần.",
)
IN_ORDER = Text(
    en="The images come in the order of the files; shuffle them.", vi="Ảnh đến theo thứ tự trong tệp; hãy xáo trộn."
)
SAME_ORDER = Text(en="The second epoch has the order of the first.", vi="Epoch thứ hai có cùng thứ tự với epoch đầu.")


@inside
def cifar_epochs(train, train_labels, test, test_labels, batch_size, epochs):
    """The batches of a loader over a small folder that is laid out as CIFAR-10's: five train files and one test file.

    torchvision compares the MD5 of each file with a table in the class; the table is set to these files.
    """
    import hashlib
    import os
    import pickle
    import tempfile

    from torchvision.datasets import CIFAR10

    def put(folder, name, content):
        data = pickle.dumps(content)
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
        return hashlib.md5(data, usedforsecurity=False).hexdigest()

    def images(pixels, labels):
        return {"data": pixels.numpy(), "labels": labels.tolist()}

    before = CIFAR10.train_list, CIFAR10.test_list, CIFAR10.meta
    with tempfile.TemporaryDirectory() as root:
        folder = os.path.join(root, CIFAR10.base_folder)
        os.mkdir(folder)
        try:
            CIFAR10.train_list = [
                [f"data_batch_{k + 1}", put(folder, f"data_batch_{k + 1}", images(train[k::5], train_labels[k::5]))]
                for k in range(5)
            ]
            CIFAR10.test_list = [["test_batch", put(folder, "test_batch", images(test, test_labels))]]
            names = {"label_names": [str(k) for k in range(10)]}
            CIFAR10.meta = {"filename": "batches.meta", "key": "label_names", "md5": put(folder, "batches.meta", names)}
            loader = student.cifar_pipeline(root, batch_size)
            return [[(x, y) for x, y in loader] for _ in range(epochs)]
        finally:
            CIFAR10.train_list, CIFAR10.test_list, CIFAR10.meta = before


@pytest.mark.item("cifar_pipeline")
def test_a_batch_holds_images_and_labels(student, make):
    """The first of the item: it pays for the import of torchvision, and most mistakes pass it."""
    images = make.ints(256, 9, 3072).to(torch.uint8)
    (batches,) = cifar_epochs(images, make.ints(10, 9), images[:6], make.ints(10, 6), 3, 1)
    for x, y in batches:
        check.shape(x, (3, 3, 32, 32), name="x")
        check.dtype(x, torch.float32, name="x")
        check.shape(y, (3,), name="y")
        check.dtype(y, torch.int64, name="y")


@pytest.mark.item("cifar_pipeline")
@pytest.mark.parametrize(("n", "batch_size", "sizes"), [(23, 5, [5, 5, 5, 5, 3]), (12, 4, [4, 4, 4])])
def test_every_training_image_comes_once_normalised_and_shuffled(student, make, n, batch_size, sizes):
    train, test = make.ints(256, n, 3072).to(torch.uint8), make.ints(256, 7, 3072).to(torch.uint8)
    labels, test_labels = make.ints(10, n), make.ints(10, 7)
    epochs = cifar_epochs(train, labels, test, test_labels, batch_size, 2)
    order = torch.cat([torch.arange(n)[k::5] for k in range(5)])  # as the files hold them
    mean = torch.tensor([0.4914, 0.4822, 0.4465]).reshape(3, 1, 1)
    std = torch.tensor([0.2470, 0.2435, 0.2616]).reshape(3, 1, 1)
    want = (train[order].reshape(n, 3, 32, 32).float() / 255 - mean) / std
    orders = []
    for batches in epochs:
        check.equal([len(x) for x, _ in batches], sizes, name="the sizes of the batches")
        for x, y in batches:
            check.shape(x, (len(x), 3, 32, 32), name="x")
            check.dtype(x, torch.float32, name="x")
            check.dtype(y, torch.int64, name="y")
        x = torch.cat([x for x, _ in batches])
        y = torch.cat([y for _, y in batches])
        nearest = torch.cdist(x.flatten(1), want.flatten(1)).argmin(dim=1)  # which image each of them is
        check.close(x, want[nearest], name="x")
        check.that(sorted(nearest.tolist()) == list(range(n)), NOT_THE_IMAGES)
        check.close(y, labels[order][nearest], name="y")
        orders.append(nearest.tolist())
        check.that(orders[-1] != list(range(n)), IN_ORDER, code="not_shuffled")
    check.that(orders[0] != orders[1], SAME_ORDER, code="same_epoch")
