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
        ### BEGIN SOLUTION
        with open(path, encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        at = header.index(target)
        self.x = torch.tensor([[float(cell) for cell in row[:at] + row[at + 1 :]] for row in rows])  # (N, D)
        self.y = torch.tensor([int(row[at]) for row in rows])  # (N,)
        ### END SOLUTION

    def __len__(self) -> int:
        ### BEGIN SOLUTION
        return len(self.y)
        ### END SOLUTION

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        ### BEGIN SOLUTION
        return self.x[i], self.y[i]
        ### END SOLUTION


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
        ### BEGIN SOLUTION
        self.dataset = dataset
        self.transform = transform
        ### END SOLUTION

    def __len__(self) -> int:
        ### BEGIN SOLUTION
        return len(self.dataset)
        ### END SOLUTION

    def __getitem__(self, i: int) -> tuple[Any, Any]:
        ### BEGIN SOLUTION
        x, y = self.dataset[i]
        return self.transform(x), y
        ### END SOLUTION


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
        ### BEGIN SOLUTION
        self.paths = paths
        ### END SOLUTION

    def __iter__(self) -> Iterator[str]:
        ### BEGIN SOLUTION
        worker = get_worker_info()
        shards = self.paths if worker is None else self.paths[worker.id :: worker.num_workers]
        for path in shards:
            with open(path, encoding="utf-8") as file:
                for line in file:
                    yield line.removesuffix("\n")
        ### END SOLUTION


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
        ### BEGIN SOLUTION
        self.dataset = dataset
        self.cache = {}
        ### END SOLUTION

    def __len__(self) -> int:
        ### BEGIN SOLUTION
        return len(self.dataset)
        ### END SOLUTION

    def __getitem__(self, i: int) -> Any:
        ### BEGIN SOLUTION
        if i not in self.cache:
            self.cache[i] = self.dataset[i]
        return self.cache[i]
        ### END SOLUTION


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
    ### BEGIN SOLUTION
    x = pad_sequence([sequence for sequence, _ in batch], batch_first=True)  # (B, L, D)
    lengths = torch.tensor([[len(sequence)] for sequence, _ in batch])  # (B, 1)
    mask = torch.arange(x.shape[1]) < lengths  # (L,), (B, 1) -> (B, L)
    return x, mask, torch.tensor([label for _, label in batch])
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    size = round(n * fraction)
    return order[size:], order[:size]
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    count, total, squares = 0, 0.0, 0.0
    for x, *_ in loader:
        x = x.double().transpose(0, 1).flatten(1)  # (C, B·H·W)
        count += x.shape[1]
        total = total + x.sum(dim=1)  # (C,)
        squares = squares + x.square().sum(dim=1)  # (C,)
    mean = total / count
    variance = (squares / count - mean.square()).clamp(min=0)  # rounding can make it −1e-17
    return mean.float(), variance.sqrt().float()
    ### END SOLUTION


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
        ### BEGIN SOLUTION
        self.p = p
        ### END SOLUTION

    def __call__(self, image: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return image.flip(-1) if torch.rand(()) < self.p else image
        ### END SOLUTION


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
    ### BEGIN SOLUTION
    _, height, width = image.shape
    angle = math.radians((2 * torch.rand(1, generator=generator).item() - 1) * degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = [[cos, -sin * height / width, 0.0], [sin * width / height, cos, 0.0]]
    grid = F.affine_grid(image.new_tensor([matrix]), [1, 1, height, width], align_corners=False)  # (1, H, W, 2)
    return F.grid_sample(image[None], grid, padding_mode="zeros", align_corners=False)[0]  # (C, H, W)
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    from torchvision import datasets, transforms

    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(CIFAR_MEAN, CIFAR_STD)])
    images = datasets.CIFAR10(root, train=True, transform=transform)
    return DataLoader(images, batch_size=batch_size, shuffle=True)
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    return DataLoader(
        dataset,
        batch_size=batch_size,
        shuffle=shuffle,
        num_workers=workers,
        drop_last=drop_last,
        pin_memory=pin_memory,
        generator=torch.Generator().manual_seed(seed),
    )
    ### END SOLUTION


def sample_weights(y: Tensor) -> Tensor:
    """Weights that make rare classes as frequent as common ones.

    y (N,) int64 holds the class of each sample, 0 or above; some numbers may be missing.  Returns (N,) float32: for
    each sample 1 / (how many samples its class has).  So each class weighs 1 in all.

        >>> sample_weights(torch.tensor([0, 0, 0, 2]))
        tensor([0.3333, 0.3333, 0.3333, 1.0000])

    They are what torch.utils.data.WeightedRandomSampler wants.
    """
    ### BEGIN SOLUTION
    return 1 / y.bincount()[y]  # (N,)
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).lower())
    ### END SOLUTION


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
    ### BEGIN SOLUTION
    kept = tokens[:max_len]
    ids = [vocab.get(token, vocab["<unk>"]) for token in kept] + [vocab["<pad>"]] * (max_len - len(kept))
    return torch.tensor(ids), torch.arange(max_len) < len(kept)
    ### END SOLUTION
