import threading
import time

import torch


def later(tensor, values):
    time.sleep(0.05)
    tensor.copy_(values)


def double(x):  # wrong when it crosses, right soon after
    answer = torch.zeros_like(x)
    threading.Thread(target=later, args=(answer, 2 * x), daemon=True).start()
    return answer


buffer = torch.zeros(6, 6, dtype=torch.float64)


def rows(x):  # each time a view of the same memory, right when it crosses
    view = buffer[: len(x), :1]
    view.copy_(x.mean(1, keepdim=True))
    return view


def last(x):
    return -x
