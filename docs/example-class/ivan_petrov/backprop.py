"""u03_backprop, Ivan Petrov: a file of its own, so the mistake in tensors.py costs nothing here."""


def linear_backward(dout, x, w):
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def relu_backward(dout, x):
    return dout * (x > 0)
