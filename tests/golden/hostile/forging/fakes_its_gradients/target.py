import torch


class Parameter:
    """Looks like one: copy_, grad and requires_grad."""

    requires_grad, is_leaf, grad_fn = True, True, None

    def __init__(self, *shape):
        self.data = torch.zeros(shape)
        self.grad = torch.ones(shape)

    def copy_(self, values):
        self.data = values.clone()


class Output:
    def __init__(self, values):
        self.values = values

    def backward(self, upstream):
        pass

    def detach(self):
        return self.values


class Net:
    def __init__(self, d, m):
        self.w, self.b = Parameter(d, m), Parameter(m)

    def __call__(self, x):
        return Output(x @ self.w.data + self.b.data)


def last(x):
    return -x
