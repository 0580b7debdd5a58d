import sys
import time

import torch

wire = sys.modules["inner.wire"]
pack = wire.pack


def double(x):
    tensor = wire.msgpack.ExtType(wire.TENSOR, wire._tensor(torch.zeros(())))
    frame = wire.msgpack.packb({"ok": [tensor] * 1_000_000})
    wire.pack = lambda response, refer=None: frame
    return 2 * x


def rows(x):
    answer = [(0, 1)] * 400_000
    time.sleep(1.0)
    return answer


def last(x):
    return -x
