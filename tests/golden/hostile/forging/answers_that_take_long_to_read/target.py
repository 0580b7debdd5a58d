import sys
import time

import torch

wire = sys.modules["inner.wire"]


def double(x):
    tensor = wire.msgpack.ExtType(wire.TENSOR, wire.tensor_bytes(torch.zeros(()), lambda tensor: tensor.device))
    frame = wire.msgpack.packb({"ok": [tensor] * 1_000_000})
    wire.pack = lambda *response: frame
    return 2 * x


def rows(x):
    answer = [(0, 1)] * 400_000
    time.sleep(1.0)
    return answer


def last(x):
    return -x
