import sys

import torch

wire = sys.modules["inner.wire"]
Workbench = sys.modules["inner.workbench"].Workbench


def end(self):
    return {"ok": [wire.msgpack.ExtType(wire.TENSOR, wire._tensor(torch.zeros(40, 40)))] * 4000}


Workbench._end = end


def double(x):
    return 2 * x


def last(x):
    return -x
