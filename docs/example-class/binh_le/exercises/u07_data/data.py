"""u07: data, from files to batches.

N is the number of samples, B the batch size, L a length, D the number of features, C the channels of an image, H and W
its height and width.  Images are (C, H, W), batches of them (B, C, H, W).  All files are UTF-8.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

CIFAR_MEAN = (0.4914, 0.4822, 0.4465)  # of the 50,000 training images, channel by channel
CIFAR_STD = (0.2470, 0.2435, 0.2616)


class CsvDataset(Dataset):
    """A table in a CSV file, one sample a row.

    The first line names the columns; a name may be quoted and hold a comma, so leave the cutting to the `csv` module
    (pandas is not installed where your work is graded).  Column `target`, wherever it stands, holds the label; all
    others are features, in the order of the file.

    - `dataset[i]` is (x, y) of row i, which counts from 0 after the header: x (D,) float32; y () int64, exact.
    - `dataset[len(dataset)]` and beyond raise IndexError: that is how `for x, y in dataset` knows the end.
    - The file is read once, in `__init__`; nobody misses it afterwards.

    Example, with the file

        height,kind,weight
        1.5,2,-3
        2.5,0,4

        >>> CsvDataset("plants.csv", "kind")[0]
        (tensor([ 1.5000, -3.0000]), tensor(2))
    """

    def __init__(self, path: str, target: str) -> None:
        # TODO: A table as a Dataset · Bảng dữ liệu thành Dataset
        # Hint: pytest exercises/u07_data --hint csv_dataset
        raise NotImplementedError("csv_dataset")

    def __len__(self) -> int:
        # TODO
        raise NotImplementedError("csv_dataset")

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        # TODO
        raise NotImplementedError("csv_dataset")


class TransformedDataset(Dataset):
    """Another dataset, seen through a transform.

    `dataset[i]` gives (x, y); this one gives (transform(x), y).  The transform runs anew at every access, for the one
    sample that was asked for: a random transform then shows another picture in every epoch.  Nothing is read or
    transformed before.

        >>> base = [(torch.tensor(1.0), 7), (torch.tensor(2.0), 8)]      # a list is a dataset, too
        >>> TransformedDataset(base, lambda x: 10 * x)[1]
        (tensor(20.), 8)
    """

    def __init__(self, dataset: Dataset, transform: Callable[[Any], Any]) -> None:
        # TODO: A Dataset seen through a transform · Dataset nhìn qua một phép biến đổi
        # Hint: pytest exercises/u07_data --hint transformed_dataset
        raise NotImplementedError("transformed_dataset")

    def __len__(self) -> int:
        # TODO
        raise NotImplementedError("transformed_dataset")

    def __getitem__(self, i: int) -> tuple[Any, Any]:
        # TODO
        raise NotImplementedError("transformed_dataset")


class StreamDataset(IterableDataset):
    """The lines of many text files, for data that do not fit into memory.

    `paths` lists the files (the shards).  Iterating gives their lines as strings, without the "\\n" and otherwise as
    they are: spaces and empty lines count.

    - Without workers: file after file, from the first line to the last, and the same again in the next epoch.
    - In a DataLoader with workers every worker holds a copy of this object.  `get_worker_info()` tells a copy its `id`
      and `num_workers` (it is None without workers).  Each file is read by one worker only, so that every line comes
      once in all; the files are dealt out evenly, no worker gets more than ⌈files / workers⌉.
    - A file is opened when its turn comes, not before.

        >>> list(StreamDataset(["a.txt", "b.txt"]))      # a.txt holds "một\\nhai\\n", b.txt "ba"
        ['một', 'hai', 'ba']
    """

    def __init__(self, paths: list[str]) -> None:
        # TODO: A stream of lines for many workers · Dòng văn bản dạng luồng cho nhiều worker
        # Hint: pytest exercises/u07_data --hint stream_dataset
        raise NotImplementedError("stream_dataset")

    def __iter__(self) -> Iterator[str]:
        # TODO
        raise NotImplementedError("stream_dataset")


class CachedDataset(Dataset):
    """Another dataset that is slow to read, with a memory.

    The first `cached[i]` reads `dataset[i]` and keeps the sample; every later one gives the kept sample without asking
    `dataset` again.  Nothing is read ahead.  A sample may be anything, 0 and None included.

        >>> cached = CachedDataset(photos)      # for example
        >>> cached[3]; cached[3]; cached[0]      # reads photos[3] once and photos[0] once

    In a DataLoader with workers each worker is a process with a cache of its own, which ends with it:
    persistent_workers=True keeps it for the next epoch.
    """

    def __init__(self, dataset: Dataset) -> None:
        # TODO: A Dataset with a memory · Dataset biết ghi nhớ
        # Hint: pytest exercises/u07_data --hint cached_dataset
        raise NotImplementedError("cached_dataset")

    def __len__(self) -> int:
        # TODO
        raise NotImplementedError("cached_dataset")

    def __getitem__(self, i: int) -> Any:
        # TODO
        raise NotImplementedError("cached_dataset")


def pad_collate(batch: list[tuple[Tensor, int]]) -> tuple[Tensor, Tensor, Tensor]:
    """Make one batch of sequences that differ in length: a DataLoader's `collate_fn`.

    `batch` lists B samples (x, y): x (L, D) with L ≥ 1 of its own and the same D and dtype for all, y an int.  Returns

    - x (B, L, D), L the longest of the batch: each sequence from its start, followed by zeros; the samples' dtype;
    - mask (B, L) bool: True where a step is real, False where it is padding (a real step may be all zeros);
    - y (B,) int64.

        >>> pad_collate([(torch.tensor([[1.0], [2.0]]), 5), (torch.tensor([[3.0]]), 6)])
        (tensor([[[1.], [2.]], [[3.], [0.]]]), tensor([[True, True], [True, False]]), tensor([5, 6]))

    See torch.nn.utils.rnn.pad_sequence.
    """
    # TODO: Sequences of many lengths in one batch · Gộp các chuỗi dài ngắn khác nhau thành một batch
    # Hint: pytest exercises/u07_data --hint pad_collate
    raise NotImplementedError("pad_collate")


def split_indices(n: int, fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Split the numbers 0 … n − 1 at random into those to train with and those to validate with.

    Returns (train, val), lists of Python ints.  Each number is in exactly one of them; val holds round(n · fraction)
    (Python's `round`).  Every choice of val is as likely as any other, and the same seed gives the same split again.
    The global random state is neither used nor changed: draw from a `torch.Generator` of your own.

        >>> train, val = split_indices(10, 0.2, seed=0)
        >>> len(train), len(val), sorted(train + val)
        (8, 2, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

    Twin: torch.utils.data.random_split.
    """
    # TODO: Split into train and validation · Chia tập huấn luyện và tập validation
    # Hint: pytest exercises/u07_data --hint split_indices
    raise NotImplementedError("split_indices")


def channel_stats(loader: Iterable[tuple[Tensor, ...]]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of every channel, over all pixels of all images: what Normalize wants to know.

    `loader` gives tuples (x, …) with x (B, C, H, W) floating point first; B, H and W may differ from batch to batch.
    Returns (mean, std), each (C,) float32.  std is the population's: divided by the number of pixels, not one less.

    - Every pixel counts the same.  A mean of the batches' means is wrong when the last batch is smaller, and a mean of
      their stds is always wrong: add up sums, and divide at the end.
    - Walk through the loader once (it may be a generator) and do not keep the images.
    - Add up in float64: in float32 the difference of two large sums has no digits left.

        >>> batches = [(torch.tensor([[[[1.0, 2.0]]]]), 0), (torch.tensor([[[[6.0]]]]), 1)]
        >>> channel_stats(batches)      # (1 + 2 + 6) / 3 and sqrt((4 + 1 + 9) / 3)
        (tensor([3.]), tensor([2.1602]))
    """
    # TODO: Mean and std of every channel · Trung bình và độ lệch chuẩn của từng kênh
    # Hint: pytest exercises/u07_data --hint channel_stats
    raise NotImplementedError("channel_stats")


class RandomHFlip:
    """Mirror an image left to right with probability p.

    `RandomHFlip(p)(image)` takes (C, H, W), of any dtype, and returns its mirror image (column W − 1 comes first) with
    probability p, else the image as it is.  Every call decides anew, for the whole image, by one number from torch's
    global generator: so `torch.manual_seed` repeats it.  The image that was passed never changes.

        >>> RandomHFlip(1.0)(torch.tensor([[[1, 2, 3]]]))
        tensor([[[3, 2, 1]]])

    Twin: torchvision.transforms.RandomHorizontalFlip.
    """

    def __init__(self, p: float) -> None:
        # TODO: Mirror at random · Lật ngang ngẫu nhiên
        # Hint: pytest exercises/u07_data --hint random_h_flip
        raise NotImplementedError("random_h_flip")

    def __call__(self, image: Tensor) -> Tensor:
        # TODO
        raise NotImplementedError("random_h_flip")


def random_rotate(image: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    """Rotate an image about its centre by a random angle.

    image is (C, H, W), float32 or float64.  The angle is uniform in [−degrees, degrees]: draw one number
    u = torch.rand(1, generator=generator) and take angle = (2u − 1) · degrees; nothing else is drawn.  A positive
    angle turns counter-clockwise.  Returns a new (C, H, W) of the same dtype: bilinear between pixels, 0 where the
    pixel comes from outside.

        >>> g = torch.Generator().manual_seed(3)                                     # u is 0.0043: angle −89.2
        >>> random_rotate(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 90.0, g)      # nearly a quarter turn clockwise
        tensor([[[2.9667, 1.0000], [3.9667, 2.0001]]])

    Twin: torchvision.transforms.functional.rotate with InterpolationMode.BILINEAR.  By hand: F.affine_grid with a
    (1, 2, 3) matrix says where each output pixel comes from, in coordinates from −1 to 1 along W and H (mind H ≠ W),
    and F.grid_sample looks there; both with align_corners=False.
    """
    # TODO: Rotate at random · Xoay ngẫu nhiên
    # Hint: pytest exercises/u07_data --hint random_rotate
    raise NotImplementedError("random_rotate")


def cifar_pipeline(root: str, batch_size: int) -> DataLoader:
    """The training images of CIFAR-10, ready for a network.

    The folder `root` already holds the data as `torchvision.datasets.CIFAR10` lays them out: do not download.  Returns
    a DataLoader whose batches are x (B, 3, 32, 32) float32 and y (B,) int64: every training image once an epoch, in a
    new random order each time, the smaller last batch included.  Pixels are scaled to [0, 1] (ToTensor does it), then
    channel c is normalised to (x − CIFAR_MEAN[c]) / CIFAR_STD[c].  No augmentation, no workers.

        >>> x, y = next(iter(cifar_pipeline("data", 64)))
        >>> x.shape, y.shape
        (torch.Size([64, 3, 32, 32]), torch.Size([64]))

    torchvision takes a second to import, so import it here, in the function.  It is graded with other pictures than
    those of CIFAR-10, in the same files.
    """
    # TODO: CIFAR-10 from files to batches · CIFAR-10 từ tệp đến batch
    # Hint: pytest exercises/u07_data --hint cifar_pipeline
    raise NotImplementedError("cifar_pipeline")


def make_loader(
    dataset: Dataset,
    batch_size: int,
    *,
    seed: int,
    workers: int,
    shuffle: bool,
    drop_last: bool,
    pin_memory: bool,
) -> DataLoader:
    """A DataLoader whose order can be repeated.

    Everything after the star must be passed by name.  Returns a `torch.utils.data.DataLoader` that reads `dataset` in
    batches of `batch_size`, by `workers` processes (0: in this one).  drop_last leaves out a smaller last batch;
    pin_memory lets batches travel to a GPU faster.

    With shuffle every epoch has another random order, which `seed` alone decides: two loaders made with the same seed
    bring the same first epoch, the same second epoch, and so on, with any number of workers and whatever the global
    random state is.  Making a loader does not change that state.  Without shuffle the order is that of the dataset.

        >>> loader = make_loader(range(5), 2, seed=0, workers=0, shuffle=False, drop_last=False, pin_memory=False)
        >>> [batch.tolist() for batch in loader]
        [[0, 1], [2, 3], [4]]
    """
    # TODO: A DataLoader that can be repeated · DataLoader lặp lại được
    # Hint: pytest exercises/u07_data --hint make_loader
    raise NotImplementedError("make_loader")


def sample_weights(y: Tensor) -> Tensor:
    """Weights that make rare classes as frequent as common ones.

    y (N,) int64 holds the class of each sample, 0 or above; some numbers may be missing.  Returns (N,) float32: for
    each sample 1 / (how many samples its class has).  So each class weighs 1 in all.

        >>> sample_weights(torch.tensor([0, 0, 0, 2]))
        tensor([0.3333, 0.3333, 0.3333, 1.0000])

    They are what torch.utils.data.WeightedRandomSampler wants.
    """
    # TODO: Weights for rare classes · Trọng số cho lớp hiếm
    # Hint: pytest exercises/u07_data --hint sample_weights
    raise NotImplementedError("sample_weights")


def clean_text(text: str) -> list[str]:
    """Cut Vietnamese or English text into words.

    - Unicode has two spellings of "ế": one character (NFC), or "e" with two combining marks (NFD, as macOS and some
      keyboards write it).  They look the same and are not equal, and a mark alone is not a letter: bring the text into
      NFC first (`unicodedata.normalize`; NFC only, NFKC would exchange other characters, too).
    - Lower case.
    - A word is a longest run of letters and digits (`str.isalnum` says what that is).  Everything else separates,
      the underscore and the apostrophe included.  There are no empty words.

        >>> clean_text("Tiếng Việt: 54 dân_tộc, don't!")
        ['tiếng', 'việt', '54', 'dân', 'tộc', 'don', 't']
    """
    # TODO: Words of a Vietnamese text · Tách từ trong văn bản tiếng Việt
    # Hint: pytest exercises/u07_data --hint clean_text
    raise NotImplementedError("clean_text")


def encode(tokens: list[str], vocab: dict[str, int], max_len: int) -> tuple[Tensor, Tensor]:
    """Turn words into numbers, all texts to the same length.

    `vocab` maps words to ids and holds "<unk>" and "<pad>", whose ids may be any.  Returns

    - ids (max_len,) int64: the ids of the first max_len tokens, vocab["<unk>"] for a token that is not in the vocab,
      and vocab["<pad>"] from the end of the tokens on;
    - mask (max_len,) bool: True for a token, False for padding.

    max_len ≥ 1; tokens may be empty.

        >>> encode(["xin", "chào", "bạn"], {"<pad>": 0, "<unk>": 1, "xin": 2, "bạn": 3}, 4)
        (tensor([2, 1, 3, 0]), tensor([ True,  True,  True, False]))
    """
    # TODO: Words into numbers · Từ chữ sang số
    # Hint: pytest exercises/u07_data --hint encode
    raise NotImplementedError("encode")
