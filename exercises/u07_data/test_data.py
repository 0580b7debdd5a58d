"""Public tests of u07_data: run them with  pytest exercises/u07_data

They use small numbers that you can check by hand.  The hidden tests ask the same questions with other numbers, and
some more: read the docstrings.
"""

import hashlib
import pickle
import unicodedata

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset
from u07_data import data

from autograder import checks as check
from autograder.checks import Text
from autograder.torchvision_compat import import_torchvision

pytestmark = pytest.mark.unit("u07_data")


class Recorded(Dataset):
    """The samples (10 · i, i), and a list of the indices that were read."""

    def __init__(self, n):
        self.n = n
        self.reads = []

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        self.reads.append(i)
        return 10 * i, i


# ----------------------------------------------------------------------------------------------------- CsvDataset

PLANTS = "height,kind,weight\n1.5,2,-3\n2.5,0,4\n-0.5,1,8\n"


@pytest.mark.item("csv_dataset")
def test_csv_dataset_cuts_the_label_out_of_the_row(tmp_path):
    path = tmp_path / "plants.csv"
    path.write_text(PLANTS, encoding="utf-8")
    plants = data.CsvDataset(str(path), "kind")
    check.equal(len(plants), 3, name="len(plants)")
    check.close(plants[0], (torch.tensor([1.5, -3.0]), torch.tensor(2)), name="plants[0]")
    check.close(plants[2], (torch.tensor([-0.5, 8.0]), torch.tensor(1)), name="plants[2]")
    with check.raises(IndexError, name="plants[3]"):
        plants[3]


@pytest.mark.item("csv_dataset")
def test_csv_dataset_reads_the_file_once(tmp_path):
    path = tmp_path / "plants.csv"
    path.write_text(PLANTS, encoding="utf-8")
    plants = data.CsvDataset(str(path), "kind")
    path.unlink()
    check.close(plants[1][0], torch.tensor([2.5, 4.0]), name="x of plants[1], after the file is gone")


# --------------------------------------------------------------------------------------------- TransformedDataset


@pytest.mark.item("transformed_dataset")
def test_transformed_dataset_transforms_x_at_every_access():
    calls = []

    def count(x):
        calls.append(x)
        return x + len(calls)

    base = Recorded(3)
    seen = data.TransformedDataset(base, count)
    check.equal((len(seen), base.reads, calls), (3, [], []), name="(length, reads, calls) before the first access")
    check.equal([seen[2], seen[2], seen[0]], [(21, 2), (22, 2), (3, 0)], name="[seen[2], seen[2], seen[0]]")


# -------------------------------------------------------------------------------------------------- StreamDataset


def shards(folder):
    """Three files with five lines."""
    paths = []
    for name, text in (("a", "một\nhai\n"), ("b", "ba"), ("c", "\n  bốn\n")):
        path = folder / f"{name}.txt"
        path.write_text(text, encoding="utf-8")
        paths.append(str(path))
    return paths


@pytest.mark.item("stream_dataset")
def test_stream_dataset_gives_line_after_line(tmp_path):
    stream = data.StreamDataset(shards(tmp_path))
    for _ in range(2):  # two epochs
        check.equal(list(stream), ["một", "hai", "ba", "", "  bốn"], name="list(stream)")


@pytest.mark.item("stream_dataset")
def test_stream_dataset_shares_the_files_among_workers(tmp_path):
    loader = DataLoader(data.StreamDataset(shards(tmp_path)), batch_size=None, num_workers=2)
    check.equal(sorted(loader), ["", "  bốn", "ba", "hai", "một"], name="the lines that two workers bring, sorted")


# -------------------------------------------------------------------------------------------------- CachedDataset


@pytest.mark.item("cached_dataset")
def test_cached_dataset_reads_each_index_once():
    base = Recorded(4)
    cached = data.CachedDataset(base)
    check.equal((len(cached), base.reads), (4, []), name="(length, reads) before the first access")
    got = [cached[i] for i in (3, 0, 3, 3)]
    check.equal(got, [(30, 3), (0, 0), (30, 3), (30, 3)], name="[cached[i] for i in (3, 0, 3, 3)]")
    check.equal(base.reads, [3, 0], name="the indices read")


# ---------------------------------------------------------------------------------------------------- pad_collate


@pytest.mark.item("pad_collate")
def test_pad_collate_pads_with_zeros_and_marks_what_is_real():
    batch = [(torch.tensor([[1.0], [0.0]]), 5), (torch.tensor([[3.0]]), 6)]  # the first one's second step is a real 0
    want = (
        torch.tensor([[[1.0], [0.0]], [[3.0], [0.0]]]),
        torch.tensor([[True, True], [True, False]]),
        torch.tensor([5, 6]),
    )
    check.close(data.pad_collate(batch), want, name="pad_collate(batch)")


# -------------------------------------------------------------------------------------------------- split_indices


@pytest.mark.item("split_indices")
def test_split_indices_deals_every_number_out():
    train, val = data.split_indices(10, 0.2, seed=0)
    check.equal((len(train), len(val)), (8, 2), name="(len(train), len(val))")
    check.equal(sorted(train + val), list(range(10)), name="sorted(train + val)")


@pytest.mark.item("split_indices")
def test_split_indices_follows_its_seed_and_nothing_else():
    state = torch.get_rng_state()
    first = data.split_indices(100, 0.3, seed=1)
    check.close(torch.get_rng_state(), state, name="torch's global random state")
    check.equal(data.split_indices(100, 0.3, seed=1), first, name="split_indices(100, 0.3, seed=1), again")
    check.that(
        set(data.split_indices(100, 0.3, seed=2)[1]) != set(first[1]),
        Text(en="Two seeds give the same split.", vi="Hai seed khác nhau cho cùng một cách chia."),
    )


# -------------------------------------------------------------------------------------------------- channel_stats


@pytest.mark.item("channel_stats")
def test_channel_stats_counts_every_pixel_once():
    batches = [(torch.tensor([[[[1.0, 2.0]]]]), 0), (torch.tensor([[[[6.0]]]]), 1)]
    # (1 + 2 + 6) / 3 = 3; the deviations −2, −1 and 3 have the squares 4, 1 and 9
    want = torch.tensor([3.0]), torch.tensor([(14 / 3) ** 0.5])
    check.close(data.channel_stats(batches), want, name="(mean, std)")


@pytest.mark.item("channel_stats")
def test_channel_stats_of_each_channel():
    x = torch.tensor([[[[0.0, 2.0]], [[5.0, 5.0]]]])  # (1, 2, 1, 2)
    want = torch.tensor([1.0, 5.0]), torch.tensor([1.0, 0.0])
    check.close(data.channel_stats([(x, torch.tensor([7]))]), want, name="(mean, std)")


# ---------------------------------------------------------------------------------------------------- RandomHFlip


@pytest.mark.item("random_h_flip")
def test_random_h_flip_mirrors_the_columns():
    image = torch.tensor([[[1, 2, 3], [4, 5, 6]]])
    check.close(data.RandomHFlip(1.0)(image), torch.tensor([[[3, 2, 1], [6, 5, 4]]]), name="RandomHFlip(1.0)(image)")
    check.close(data.RandomHFlip(0.0)(image), image, name="RandomHFlip(0.0)(image)")


@pytest.mark.item("random_h_flip")
def test_random_h_flip_decides_at_every_call():
    torch.manual_seed(0)
    flip, image = data.RandomHFlip(0.25), torch.tensor([[[0.0, 1.0]]])
    share = torch.stack([flip(image)[0, 0, 0] for _ in range(2000)]).mean()  # a 1 on the left means mirrored
    check.close(share, torch.tensor(0.25), name="the share of mirrored images", atol=0.05)


# -------------------------------------------------------------------------------------------------- random_rotate


@pytest.mark.item("random_rotate")
def test_random_rotate_takes_its_angle_from_the_generator():
    image = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    generator = torch.Generator().manual_seed(1)
    u = torch.rand(1, generator=generator).item()
    degrees = 90 / (2 * u - 1)  # about 175: so that this angle is a quarter turn, counter-clockwise
    got = data.random_rotate(image, degrees, generator.manual_seed(1))
    check.close(got, torch.tensor([[[2.0, 4.0], [1.0, 3.0]]]), name="the image, turned by 90 degrees", atol=1e-4)


# ------------------------------------------------------------------------------------------------- cifar_pipeline


@pytest.mark.item("cifar_pipeline")
def test_cifar_pipeline_normalises_and_shuffles(tmp_path, monkeypatch):
    """Twenty pictures of one colour each, in files like those of CIFAR-10."""
    CIFAR10 = import_torchvision().datasets.CIFAR10  # noqa: N806

    folder = tmp_path / CIFAR10.base_folder
    folder.mkdir()

    def put(name, content):
        written = pickle.dumps(content)
        (folder / name).write_bytes(written)
        return hashlib.md5(written, usedforsecurity=False).hexdigest()  # torchvision compares it with its table

    def pictures(grey, labels):
        return {"data": np.repeat(np.array(grey, dtype=np.uint8)[:, None], 3072, axis=1), "labels": labels}

    train = [[f"data_batch_{k}", ""] for k in range(1, 6)]
    for k in range(5):
        train[k][1] = put(train[k][0], pictures([40 * k + 10 * j for j in range(4)], [k, k, k, k]))
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", put("test_batch", pictures([255], [9]))]])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": put("batches.meta", {"label_names": ["a"] * 10})}
    monkeypatch.setattr(CIFAR10, "meta", meta)

    batches = list(data.cifar_pipeline(str(tmp_path), 8))
    check.equal([tuple(x.shape) for x, _ in batches], [(8, 3, 32, 32), (8, 3, 32, 32), (4, 3, 32, 32)], name="shapes")
    x, y = torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])
    mean, std = torch.tensor(data.CIFAR_MEAN), torch.tensor(data.CIFAR_STD)
    grey = (x[:, :, 0, 0] * std + mean) * 255  # (20, 3), back to 0 … 255: the same in all channels
    order = grey[:, 0].argsort()
    want = torch.arange(0.0, 200.0, 10.0)[:, None].expand(20, 3)
    check.close(grey[order], want, name="the pixels", atol=1e-2)
    check.close(y[order], torch.arange(5).repeat_interleave(4), name="the labels")
    check.that(
        order.tolist() != list(range(20)),
        Text(en="The images come in the order of the files.", vi="Ảnh đến theo thứ tự trong tệp."),
    )


# ---------------------------------------------------------------------------------------------------- make_loader


def epochs(seed, workers=0, shuffle=True, drop_last=False):
    """The samples of two epochs, batch by batch."""
    loader = data.make_loader(
        range(10), 4, seed=seed, workers=workers, shuffle=shuffle, drop_last=drop_last, pin_memory=False
    )
    return [[batch.tolist() for batch in loader] for _ in range(2)]


@pytest.mark.item("make_loader")
def test_make_loader_without_shuffle():
    check.equal(epochs(0, shuffle=False)[1], [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]], name="an epoch")
    check.equal(epochs(0, shuffle=False, drop_last=True)[0], [[0, 1, 2, 3], [4, 5, 6, 7]], name="with drop_last")


@pytest.mark.item("make_loader")
def test_make_loader_repeats_its_order():
    first, second = epochs(seed=1)
    check.equal(sorted(i for batch in first for i in batch), list(range(10)), name="the samples of an epoch, sorted")
    check.that(
        first != second,
        Text(en="The second epoch has the order of the first.", vi="Epoch thứ hai có cùng thứ tự với epoch đầu."),
    )
    check.equal(epochs(seed=1), [first, second], name="two epochs of another loader with the same seed")
    check.equal(epochs(seed=1, workers=2), [first, second], name="two epochs with two workers")


# ------------------------------------------------------------------------------------------------- sample_weights


@pytest.mark.item("sample_weights")
def test_sample_weights():
    y = torch.tensor([0, 4, 0, 0, 2, 4])  # three of class 0, one of class 2, two of class 4
    want = torch.tensor([1 / 3, 1 / 2, 1 / 3, 1 / 3, 1.0, 1 / 2])
    check.close(data.sample_weights(y), want, name="sample_weights(y)")


# ----------------------------------------------------------------------------------------------------- clean_text


@pytest.mark.item("clean_text")
def test_clean_text_cuts_words():
    got = data.clean_text("Tiếng Việt: 54 dân_tộc, don't!")
    check.equal(got, ["tiếng", "việt", "54", "dân", "tộc", "don", "t"], name="clean_text(text)")
    check.equal(data.clean_text(" … "), [], name="clean_text(no words)")


@pytest.mark.item("clean_text")
def test_clean_text_knows_both_spellings():
    text = unicodedata.normalize("NFD", "Nghiêng ngả, Huế")  # each mark is a character of its own
    check.equal(data.clean_text(text), ["nghiêng", "ngả", "huế"], name="clean_text(text in NFD)")


# --------------------------------------------------------------------------------------------------------- encode

VOCAB = {"<unk>": 3, "<pad>": 9, "xin": 5, "bạn": 0}


@pytest.mark.item("encode")
def test_encode_fills_up_and_marks_unknown_words():
    want = torch.tensor([5, 3, 0, 9, 9]), torch.tensor([True, True, True, False, False])
    check.close(data.encode(["xin", "chào", "bạn"], VOCAB, 5), want, name="(ids, mask)")


@pytest.mark.item("encode")
def test_encode_cuts_long_texts():
    want = torch.tensor([5, 3]), torch.tensor([True, True])
    check.close(data.encode(["xin", "chào", "bạn"], VOCAB, 2), want, name="(ids, mask)")
