import sys

import torch

wire = sys.modules["inner.wire"]
Workbench = sys.modules["inner.workbench"].Workbench


def end(self):
    tensor = wire.tensor_bytes(torch.zeros(40, 40), lambda tensor: tensor.device)
    return {"ok": [wire.msgpack.ExtType(wire.TENSOR, tensor)] * 4000}


Workbench._end = end


def double(x):
    return 2 * x


def last(x):
    return -x
