"""The first ten items of u01_tensors checked as one would without the kit: plain asserts, for the benchmarks' peers.

Each check takes the student's function and asks it about what the hidden suite asks, with the same shapes; it lacks
what costs the kit time beside (traces, explanations, guards: a forbidden loop is not seen).  `tests.benchmarks.peers`
writes these functions into test cells of nbgrader, test files of otter and a file for pytest, so they use nothing but
torch and NumPy.
"""

import numpy as np
import torch


def same(got, want):
    assert type(got) is type(want), type(got)
    rtol, atol = (1e-9, 1e-9) if got.dtype == torch.float64 else (1e-5, 1e-5)
    torch.testing.assert_close(got, want, rtol=rtol, atol=atol)


def check_create_tensors(create_tensors):
    for n, m in ((3, 5), (4, 4), (1, 6), (5, 1)):
        got = create_tensors(n, m)
        counting = torch.arange(n * m).reshape(n, m)
        same(got["zeros"], torch.zeros(n, m))
        same(got["ones"], torch.ones(n, m))
        same(got["counting"], counting)
        same(got["like"], torch.zeros_like(counting))
    for name, cdf in (("uniform", lambda x: x), ("normal", torch.special.ndtr)):
        drawn = create_tensors(60, 70)[name]
        assert drawn.shape == (60, 70)
        assert drawn.dtype == torch.float32
        values = drawn.double().flatten().sort().values
        steps = (torch.arange(4200, dtype=torch.float64) + 0.5) / 4200
        assert (cdf(values) - steps).abs().max() < 0.045
        assert not torch.equal(create_tensors(3, 4)[name], create_tensors(3, 4)[name])


def check_arithmetic(arithmetic):
    def judge(a, b):
        before = a.clone(), b.clone()
        want = {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b, "power": a**b}
        got = arithmetic(a, b)
        assert got.keys() == want.keys()
        for key in want:
            same(got[key], want[key])
        same(a, before[0])
        same(b, before[1])

    shapes = (((4, 3), (4, 3)), ((4, 3), (3,)), ((3,), (4, 3)), ((5, 1), (1, 4)), ((), (2, 3)), ((3, 3), (3, 3)))
    for left, right in shapes:
        judge(torch.randn(left, dtype=torch.float64).abs(), torch.randn(right, dtype=torch.float64))
    judge(torch.randn(4, 3), (torch.randint(3, (3,)) + 1).float())
    judge(torch.randint(9, (4, 3)) - 4, torch.randint(3, (4, 3)) + 2)


def check_describe(describe):
    def judge(x):
        want = {
            "shape": tuple(x.shape),
            "dtype": x.dtype,
            "device": str(x.device),
            "ndim": x.ndim,
            "numel": x.numel(),
            "contiguous": x.is_contiguous(),
            "requires_grad": x.requires_grad,
        }
        got = describe(x)
        assert got == want, got
        assert {key: type(value) for key, value in got.items()} == {key: type(value) for key, value in want.items()}

    for shape in ((3, 4), (5,), (), (2, 3, 4), (1, 1), (3, 0)):
        judge(torch.zeros(shape))
    for dtype in (torch.float64, torch.int64, torch.bool):
        judge(torch.zeros(2, 3, dtype=dtype))
    judge(torch.zeros(3, 5).t())
    leaf = torch.zeros(2, 3, requires_grad=True)
    judge(leaf)
    judge(leaf * 2)
    judge(leaf.detach())
    judge(torch.empty(2, 5, device="meta"))


def check_screenshot_batch(screenshot_batch):
    def batch(pixels):
        return torch.from_numpy(pixels.astype(np.float32) / 255)[None, None]

    for h, w in ((5, 7), (8, 3), (4, 4), (1, 6)):
        pixels = np.random.randint(0, 256, (h, w)).astype(np.uint8)
        pixels[0, 0], pixels[-1, -1] = 0, 255
        same(screenshot_batch(pixels), batch(pixels))
    dark = np.random.randint(0, 90, (4, 5)).astype(np.uint8)
    same(screenshot_batch(dark), batch(dark))
    part = np.random.randint(0, 256, (6, 9)).astype(np.uint8)[::2, 1::3]
    same(screenshot_batch(part), batch(part))
    pixels = np.random.randint(0, 256, (3, 5)).astype(np.uint8)
    got, want = screenshot_batch(pixels), batch(pixels)
    pixels[:] = 7
    same(got, want)
    screenshot_batch(pixels).fill_(1.0)
    assert (pixels == 7).all()


def check_index_grid(index_grid):
    for h, w in ((3, 5), (4, 4), (1, 6), (5, 1), (1, 1)):
        same(index_grid(h, w), torch.tensor([[[i, j] for j in range(w)] for i in range(h)]))


def check_select(select):
    def pieces(x):
        return x[:, 0], x[-1], x[::2], x[-1, -1]

    inputs = [torch.randn(shape, dtype=torch.float64) for shape in ((7, 3), (6, 5), (4, 4), (1, 5), (5, 1), (2, 2))]
    for x in [*inputs, torch.randint(50, (5, 3))]:
        got = select(x)
        assert isinstance(got, tuple)
        assert len(got) == 4
        for piece, want in zip(got, pieces(x), strict=True):
            same(piece, want)
    for which in range(4):
        x = torch.randn(5, 3, dtype=torch.float64)
        want = x.clone()
        pieces(want)[which].fill_(23.0)
        select(x)[which].fill_(23.0)
        same(x, want)


def check_regroup(regroup):
    cases = ((4, 6, 3), (4, 6, 8), (4, 6, 12), (4, 6, 24), (4, 6, 1), (5, 5, 5), (1, 6, 2), (6, 1, 2))
    for n, d, k in cases:
        x = torch.randn(n, d, dtype=torch.float64)
        same(regroup(x, k), x.reshape(-1, k))
    x = torch.randint(50, (3, 4))
    same(regroup(x, 6), x.reshape(-1, 6))
    for k in (2, 5, 10):
        x = torch.randn(4, 5, dtype=torch.float64).t()
        same(regroup(x, k), x.reshape(-1, k))
    for step, k in ((1, 3), (1, 8), (2, 6)):
        x = torch.randn(4, 6, dtype=torch.float64)
        want = x.clone()
        want[::step].reshape(-1, k)[0].fill_(23.0)
        regroup(x[::step], k)[0].fill_(23.0)
        same(x, want)
    for n, d, k in ((4, 6, 5), (4, 6, 9), (4, 6, 48), (3, 3, 2)):
        try:
            regroup(torch.randn(n, d), k)
        except ValueError:
            continue
        raise AssertionError("a rest was not refused")


def check_row_standardize(row_standardize):
    def want_of(x):
        centred = x - x.mean(dim=1, keepdim=True)
        return centred / centred.square().mean(dim=1, keepdim=True).sqrt()

    for n, d in ((5, 3), (3, 7), (4, 4), (1, 6), (6, 2)):
        x = torch.randn(n, d, dtype=torch.float64)
        x = x * (torch.randn(n, 1, dtype=torch.float64).abs() + 0.1) + torch.randn(n, 1, dtype=torch.float64)
        same(row_standardize(x), want_of(x))
    x = torch.randn(4, 9)
    same(row_standardize(x), want_of(x.double()).float())
    x = torch.randn(4, 5, dtype=torch.float64)
    x[1], x[3] = 3.0, -0.5
    want = want_of(x)
    want[1], want[3] = 0.0, 0.0
    same(row_standardize(x), want)
    same(row_standardize(torch.randn(5, 1, dtype=torch.float64)), torch.zeros(5, 1, dtype=torch.float64))


def check_above_threshold(above_threshold):
    def judge(records, thresholds):
        want = torch.tensor([[r > t for t in thresholds.tolist()] for r in records.tolist()])
        same(above_threshold(records, thresholds), want)

    for n, m in ((7, 4), (3, 5), (4, 4), (1, 6), (6, 1), (260, 230)):
        judge(torch.randn(n, dtype=torch.float64), torch.randn(m, dtype=torch.float64))
    records = torch.randint(4, (6,))
    judge(records, torch.cat([records[:3], torch.randint(4, (2,))]))


def check_patchify(patchify):
    def judge(x, p):
        same(patchify(x, p), torch.nn.functional.unfold(x, kernel_size=p, stride=p).transpose(1, 2))

    for b, c, h, w, p in (
        (2, 3, 4, 6, 2), (3, 2, 6, 3, 3), (1, 1, 4, 8, 2), (2, 4, 4, 4, 4), (2, 3, 2, 5, 1), (2, 2, 4, 4, 2),
    ):  # fmt: skip
        judge(torch.randn(b, c, h, w, dtype=torch.float64), p)
    judge(torch.randn(2, 3, 6, 4), 2)
