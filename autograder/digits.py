"""Digits drawn by the kit, for the day when MNIST cannot be had: for practice, never for a grade.

Each digit is a few strokes in a unit square.  The distance to its strokes is worked out once on a fine grid; every
image then looks that map up through an affine map and a bend of its own, inks what is near enough, and adds a
stray stroke, a fade and noise.  Same seed, same images.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]  # (N, 28, 28)
Labels = npt.NDArray[np.int64]  # (N,)
Floats = npt.NDArray[np.float32]

SIDE = 28
GRID = 96  # points of the fine grid along a side
MARGIN = 0.5  # the fine grid covers [-MARGIN, 1 + MARGIN] in both directions
BATCH = 1000


def digits(n: int, seed: int) -> tuple[Images, Labels]:
    """`n` images (n, 28, 28) in 0..255 and their labels, each digit as often as the others (give or take one)."""
    rng = np.random.default_rng(seed)
    labels: Labels = rng.permutation(np.arange(n, dtype=np.int64) % 10)
    maps = np.stack([_distances(strokes) for strokes in _STYLES])  # (styles, GRID, GRID)
    style = _STYLE_OF[labels, rng.integers(0, _STYLE_OF.shape[1], n)]  # (n,)
    images = np.empty((n, SIDE, SIDE), dtype=np.uint8)
    for start in range(0, n, BATCH):
        images[start : start + BATCH] = _draw(maps, style[start : start + BATCH], rng)
    return images, labels


def _draw(maps: Floats, style: npt.NDArray[np.int64], rng: np.random.Generator) -> Images:
    n = len(style)
    x, y = _bend(*_place(n, rng), rng)  # (n, 784) each, in the unit square of the digit
    near = _look_up(maps, style, x, y)
    near = np.minimum(near, _stray(x, y, rng))
    thickness = rng.uniform(0.035, 0.085, (n, 1)).astype(np.float32)
    ink = np.clip(1.0 - (near - thickness) / np.float32(0.05), 0.0, 1.0)
    ink *= rng.uniform(0.55, 1.0, (n, 1)).astype(np.float32)
    ink += np.float32(0.08) * rng.standard_normal(ink.shape, dtype=np.float32)
    grey: Images = (np.clip(ink, 0.0, 1.0) * np.float32(255.0)).astype(np.uint8)
    return grey.reshape(n, SIDE, SIDE)


def _place(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Where each pixel lies in its digit's unit square: turned, slanted, scaled and shifted."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    x = ((column + 0.5) / SIDE - 0.5).astype(np.float32)  # (784,)
    y = ((row + 0.5) / SIDE - 0.5).astype(np.float32)
    angle = rng.normal(0.0, 0.12, (n, 1)).astype(np.float32)
    slant = rng.normal(0.0, 0.15, (n, 1)).astype(np.float32)
    size = rng.uniform(0.62, 0.82, (n, 1)).astype(np.float32)
    ratio = rng.uniform(0.85, 1.15, (n, 1)).astype(np.float32)
    x0, y0 = rng.normal(0.0, 0.03, (2, n, 1)).astype(np.float32)
    u = (np.cos(angle) * (x - x0) + np.sin(angle) * (y - y0)) / (size * ratio)
    v = (np.cos(angle) * (y - y0) - np.sin(angle) * (x - x0)) / size
    return u + slant * v + np.float32(0.5), v + np.float32(0.5)


def _bend(x: Floats, y: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A slow wave in each direction, so that no two digits differ by an affine map alone."""
    a, b = rng.normal(0.0, 0.04, (2, len(x), 1)).astype(np.float32)
    p, q = rng.uniform(0.0, 2 * np.pi, (2, len(x), 1)).astype(np.float32)
    return x + a * np.sin(np.float32(5.0) * y + p), y + b * np.sin(np.float32(5.0) * x + q)


def _look_up(maps: Floats, style: npt.NDArray[np.int64], x: Floats, y: Floats) -> Floats:
    step = (GRID - 1) / (1.0 + 2.0 * MARGIN)
    column = np.clip((x + MARGIN) * step + 0.5, 0, GRID - 1).astype(np.intp)
    row = np.clip((y + MARGIN) * step + 0.5, 0, GRID - 1).astype(np.intp)
    near: Floats = maps.reshape(-1)[(style[:, None] * GRID + row) * GRID + column]
    return near


def _stray(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """The distance to one short stroke that belongs to no digit."""
    n = len(x)
    x0, y0 = rng.uniform(-0.2, 1.2, (2, n, 1)).astype(np.float32)
    angle = rng.uniform(0.0, np.pi, (n, 1)).astype(np.float32)
    along = (x - x0) * np.cos(angle) + (y - y0) * np.sin(angle)
    across = (y - y0) * np.cos(angle) - (x - x0) * np.sin(angle)
    distance: Floats = np.hypot(across, np.maximum(np.abs(along) - np.float32(0.08), 0.0))
    return distance


def _distances(strokes: list[list[tuple[float, float]]]) -> Floats:
    """The distance from each point of the fine grid to the nearest stroke: (GRID, GRID)."""
    axis = np.linspace(-MARGIN, 1.0 + MARGIN, GRID)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    near = np.full((GRID, GRID), np.inf)
    for stroke in strokes:
        for (x0, y0), (x1, y1) in pairwise(stroke):
            dx, dy = x1 - x0, y1 - y0
            t = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0.0, 1.0)
            near = np.minimum(near, np.hypot(x - x0 - t * dx, y - y0 - t * dy))
    return near.astype(np.float32)


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[tuple[float, float]]:
    """Points of an ellipse from `start` to `end` degrees; 0 is to the right, 90 is down."""
    angles = np.radians(np.linspace(start, end, 13))
    return [(x + rx * float(np.cos(a)), y + ry * float(np.sin(a))) for a in angles]


# The digits in a unit square, y downwards, in two hands each.
_HANDS: list[list[list[list[tuple[float, float]]]]] = [
    [[_arc(0.5, 0.5, 0.34, 0.5, 0, 360)], [_arc(0.5, 0.5, 0.24, 0.46, 0, 360)]],
    [[[(0.3, 0.2), (0.52, 0.0), (0.52, 1.0)]], [[(0.5, 0.0), (0.5, 1.0)], [(0.3, 1.0), (0.7, 1.0)]]],
    [
        [[*_arc(0.5, 0.27, 0.32, 0.27, 190, 380), (0.18, 1.0), (0.85, 1.0)]],
        [[*_arc(0.48, 0.25, 0.28, 0.25, 200, 400), (0.25, 0.85), (0.4, 0.78), (0.85, 1.0)]],
    ],
    [
        [_arc(0.47, 0.25, 0.3, 0.25, 200, 450), _arc(0.47, 0.75, 0.34, 0.25, 270, 520)],
        [[(0.2, 0.0), (0.78, 0.0), (0.45, 0.4)], _arc(0.45, 0.7, 0.35, 0.3, 270, 510)],
    ],
    [
        [[(0.65, 1.0), (0.65, 0.0), (0.12, 0.68), (0.9, 0.68)]],
        [[(0.25, 0.0), (0.2, 0.5), (0.75, 0.5)], [(0.75, 0.0), (0.7, 1.0)]],
    ],
    [
        [[(0.8, 0.0), (0.28, 0.0), (0.22, 0.45)], _arc(0.45, 0.68, 0.36, 0.32, 230, 500)],
        [[(0.78, 0.02), (0.35, 0.0), (0.3, 0.4), (0.6, 0.45), (0.76, 0.7), (0.55, 0.98), (0.2, 0.95)]],
    ],
    [
        [[(0.68, 0.0), (0.35, 0.3), (0.18, 0.68)], _arc(0.5, 0.7, 0.32, 0.3, 0, 360)],
        [_arc(0.75, 0.6, 0.55, 0.6, 180, 260), _arc(0.47, 0.76, 0.27, 0.24, 0, 360)],
    ],
    [
        [[(0.15, 0.0), (0.85, 0.0), (0.4, 1.0)]],
        [[(0.2, 0.05), (0.8, 0.0), (0.5, 1.0)], [(0.35, 0.5), (0.85, 0.48)]],
    ],
    [
        [_arc(0.5, 0.25, 0.27, 0.25, 0, 360), _arc(0.5, 0.75, 0.33, 0.25, 0, 360)],
        [[(0.75, 0.08), (0.3, 0.12), (0.72, 0.75), (0.5, 1.0), (0.28, 0.78), (0.72, 0.22), (0.55, 0.0)]],
    ],
    [
        [_arc(0.5, 0.29, 0.31, 0.29, 0, 360), [(0.81, 0.3), (0.75, 0.65), (0.5, 1.0)]],
        [_arc(0.48, 0.25, 0.27, 0.25, 0, 360), [(0.75, 0.25), (0.72, 1.0)]],
    ],
]
_STYLES = [strokes for hands in _HANDS for strokes in hands]
_STYLE_OF = np.arange(len(_STYLES), dtype=np.int64).reshape(10, -1)  # digit → its styles
