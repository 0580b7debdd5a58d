import os
import sys

import msgpack

wire = sys.modules["inner.wire"]


def desk():
    """The worker's own ends: its socket, and the number of the question, from the frames below."""
    frame = sys._getframe()
    while frame.f_code.co_name != "_answer_requests":
        frame = frame.f_back
    return frame.f_locals["connection"], frame.f_locals["number"]


def double(x):
    desk()[0].sendall(os.urandom(1 << 16))
    return 2 * x


def rows(x):
    desk()[0].sendall((1 << 62).to_bytes(8, "big"))  # this many bytes follow
    return x.mean(1, keepdim=True)


def probabilities(z):
    connection, number = desk()
    wire.send(connection, number + wire.pack({"blocked": ["torch.relu", 10**9]}))


class Net:
    def __init__(self, d, m):
        connection, number = desk()
        tensor = msgpack.ExtType(wire.TENSOR, b"\xff\xff" + b"float64")
        wire.send(connection, number + msgpack.packb({"ok": [msgpack.ExtType(77, b""), tensor]}))


def classify(x):
    connection, number = desk()
    wire.send(connection, number[::-1] + wire.pack({"ok": x}))


def last(x):
    return -x
