"""Known mistakes and right alternatives of u08_losses_optimizers."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from autograder.mistakes import alternative, mistake

# What the wrong optimizers have right.  `move(p, g, state)` is one Parameter's step; state is its own dict.


class _Optimizer:
    def start(self, params):
        self.params = list(params)
        self.states = [{} for _ in self.params]

    def step(self):
        with torch.no_grad():
            for p, state in zip(self.params, self.states):  # noqa: B905
                if p.grad is not None:
                    self.move(p, p.grad, state)

    def zero_grad(self):
        for p in self.params:
            p.grad = None


class _SGD(_Optimizer):
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.start(params)

    def move(self, p, g, state):
        g = g + self.weight_decay * p
        state["v"] = self.momentum * state.get("v", 0) + g
        p -= self.lr * state["v"]


class _Adagrad(_Optimizer):
    def __init__(self, params, lr, eps):
        self.lr, self.eps = lr, eps
        self.start(params)

    def move(self, p, g, state):
        state["s"] = state.get("s", 0) + g**2
        p -= self.lr * g / (state["s"].sqrt() + self.eps)


class _RMSprop(_Optimizer):
    def __init__(self, params, lr, alpha, eps):
        self.lr, self.alpha, self.eps = lr, alpha, eps
        self.start(params)

    def move(self, p, g, state):
        state["s"] = self.alpha * state.get("s", 0) + (1 - self.alpha) * g**2
        p -= self.lr * g / (state["s"].sqrt() + self.eps)


class _Adam(_Optimizer):
    def __init__(self, params, lr, betas, eps, weight_decay):
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.start(params)

    def averages(self, g, state):
        """(m, v, t) with this gradient in them."""
        b1, b2 = self.betas
        state["t"] = state.get("t", 0) + 1
        state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        state["v"] = b2 * state.get("v", 0) + (1 - b2) * g**2
        return state["m"], state["v"], state["t"]

    def corrected(self, g, state):
        b1, b2 = self.betas
        m, v, t = self.averages(g, state)
        return m / (1 - b1**t), v / (1 - b2**t)

    def move(self, p, g, state):
        m, v = self.corrected(g + self.weight_decay * p, state)
        p -= self.lr * m / (v.sqrt() + self.eps)


class _AdamW(_Adam):
    def __init__(self, params, lr, betas, eps, weight_decay=0.01):
        super().__init__(params, lr, betas, eps, weight_decay)

    def move(self, p, g, state):
        p -= self.lr * self.weight_decay * p
        m, v = self.corrected(g, state)
        p -= self.lr * m / (v.sqrt() + self.eps)


# SGD


@mistake(
    "sgd", kind="api",
    en="torch.optim.SGD does the work; the update is to be written by you.",
    vi="torch.optim.SGD làm thay bạn; phép cập nhật phải do bạn tự viết.",
)  # fmt: skip
class sgd_of_torch:
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
        self.optimizer = torch.optim.SGD(params, lr=lr, momentum=momentum, weight_decay=weight_decay)

    def step(self):
        self.optimizer.step()

    def zero_grad(self):
        self.optimizer.zero_grad()


@mistake(
    "sgd", kind="formula",
    en="The velocity is an average, momentum · v + (1 − momentum) · g; torch's SGD adds the whole gradient.",
    vi="Vận tốc của bạn là trung bình, momentum · v + (1 − momentum) · g; SGD của torch cộng cả gradient.",
    hint_en="The docstring gives the recurrence: v ← momentum · v + g.",
    hint_vi="Docstring cho công thức truy hồi: v ← momentum · v + g.",
)  # fmt: skip
class averaged_velocity(_SGD):
    def move(self, p, g, state):
        g = g + self.weight_decay * p
        state["v"] = self.momentum * state.get("v", 0) + (1 - self.momentum) * g
        p -= self.lr * state["v"]


@mistake(
    "sgd", kind="formula",
    en="That is Nesterov's momentum: it looks one step ahead; the item asks for the plain velocity.",
    vi="Đó là momentum kiểu Nesterov, nhìn trước một bước; bài yêu cầu vận tốc thông thường.",
)  # fmt: skip
class nesterov(_SGD):
    def move(self, p, g, state):
        g = g + self.weight_decay * p
        state["v"] = self.momentum * state.get("v", 0) + g
        p -= self.lr * (g + self.momentum * state["v"])


@mistake(
    "sgd", kind="state",
    en="Momentum is not used: every step forgets the ones before.",
    vi="Momentum không được dùng: mỗi bước quên hết các bước trước.",
)  # fmt: skip
class velocity_forgotten(_SGD):
    def move(self, p, g, state):
        p -= self.lr * (g + self.weight_decay * p)


@mistake(
    "sgd", kind="formula",
    en="Weight decay is missing: weight_decay · p has to be added to the gradient.",
    vi="Thiếu weight decay: phải cộng weight_decay · p vào gradient.",
)  # fmt: skip
class sgd_without_decay(_SGD):
    def move(self, p, g, state):
        state["v"] = self.momentum * state.get("v", 0) + g
        p -= self.lr * state["v"]


@mistake(
    "sgd", kind="order",
    en="Weight decay is applied beside the momentum; it belongs into the gradient before the velocity is updated.",
    vi="Weight decay được áp dụng ngoài momentum; nó phải vào gradient trước khi cập nhật vận tốc.",
    hint_en="First g ← p.grad + weight_decay · p, then the velocity takes g.",
    hint_vi="Trước hết g ← p.grad + weight_decay · p, rồi vận tốc mới nhận g.",
)  # fmt: skip
class decay_beside_the_momentum(_SGD):
    def move(self, p, g, state):
        state["v"] = self.momentum * state.get("v", 0) + g
        p -= self.lr * (state["v"] + self.weight_decay * p)


@mistake(
    "sgd", kind="sign",
    en="The step goes uphill: it adds lr · v instead of subtracting it.",
    vi="Bước đi ngược lên dốc: bạn cộng lr · v thay vì trừ.",
)  # fmt: skip
class uphill(_SGD):
    def move(self, p, g, state):
        g = g + self.weight_decay * p
        state["v"] = self.momentum * state.get("v", 0) + g
        p += self.lr * state["v"]


@mistake(
    "sgd", kind="sign",
    en="Weight decay has the wrong sign: it drives the weights away from 0.",
    vi="Weight decay sai dấu: nó đẩy trọng số ra xa 0.",
)  # fmt: skip
class decay_away_from_zero(_SGD):
    def move(self, p, g, state):
        super().move(p, g - 2 * self.weight_decay * p, state)


@mistake(
    "sgd", kind="inplace",
    en="Weight decay is added to p.grad itself; step() must not change the gradients.",
    vi="Weight decay bị cộng thẳng vào p.grad; step() không được sửa gradient.",
    hint_en="p.grad += … changes the tensor; g = p.grad + … makes a new one.",
    hint_vi="p.grad += … sửa chính tensor đó; g = p.grad + … tạo tensor mới.",
)  # fmt: skip
class decay_written_into_the_gradient(_SGD):
    def move(self, p, g, state):
        g += self.weight_decay * p
        state["v"] = self.momentum * state.get("v", 0) + g
        p -= self.lr * state["v"]


@mistake(
    "sgd", kind="view_copy",
    en="The first velocity is the .grad tensor itself, not a copy: the next backward writes into it.",
    vi="Vận tốc đầu tiên chính là tensor .grad chứ không phải bản sao: backward kế tiếp sẽ ghi đè lên nó.",
    hint_en="Keep p.grad.clone(), or start from zeros.",
    hint_vi="Hãy giữ p.grad.clone(), hoặc bắt đầu từ tensor số 0.",
)  # fmt: skip
class velocity_is_the_gradient(_SGD):
    def move(self, p, g, state):
        if self.weight_decay:
            g = g + self.weight_decay * p
        if self.momentum:
            if "v" not in state:
                state["v"] = g
            else:
                state["v"].mul_(self.momentum).add_(g)
            g = state["v"]
        p -= self.lr * g


@mistake(
    "sgd", kind="state",
    en="A generator is kept as it is, and it can be walked only once: the steps after the first do nothing.",
    vi="Bạn giữ nguyên generator, mà generator chỉ duyệt được một lần: các bước sau bước đầu không làm gì cả.",
    hint_en="self.params = list(params).",
    hint_vi="self.params = list(params).",
)  # fmt: skip
class generator_kept(_SGD):
    def start(self, params):
        self.params, self.velocities = params, {}

    def step(self):
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    self.move(p, p.grad, self.velocities.setdefault(p, {}))


@mistake(
    "sgd", kind="api",
    en="A Parameter whose .grad is None makes step() fail; it has to be skipped.",
    vi="Parameter có .grad là None làm step() bị lỗi; phải bỏ qua Parameter đó.",
    hint_en="if p.grad is None: continue.",
    hint_vi="if p.grad is None: continue.",
)  # fmt: skip
class sgd_needs_every_gradient(_SGD):
    def step(self):
        with torch.no_grad():
            for p, state in zip(self.params, self.states):  # noqa: B905
                self.move(p, p.grad, state)


@mistake(
    "sgd", kind="state",
    en="A Parameter without a gradient is moved on by its velocity; it should wait.",
    vi="Parameter không có gradient vẫn bị vận tốc đẩy đi tiếp; nó phải đứng yên.",
)  # fmt: skip
class coasts_without_a_gradient(_SGD):
    def step(self):
        with torch.no_grad():
            for p, state in zip(self.params, self.states):  # noqa: B905
                self.move(p, torch.zeros_like(p) if p.grad is None else p.grad, state)


@mistake(
    "sgd", kind="state",
    en="The velocities stand in the class, so all optimizers share them; they belong into __init__.",
    vi="Các vận tốc nằm ở class nên mọi optimizer dùng chung; chúng phải được tạo trong __init__.",
)  # fmt: skip
class velocities_of_the_class(_SGD):
    states = []

    def start(self, params):
        self.params = list(params)
        type(self).states = [{} for _ in self.params]

    def move(self, p, g, state):
        if "v" in state and state["v"].shape != p.shape:
            state.clear()
        super().move(p, g, state)


@mistake(
    "sgd", kind="graph",
    en="The update is recorded by autograd: changing a leaf in place outside of torch.no_grad() raises.",
    vi="Autograd ghi lại phép cập nhật: sửa tại chỗ một leaf ngoài torch.no_grad() sẽ báo lỗi.",
)  # fmt: skip
class sgd_recorded(_SGD):
    def step(self):
        for p, state in zip(self.params, self.states):  # noqa: B905
            if p.grad is not None:
                self.move(p, p.grad, state)


@mistake(
    "sgd", kind="inplace",
    en="p = p − … gives a new tensor the name p; the Parameter of the model stays where it was.",
    vi="p = p − … chỉ đặt tên p cho một tensor mới; Parameter của model vẫn đứng yên.",
    hint_en="p -= … or p.sub_(…) changes the Parameter itself.",
    hint_vi="p -= … hoặc p.sub_(…) mới sửa chính Parameter.",
)  # fmt: skip
class sgd_rebinds(_SGD):
    def move(self, p, g, state):
        state["v"] = self.momentum * state.get("v", 0) + g + self.weight_decay * p
        p = p - self.lr * state["v"]


@mistake(
    "sgd", kind="state",
    en="zero_grad() does nothing, so the gradients of all steps add up.",
    vi="zero_grad() không làm gì, nên gradient của mọi bước bị cộng dồn.",
)  # fmt: skip
class sgd_never_forgets(_SGD):
    def zero_grad(self):
        pass


@alternative("sgd")
class sgd_with_lr_in_the_velocity:
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
        self.params = [*params]
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.velocity = {}

    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is None:
                continue
            v = -self.lr * (p.grad + self.weight_decay * p)
            if p in self.velocity:
                v += self.momentum * self.velocity[p]
            self.velocity[p] = v
            p.add_(v)

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.zero_()


@alternative("sgd")
class sgd_by_data:
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
        self.params, self.lr, self.momentum, self.weight_decay = tuple(params), lr, momentum, weight_decay
        self.buffers = [None] * len(self.params)

    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = p.grad.detach().clone()
            g.add_(p.data, alpha=self.weight_decay)
            if self.buffers[i] is None:
                self.buffers[i] = g
            else:
                self.buffers[i] = self.buffers[i] * self.momentum + g
            p.data = p.data - self.lr * self.buffers[i]

    def zero_grad(self):
        for p in self.params:
            p.grad = None


@alternative("sgd")
class sgd_on_the_base_class(torch.optim.Optimizer):
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    g = p.grad.add(p, alpha=group["weight_decay"])
                    state = self.state[p]
                    state["v"] = state["v"] * group["momentum"] + g if "v" in state else g
                    p.sub_(state["v"], alpha=group["lr"])


# Adagrad


@mistake(
    "adagrad", kind="api",
    en="torch.optim.Adagrad does the work; the update is to be written by you.",
    vi="torch.optim.Adagrad làm thay bạn; phép cập nhật phải do bạn tự viết.",
)  # fmt: skip
class adagrad_of_torch(torch.optim.Adagrad):
    def __init__(self, params, lr, eps):
        super().__init__(params, lr=lr, eps=eps)


@mistake(
    "adagrad", kind="formula",
    en="eps stands under the root; it is added to the root.",
    vi="eps nằm trong dấu căn; nó phải được cộng vào căn.",
    hint_en="√s + eps, not √(s + eps).",
    hint_vi="√s + eps, không phải √(s + eps).",
)  # fmt: skip
class adagrad_eps_under_the_root(_Adagrad):
    def move(self, p, g, state):
        state["s"] = state.get("s", 0) + g**2
        p -= self.lr * g / (state["s"] + self.eps).sqrt()


@mistake(
    "adagrad", kind="formula",
    en="The root is missing: the gradient is divided by the sum of the squares itself.",
    vi="Thiếu căn bậc hai: gradient bị chia thẳng cho tổng bình phương.",
)  # fmt: skip
class adagrad_without_root(_Adagrad):
    def move(self, p, g, state):
        state["s"] = state.get("s", 0) + g**2
        p -= self.lr * g / (state["s"] + self.eps)


@mistake(
    "adagrad", kind="order",
    en="The step is taken before the present gradient is in the sum.",
    vi="Bước đi được thực hiện trước khi gradient hiện tại vào tổng.",
    hint_en="First s ← s + g², then move.",
    hint_vi="Trước hết s ← s + g², rồi mới di chuyển.",
)  # fmt: skip
class adagrad_moves_first(_Adagrad):
    def move(self, p, g, state):
        s = state.get("s", torch.zeros_like(g))
        p -= self.lr * g / (s.sqrt() + self.eps)
        state["s"] = s + g**2


@mistake(
    "adagrad", kind="state",
    en="The sum starts anew in every step: s is the square of the present gradient alone.",
    vi="Tổng bắt đầu lại ở mỗi bước: s chỉ là bình phương của gradient hiện tại.",
)  # fmt: skip
class adagrad_without_memory(_Adagrad):
    def move(self, p, g, state):
        p -= self.lr * g / ((g**2).sqrt() + self.eps)


@mistake(
    "adagrad", kind="reduction",
    en="One number is kept for a whole Parameter, the sum over all its entries; each entry has its own s.",
    vi="Bạn chỉ giữ một số cho cả Parameter, tổng trên mọi phần tử; mỗi phần tử phải có s riêng.",
    hint_en="s has the shape of p.",
    hint_vi="s có cùng shape với p.",
)  # fmt: skip
class adagrad_one_sum_for_all(_Adagrad):
    def move(self, p, g, state):
        state["s"] = state.get("s", 0) + (g**2).sum()
        p -= self.lr * g / (state["s"].sqrt() + self.eps)


@mistake(
    "adagrad", kind="formula",
    en="The gradients are added up instead of their squares.",
    vi="Bạn cộng dồn gradient thay vì bình phương của chúng.",
)  # fmt: skip
class adagrad_absolute_sum(_Adagrad):
    def move(self, p, g, state):
        state["s"] = state.get("s", 0) + g.abs()
        p -= self.lr * g / (state["s"].sqrt() + self.eps)


@mistake(
    "adagrad", kind="state",
    en="A generator is kept as it is, and it can be walked only once: the steps after the first do nothing.",
    vi="Bạn giữ nguyên generator, mà generator chỉ duyệt được một lần: các bước sau bước đầu không làm gì cả.",
)  # fmt: skip
class adagrad_generator_kept(_Adagrad):
    def start(self, params):
        self.params, self.sums = params, {}

    def step(self):
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    self.move(p, p.grad, self.sums.setdefault(p, {}))


@mistake(
    "adagrad", kind="api",
    en="A Parameter whose .grad is None makes step() fail; it has to be skipped.",
    vi="Parameter có .grad là None làm step() bị lỗi; phải bỏ qua Parameter đó.",
)  # fmt: skip
class adagrad_needs_every_gradient(_Adagrad):
    def step(self):
        with torch.no_grad():
            for p, state in zip(self.params, self.states):  # noqa: B905
                self.move(p, p.grad, state)


@mistake(
    "adagrad", kind="inplace",
    en="p.grad itself is divided; step() must not change the gradients.",
    vi="Chính p.grad bị chia; step() không được sửa gradient.",
)  # fmt: skip
class adagrad_divides_the_gradient(_Adagrad):
    def move(self, p, g, state):
        state["s"] = state.get("s", 0) + g**2
        g /= state["s"].sqrt() + self.eps
        p -= self.lr * g


@alternative("adagrad")
class adagrad_in_place:
    def __init__(self, params, lr, eps):
        self.state = {p: torch.zeros_like(p.data) for p in params}
        self.lr, self.eps = lr, eps

    @torch.no_grad()
    def step(self):
        for p, s in self.state.items():
            if p.grad is None:
                continue
            s.addcmul_(p.grad, p.grad)
            p.addcdiv_(p.grad, s.sqrt().add_(self.eps), value=-self.lr)

    def zero_grad(self):
        for p in self.state:
            p.grad = None


@alternative("adagrad")
class adagrad_with_a_norm:
    """The root of the sum is remembered, and grows by Pythagoras."""

    def __init__(self, params, lr, eps):
        self.params, self.lr, self.eps = list(params), lr, eps
        self.roots = {}

    def step(self):
        for i, p in enumerate(self.params):
            g = p.grad
            if g is not None:
                root = torch.hypot(self.roots.get(i, torch.zeros_like(g)), g)
                self.roots[i] = root
                p.data -= g * self.lr / (root + self.eps)

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.detach_()
                p.grad.zero_()


# RMSprop


@mistake(
    "rmsprop", kind="api",
    en="torch.optim.RMSprop does the work; the update is to be written by you.",
    vi="torch.optim.RMSprop làm thay bạn; phép cập nhật phải do bạn tự viết.",
)  # fmt: skip
class rmsprop_of_torch(torch.optim.RMSprop):
    def __init__(self, params, lr, alpha, eps):
        super().__init__(params, lr=lr, alpha=alpha, eps=eps)


@mistake(
    "rmsprop", kind="formula",
    en="eps stands under the root; torch adds it to the root.",
    vi="eps nằm trong dấu căn; torch cộng nó vào căn.",
    hint_en="√s + eps, not √(s + eps).",
    hint_vi="√s + eps, không phải √(s + eps).",
)  # fmt: skip
class rmsprop_eps_under_the_root(_RMSprop):
    def move(self, p, g, state):
        state["s"] = self.alpha * state.get("s", 0) + (1 - self.alpha) * g**2
        p -= self.lr * g / (state["s"] + self.eps).sqrt()


@mistake(
    "rmsprop", kind="formula",
    en="alpha and 1 − alpha are exchanged: alpha weighs the past.",
    vi="alpha và 1 − alpha bị đổi chỗ: alpha là trọng số của quá khứ.",
)  # fmt: skip
class alpha_exchanged(_RMSprop):
    def move(self, p, g, state):
        state["s"] = (1 - self.alpha) * state.get("s", 0) + self.alpha * g**2
        p -= self.lr * g / (state["s"].sqrt() + self.eps)


@mistake(
    "rmsprop", kind="formula",
    en="The squares are added up as in Adagrad; RMSprop keeps a fading average.",
    vi="Các bình phương được cộng dồn như Adagrad; RMSprop giữ một trung bình phai dần.",
)  # fmt: skip
class rmsprop_adds_up(_RMSprop):
    def move(self, p, g, state):
        state["s"] = state.get("s", 0) + g**2
        p -= self.lr * g / (state["s"].sqrt() + self.eps)


@mistake(
    "rmsprop", kind="formula",
    en="The present square comes in whole; it is weighed with 1 − alpha.",
    vi="Bình phương hiện tại được lấy nguyên; nó phải nhân với 1 − alpha.",
)  # fmt: skip
class square_not_weighed(_RMSprop):
    def move(self, p, g, state):
        state["s"] = self.alpha * state.get("s", 0) + g**2
        p -= self.lr * g / (state["s"].sqrt() + self.eps)


@mistake(
    "rmsprop", kind="initialisation",
    en="The average starts at the first square; it starts at 0.",
    vi="Trung bình bắt đầu từ bình phương đầu tiên; nó phải bắt đầu từ 0.",
)  # fmt: skip
class starts_at_the_first_square(_RMSprop):
    def move(self, p, g, state):
        state["s"] = self.alpha * state.get("s", g**2) + (1 - self.alpha) * g**2
        p -= self.lr * g / (state["s"].sqrt() + self.eps)


@mistake(
    "rmsprop", kind="formula",
    en="The average is corrected for its start at 0, as in Adam; RMSprop does not do that.",
    vi="Trung bình được hiệu chỉnh vì bắt đầu từ 0 như trong Adam; RMSprop không làm vậy.",
)  # fmt: skip
class rmsprop_corrected(_RMSprop):
    def move(self, p, g, state):
        state["t"] = state.get("t", 0) + 1
        state["s"] = self.alpha * state.get("s", 0) + (1 - self.alpha) * g**2
        root = (state["s"] / (1 - self.alpha ** state["t"])).sqrt()
        p -= self.lr * g / (root + self.eps)


@mistake(
    "rmsprop", kind="state",
    en="A generator is kept as it is, and it can be walked only once: the steps after the first do nothing.",
    vi="Bạn giữ nguyên generator, mà generator chỉ duyệt được một lần: các bước sau bước đầu không làm gì cả.",
)  # fmt: skip
class rmsprop_generator_kept(_RMSprop):
    def start(self, params):
        self.params, self.squares = params, {}

    def step(self):
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    self.move(p, p.grad, self.squares.setdefault(p, {}))


@mistake(
    "rmsprop", kind="api",
    en="A Parameter whose .grad is None makes step() fail; it has to be skipped.",
    vi="Parameter có .grad là None làm step() bị lỗi; phải bỏ qua Parameter đó.",
)  # fmt: skip
class rmsprop_needs_every_gradient(_RMSprop):
    def step(self):
        with torch.no_grad():
            for p, state in zip(self.params, self.states):  # noqa: B905
                self.move(p, p.grad, state)


@mistake(
    "rmsprop", kind="inplace",
    en="p.grad is squared in place; step() must not change the gradients.",
    vi="p.grad bị bình phương tại chỗ; step() không được sửa gradient.",
)  # fmt: skip
class squares_the_gradient(_RMSprop):
    def move(self, p, g, state):
        old = g.clone()
        state["s"] = self.alpha * state.get("s", 0) + (1 - self.alpha) * g.square_()
        p -= self.lr * old / (state["s"].sqrt() + self.eps)


@alternative("rmsprop")
class rmsprop_by_lerp:
    def __init__(self, params, lr, alpha, eps):
        self.state = [(p, torch.zeros_like(p, requires_grad=False)) for p in params]
        self.lr, self.alpha, self.eps = lr, alpha, eps

    @torch.no_grad()
    def step(self):
        for p, s in self.state:
            if p.grad is None:
                continue
            s.lerp_(p.grad.square(), 1 - self.alpha)
            p.addcdiv_(p.grad, s.sqrt() + self.eps, value=-self.lr)

    def zero_grad(self):
        for p, _ in self.state:
            p.grad = None


@alternative("rmsprop")
class rmsprop_by_setdefault:
    def __init__(self, params, lr, alpha, eps):
        self.params, self.lr, self.alpha, self.eps = list(params), lr, alpha, eps
        self.state = {}

    def step(self):
        with torch.inference_mode(False), torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    s = self.state.setdefault(id(p), p.new_zeros(p.shape))
                    s.mul_(self.alpha).addcmul_(p.grad, p.grad, value=1 - self.alpha)
                    p.copy_(p - p.grad / ((s**0.5 + self.eps) / self.lr))

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad = torch.zeros_like(p.grad)


# Adam


@mistake(
    "adam", kind="api",
    en="torch.optim.Adam does the work; the update is to be written by you.",
    vi="torch.optim.Adam làm thay bạn; phép cập nhật phải do bạn tự viết.",
)  # fmt: skip
class adam_of_torch:
    def __init__(self, params, lr, betas, eps, weight_decay):
        self.optimizer = torch.optim.Adam(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        self.step, self.zero_grad = self.optimizer.step, self.optimizer.zero_grad


@mistake(
    "adam", kind="statistics",
    en="The averages are not corrected for their start at 0.",
    vi="Các trung bình không được hiệu chỉnh vì bắt đầu từ 0.",
    hint_en="m̂ = m / (1 − b1ᵗ), v̂ = v / (1 − b2ᵗ), with t = 1 in the first step.",
    hint_vi="m̂ = m / (1 − b1ᵗ), v̂ = v / (1 − b2ᵗ), với t = 1 ở bước đầu tiên.",
)  # fmt: skip
class adam_uncorrected(_Adam):
    def move(self, p, g, state):
        m, v, _ = self.averages(g + self.weight_decay * p, state)
        p -= self.lr * m / (v.sqrt() + self.eps)


@mistake(
    "adam", kind="statistics",
    en="Only m is corrected; v starts at 0, too.",
    vi="Chỉ m được hiệu chỉnh; v cũng bắt đầu từ 0.",
)  # fmt: skip
class only_m_corrected(_Adam):
    def move(self, p, g, state):
        m, v, t = self.averages(g + self.weight_decay * p, state)
        p -= self.lr * m / (1 - self.betas[0] ** t) / (v.sqrt() + self.eps)


@mistake(
    "adam", kind="state",
    en="The corrected averages are stored, so they are corrected again in each step.",
    vi="Các trung bình đã hiệu chỉnh được lưu lại, nên mỗi bước chúng lại bị hiệu chỉnh thêm lần nữa.",
)  # fmt: skip
class corrected_averages_stored(_Adam):
    def move(self, p, g, state):
        m, v = self.corrected(g + self.weight_decay * p, state)
        state["m"], state["v"] = m, v
        p -= self.lr * m / (v.sqrt() + self.eps)


@mistake(
    "adam", kind="formula",
    en="eps stands under the root; torch adds it to the root of the corrected average.",
    vi="eps nằm trong dấu căn; torch cộng nó vào căn của trung bình đã hiệu chỉnh.",
)  # fmt: skip
class adam_eps_under_the_root(_Adam):
    def move(self, p, g, state):
        m, v = self.corrected(g + self.weight_decay * p, state)
        p -= self.lr * m / (v + self.eps).sqrt()


@mistake(
    "adam", kind="formula",
    en="eps is added before the correction of v; it comes after it.",
    vi="eps được cộng trước khi hiệu chỉnh v; nó phải được cộng sau.",
    hint_en="√v̂ + eps, where v̂ is already corrected.",
    hint_vi="√v̂ + eps, trong đó v̂ đã được hiệu chỉnh.",
)  # fmt: skip
class eps_before_the_correction(_Adam):
    def move(self, p, g, state):
        m, v, t = self.averages(g + self.weight_decay * p, state)
        b1, b2 = self.betas
        rate = self.lr * math.sqrt(1 - b2**t) / (1 - b1**t)
        p -= rate * m / (v.sqrt() + self.eps)


@mistake(
    "adam", kind="state",
    en="One t counts the calls of step() for all; a Parameter that has waited must have a count of its own.",
    vi="Một t đếm số lần gọi step() cho tất cả; Parameter từng phải chờ cần có số đếm riêng.",
)  # fmt: skip
class one_count_for_all(_Adam):
    t = 0

    def step(self):
        self.t += 1
        super().step()

    def averages(self, g, state):
        m, v, _ = super().averages(g, state)
        return m, v, self.t


@mistake(
    "adam", kind="state",
    en="t grows with every Parameter; it counts the steps of one Parameter.",
    vi="t tăng theo từng Parameter; nó phải đếm số bước của riêng một Parameter.",
)  # fmt: skip
class counts_parameters(_Adam):
    t = 0

    def averages(self, g, state):
        self.t += 1
        m, v, _ = super().averages(g, state)
        return m, v, self.t


@mistake(
    "adam", kind="formula",
    en="The weight decay is AdamW's, beside the averages; Adam's goes into the gradient.",
    vi="Weight decay kiểu AdamW, nằm ngoài các trung bình; trong Adam nó phải vào gradient.",
)  # fmt: skip
class adam_decays_like_adamw(_Adam):
    def move(self, p, g, state):
        p -= self.lr * self.weight_decay * p
        m, v = self.corrected(g, state)
        p -= self.lr * m / (v.sqrt() + self.eps)


@mistake(
    "adam", kind="formula",
    en="Weight decay is missing: weight_decay · p has to be added to the gradient.",
    vi="Thiếu weight decay: phải cộng weight_decay · p vào gradient.",
)  # fmt: skip
class adam_without_decay(_Adam):
    def move(self, p, g, state):
        super().move(p, g - self.weight_decay * p, state)


@mistake(
    "adam", kind="formula",
    en="Weight decay reaches m alone; the gradient in v has it, too.",
    vi="Weight decay chỉ vào m; gradient trong v cũng phải có nó.",
)  # fmt: skip
class decay_in_m_alone(_Adam):
    def move(self, p, g, state):
        b1, b2 = self.betas
        state["t"] = t = state.get("t", 0) + 1
        state["m"] = b1 * state.get("m", 0) + (1 - b1) * (g + self.weight_decay * p)
        state["v"] = b2 * state.get("v", 0) + (1 - b2) * g**2
        p -= self.lr * state["m"] / (1 - b1**t) / ((state["v"] / (1 - b2**t)).sqrt() + self.eps)


@mistake(
    "adam", kind="order",
    en="The betas are exchanged: the first belongs to m, the second to v.",
    vi="Hai beta bị đổi chỗ: số đầu thuộc về m, số sau thuộc về v.",
)  # fmt: skip
class betas_exchanged(_Adam):
    def __init__(self, params, lr, betas, eps, weight_decay):
        super().__init__(params, lr, betas[::-1], eps, weight_decay)


@mistake(
    "adam", kind="formula",
    en="v averages the gradient; it averages its square.",
    vi="v lấy trung bình của gradient; nó phải lấy trung bình của bình phương.",
)  # fmt: skip
class v_of_the_gradient(_Adam):
    def averages(self, g, state):
        b1, b2 = self.betas
        state["t"] = state.get("t", 0) + 1
        state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        state["v"] = b2 * state.get("v", 0) + (1 - b2) * g.abs()
        return state["m"], state["v"], state["t"]


@mistake(
    "adam", kind="api",
    en="A Parameter whose .grad is None makes step() fail; it has to be skipped.",
    vi="Parameter có .grad là None làm step() bị lỗi; phải bỏ qua Parameter đó.",
)  # fmt: skip
class adam_needs_every_gradient(_Adam):
    def step(self):
        with torch.no_grad():
            for p, state in zip(self.params, self.states):  # noqa: B905
                self.move(p, p.grad, state)


@mistake(
    "adam", kind="inplace",
    en="Weight decay is added to p.grad itself; step() must not change the gradients.",
    vi="Weight decay bị cộng thẳng vào p.grad; step() không được sửa gradient.",
)  # fmt: skip
class adam_decay_written_into_the_gradient(_Adam):
    def move(self, p, g, state):
        g += self.weight_decay * p
        m, v = self.corrected(g, state)
        p -= self.lr * m / (v.sqrt() + self.eps)


@mistake(
    "adam", kind="state",
    en="A generator is kept as it is, and it can be walked only once: the steps after the first do nothing.",
    vi="Bạn giữ nguyên generator, mà generator chỉ duyệt được một lần: các bước sau bước đầu không làm gì cả.",
)  # fmt: skip
class adam_generator_kept(_Adam):
    def start(self, params):
        self.params, self.memory = params, {}

    def step(self):
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    self.move(p, p.grad, self.memory.setdefault(p, {}))


@alternative("adam")
class adam_as_torch_writes_it:
    def __init__(self, params, lr, betas, eps, weight_decay):
        self.params, self.lr, self.eps, self.weight_decay = list(params), lr, eps, weight_decay
        self.beta1, self.beta2 = betas
        self.exp_avg = [torch.zeros_like(p) for p in self.params]
        self.exp_avg_sq = [torch.zeros_like(p) for p in self.params]
        self.steps = [0] * len(self.params)

    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            self.steps[i] += 1
            g = p.grad.add(p, alpha=self.weight_decay)
            self.exp_avg[i].lerp_(g, 1 - self.beta1)
            self.exp_avg_sq[i].mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
            step_size = self.lr / (1 - self.beta1 ** self.steps[i])
            root = math.sqrt(1 - self.beta2 ** self.steps[i])
            p.addcdiv_(self.exp_avg[i], self.exp_avg_sq[i].sqrt().div_(root).add_(self.eps), value=-step_size)

    def zero_grad(self):
        for p in self.params:
            p.grad = None


@alternative("adam")
class adam_with_sums_of_weights:
    """The correction by dividing through the sum of the weights that have come together."""

    def __init__(self, params, lr, betas, eps, weight_decay):
        self.settings = lr, betas, eps, weight_decay
        self.params, self.memory = [*params], {}

    def step(self):
        lr, (b1, b2), eps, weight_decay = self.settings
        for p in self.params:
            if p.grad is not None:
                g = p.grad + weight_decay * p.detach()
                m, v, wm, wv = self.memory.get(p, (0.0, 0.0, 0.0, 0.0))
                m, wm = b1 * m + (1 - b1) * g, b1 * wm + (1 - b1)
                v, wv = b2 * v + (1 - b2) * g * g, b2 * wv + (1 - b2)
                self.memory[p] = m, v, wm, wv
                with torch.no_grad():
                    p.sub_(lr * (m / wm) / (torch.sqrt(v / wv) + eps))

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.zero_()


# AdamW


@mistake(
    "adamw", kind="api",
    en="torch.optim.AdamW does the work; the update is to be written by you.",
    vi="torch.optim.AdamW làm thay bạn; phép cập nhật phải do bạn tự viết.",
)  # fmt: skip
class adamw_of_torch(torch.optim.AdamW):
    def __init__(self, params, lr, betas, eps, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


@mistake(
    "adamw", kind="formula",
    en="The decay goes through the gradient and the averages: that is Adam's L2 term.",
    vi="Weight decay đi qua gradient và các trung bình: đó là L2 của Adam.",
    hint_en="Shrink p by itself: p ← p − lr · weight_decay · p.",
    hint_vi="Thu nhỏ riêng p: p ← p − lr · weight_decay · p.",
)  # fmt: skip
class adamw_decays_like_adam(_AdamW):
    def move(self, p, g, state):
        m, v = self.corrected(g + self.weight_decay * p, state)
        p -= self.lr * m / (v.sqrt() + self.eps)


@mistake(
    "adamw", kind="scale",
    en="The decay is not multiplied by lr.",
    vi="Weight decay không được nhân với lr.",
)  # fmt: skip
class decay_without_lr(_AdamW):
    def move(self, p, g, state):
        p -= self.weight_decay * p
        m, v = self.corrected(g, state)
        p -= self.lr * m / (v.sqrt() + self.eps)


@mistake(
    "adamw", kind="order",
    en="The decay comes after the Adam step; torch shrinks the weights first.",
    vi="Weight decay đến sau bước Adam; torch thu nhỏ trọng số trước.",
)  # fmt: skip
class decay_after_the_step(_AdamW):
    def move(self, p, g, state):
        m, v = self.corrected(g, state)
        p -= self.lr * m / (v.sqrt() + self.eps)
        p -= self.lr * self.weight_decay * p


@mistake(
    "adamw", kind="api",
    en="The default of weight_decay is 0; AdamW's is 0.01.",
    vi="Giá trị mặc định của weight_decay là 0; của AdamW là 0.01.",
)  # fmt: skip
class no_decay_by_default(_AdamW):
    def __init__(self, params, lr, betas, eps, weight_decay=0.0):
        super().__init__(params, lr, betas, eps, weight_decay)


@mistake(
    "adamw", kind="formula",
    en="There is no decay at all: this is Adam.",
    vi="Hoàn toàn không có weight decay: đây chỉ là Adam.",
)  # fmt: skip
class adamw_without_decay(_AdamW):
    def move(self, p, g, state):
        m, v = self.corrected(g, state)
        p -= self.lr * m / (v.sqrt() + self.eps)


@mistake(
    "adamw", kind="state",
    en="A Parameter without a gradient decays, too; it should wait.",
    vi="Parameter không có gradient cũng bị weight decay; nó phải đứng yên.",
)  # fmt: skip
class decays_without_a_gradient(_AdamW):
    def step(self):
        with torch.no_grad():
            for p, state in zip(self.params, self.states):  # noqa: B905
                p -= self.lr * self.weight_decay * p
                if p.grad is not None:
                    m, v = self.corrected(p.grad, state)
                    p -= self.lr * m / (v.sqrt() + self.eps)


@mistake(
    "adamw", kind="statistics",
    en="The averages are not corrected for their start at 0.",
    vi="Các trung bình không được hiệu chỉnh vì bắt đầu từ 0.",
)  # fmt: skip
class adamw_uncorrected(_AdamW):
    def move(self, p, g, state):
        p -= self.lr * self.weight_decay * p
        m, v, _ = self.averages(g, state)
        p -= self.lr * m / (v.sqrt() + self.eps)


@mistake(
    "adamw", kind="formula",
    en="eps stands under the root; torch adds it to the root of the corrected average.",
    vi="eps nằm trong dấu căn; torch cộng nó vào căn của trung bình đã hiệu chỉnh.",
)  # fmt: skip
class adamw_eps_under_the_root(_AdamW):
    def move(self, p, g, state):
        p -= self.lr * self.weight_decay * p
        m, v = self.corrected(g, state)
        p -= self.lr * m / (v + self.eps).sqrt()


@mistake(
    "adamw", kind="state",
    en="One t counts the calls of step() for all; a Parameter that has waited must have a count of its own.",
    vi="Một t đếm số lần gọi step() cho tất cả; Parameter từng phải chờ cần có số đếm riêng.",
)  # fmt: skip
class adamw_one_count_for_all(_AdamW):
    t = 0

    def step(self):
        self.t += 1
        super().step()

    def averages(self, g, state):
        m, v, _ = super().averages(g, state)
        return m, v, self.t


@mistake(
    "adamw", kind="inplace",
    en="The gradient is multiplied in place to make room for m; step() must not change the gradients.",
    vi="Gradient bị nhân tại chỗ để tính m; step() không được sửa gradient.",
)  # fmt: skip
class adamw_changes_the_gradient(_AdamW):
    def averages(self, g, state):
        b1, b2 = self.betas
        state["t"] = state.get("t", 0) + 1
        state["v"] = b2 * state.get("v", 0) + (1 - b2) * g**2
        state["m"] = b1 * state.get("m", 0) + g.mul_(1 - b1)
        return state["m"], state["v"], state["t"]


@alternative("adamw")
class adamw_as_torch_writes_it:
    def __init__(self, params, lr, betas, eps, weight_decay=1e-2):
        self.lr, self.eps, self.weight_decay = lr, eps, weight_decay
        self.beta1, self.beta2 = betas
        self.state = {p: [0, torch.zeros_like(p), torch.zeros_like(p)] for p in params}

    @torch.no_grad()
    def step(self):
        for p, state in self.state.items():
            if p.grad is None:
                continue
            state[0] += 1
            t, m, v = state
            p.mul_(1 - self.lr * self.weight_decay)
            m.lerp_(p.grad, 1 - self.beta1)
            v.mul_(self.beta2).addcmul_(p.grad, p.grad, value=1 - self.beta2)
            denominator = (v / (1 - self.beta2**t)).sqrt_().add_(self.eps)
            p.addcdiv_(m, denominator, value=-self.lr / (1 - self.beta1**t))

    def zero_grad(self):
        for p in self.state:
            p.grad = None


@alternative("adamw")
class adamw_in_one_assignment(torch.optim.Optimizer):
    def __init__(self, params, lr, betas, eps, weight_decay=0.01):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                t = state["t"] = state.get("t", 0) + 1
                m = state["m"] = state.get("m", 0) * b1 + p.grad * (1 - b1)
                v = state["v"] = state.get("v", 0) * b2 + p.grad.pow(2) * (1 - b2)
                push = m / ((v.sqrt() / math.sqrt(1 - b2**t) + group["eps"]) * (1 - b1**t))
                p.data = p.data - group["lr"] * (group["weight_decay"] * p.data + push)


# clip_grad_norm_


@mistake(
    "clip_grad_norm_", kind="api",
    en="torch.nn.utils.clip_grad_norm_ does the work; the item asks for your own.",
    vi="torch.nn.utils.clip_grad_norm_ làm thay bạn; bài yêu cầu tự viết.",
)  # fmt: skip
def clipped_by_torch(params, max_norm):
    return torch.nn.utils.clip_grad_norm_(params, max_norm)


@mistake(
    "clip_grad_norm_", kind="formula",
    en="Short gradients are lengthened to max_norm; a factor above 1 must become 1.",
    vi="Gradient ngắn bị kéo dài đến max_norm; hệ số lớn hơn 1 phải thành 1.",
    hint_en="The factor is min(…, 1).",
    hint_vi="Hệ số là min(…, 1).",
)  # fmt: skip
def lengthens_too(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = torch.cat([g.flatten() for g in grads]).norm()
    for g in grads:
        g.mul_(max_norm / (norm + 1e-6))
    return norm


@mistake(
    "clip_grad_norm_", kind="reduction",
    en="Every gradient is clipped by its own norm; there is one norm over all of them together.",
    vi="Mỗi gradient bị chặn theo chuẩn riêng; phải có một chuẩn chung cho tất cả.",
)  # fmt: skip
def each_by_itself(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = torch.cat([g.flatten() for g in grads]).norm()
    for g in grads:
        g.mul_((max_norm / (g.norm() + 1e-6)).clamp(max=1))
    return norm


@mistake(
    "clip_grad_norm_", kind="reduction",
    en="The norms of the gradients are added up; it is their squares that add up.",
    vi="Chuẩn của các gradient được cộng lại với nhau; phải cộng bình phương của chúng.",
    hint_en="The norm of the norms is the norm of everything.",
    hint_vi="Chuẩn của các chuẩn chính là chuẩn của tất cả.",
)  # fmt: skip
def norms_added(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = torch.stack([g.norm() for g in grads]).sum()
    for g in grads:
        g.mul_((max_norm / (norm + 1e-6)).clamp(max=1))
    return norm


@mistake(
    "clip_grad_norm_", kind="formula",
    en="Each number is clamped to ±max_norm, which changes the direction: that is clip_grad_value_.",
    vi="Từng số bị chặn trong ±max_norm, làm đổi hướng: đó là clip_grad_value_.",
)  # fmt: skip
def clamps_values(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = torch.cat([g.flatten() for g in grads]).norm()
    for g in grads:
        g.clamp_(-max_norm, max_norm)
    return norm


@mistake(
    "clip_grad_norm_", kind="formula",
    en="The root is missing: the sum of the squares is taken for the norm.",
    vi="Thiếu căn bậc hai: tổng bình phương bị lấy làm chuẩn.",
)  # fmt: skip
def norm_without_root(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = sum((g**2).sum() for g in grads)
    for g in grads:
        g.mul_((max_norm / (norm + 1e-6)).clamp(max=1))
    return norm


@mistake(
    "clip_grad_norm_", kind="return",
    en="The norm afterwards is returned; the item asks for the one before.",
    vi="Bạn trả về chuẩn sau khi chặn; bài yêu cầu chuẩn trước đó.",
)  # fmt: skip
def norm_afterwards(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    factor = (max_norm / (torch.cat([g.flatten() for g in grads]).norm() + 1e-6)).clamp(max=1)
    for g in grads:
        g.mul_(factor)
    return torch.cat([g.flatten() for g in grads]).norm()


@mistake(
    "clip_grad_norm_", kind="inplace",
    en="New tensors replace the gradients; they are to be changed in place.",
    vi="Tensor mới thay cho gradient; phải sửa gradient tại chỗ.",
    hint_en="p.grad.mul_(factor), not p.grad = p.grad * factor.",
    hint_vi="p.grad.mul_(factor), không phải p.grad = p.grad * factor.",
)  # fmt: skip
def new_gradients(params, max_norm):
    params = [p for p in params if p.grad is not None]
    norm = torch.cat([p.grad.flatten() for p in params]).norm()
    for p in params:
        p.grad = p.grad * (max_norm / (norm + 1e-6)).clamp(max=1)
    return norm


@mistake(
    "clip_grad_norm_", kind="state",
    en="The generator is used up by the norm, so the second loop over it clips nothing.",
    vi="Generator đã bị dùng hết khi tính chuẩn, nên vòng lặp thứ hai không chặn được gì.",
)  # fmt: skip
def walked_twice(params, max_norm):
    norm = torch.cat([p.grad.flatten() for p in params if p.grad is not None]).norm()
    for p in params:
        if p.grad is not None:
            p.grad.mul_((max_norm / (norm + 1e-6)).clamp(max=1))
    return norm


@mistake(
    "clip_grad_norm_", kind="api",
    en="A Parameter whose .grad is None makes it fail; it has to be skipped.",
    vi="Parameter có .grad là None gây lỗi; phải bỏ qua Parameter đó.",
)  # fmt: skip
def clip_needs_every_gradient(params, max_norm):
    grads = [p.grad for p in params]
    norm = torch.cat([g.flatten() for g in grads]).norm()
    for g in grads:
        g.mul_((max_norm / (norm + 1e-6)).clamp(max=1))
    return norm


@mistake(
    "clip_grad_norm_", kind="formula",
    en="The weights are clipped; the item asks for the gradients.",
    vi="Bạn chặn các trọng số; bài yêu cầu chặn gradient.",
)  # fmt: skip
def clips_the_weights(params, max_norm):
    params = list(params)
    norm = torch.cat([p.detach().flatten() for p in params]).norm()
    with torch.no_grad():
        for p in params:
            p.mul_((max_norm / (norm + 1e-6)).clamp(max=1))
    return norm


@mistake(
    "clip_grad_norm_", kind="stability",
    en="The small number 1e-6 beside the norm is missing: gradients of 0 become 0 / 0.",
    vi="Thiếu số nhỏ 1e-6 bên cạnh chuẩn: gradient bằng 0 trở thành 0 / 0.",
)  # fmt: skip
def without_the_small_number(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = torch.cat([g.flatten() for g in grads]).norm()
    for g in grads:
        g.mul_(torch.where(norm > max_norm, max_norm / norm, g / g))
    return norm


@mistake(
    "clip_grad_norm_", kind="return",
    en="The norm is a Python float; the item asks for a tensor of shape ().",
    vi="Chuẩn được trả về là số float của Python; bài yêu cầu tensor có shape ().",
)  # fmt: skip
def norm_as_a_float(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = torch.cat([g.flatten() for g in grads]).norm().item()
    for g in grads:
        g.mul_(min(max_norm / (norm + 1e-6), 1.0))
    return norm


@alternative("clip_grad_norm_")
def norm_of_norms(params, max_norm):
    params = [p for p in params if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(p.grad) for p in params]))
    factor = min(max_norm / (norm.item() + 1e-6), 1.0)
    for p in params:
        p.grad *= factor
    return norm


@alternative("clip_grad_norm_")
def by_foreach(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    total = torch.zeros((), dtype=grads[0].dtype)
    for square in torch._foreach_mul(grads, grads):
        total += square.sum()
    norm = total.sqrt()
    if norm + 1e-6 > max_norm:
        torch._foreach_div_(grads, (norm + 1e-6) / max_norm)
    return norm


@alternative("clip_grad_norm_")
def written_by_copy(params, max_norm):
    params = list(params)
    squares = [p.grad.pow(2).sum() for p in params if p.grad is not None]
    norm = torch.sqrt(torch.stack(squares).sum())
    for p in params:
        if p.grad is not None:
            p.grad.copy_(p.grad * torch.clamp(max_norm / (norm + 1e-6), max=1.0))
    return norm


# huber_loss


@mistake(
    "huber_loss", kind="formula",
    en="That is the smooth L1 loss, which is the Huber loss divided by delta.",
    vi="Đó là smooth L1 loss, tức Huber loss chia cho delta.",
)  # fmt: skip
def smooth_l1(pred, target, delta):
    size = (pred - target).abs()
    return torch.where(size < delta, 0.5 * size**2 / delta, size - 0.5 * delta).mean()


@mistake(
    "huber_loss", kind="scale",
    en="The square is not halved.",
    vi="Bình phương không được chia đôi.",
)  # fmt: skip
def whole_square(pred, target, delta):
    size = (pred - target).abs()
    return torch.where(size <= delta, size**2, delta * (size - 0.5 * delta)).mean()


@mistake(
    "huber_loss", kind="formula",
    en="The straight branch is delta · |e| without − delta² / 2, so the two branches do not meet.",
    vi="Nhánh thẳng là delta · |e|, thiếu − delta² / 2, nên hai nhánh không gặp nhau.",
)  # fmt: skip
def branches_apart(pred, target, delta):
    size = (pred - target).abs()
    return torch.where(size <= delta, 0.5 * size**2, delta * size).mean()


@mistake(
    "huber_loss", kind="formula",
    en="The branches are exchanged: large errors are squared.",
    vi="Hai nhánh bị đổi chỗ: lỗi lớn lại bị bình phương.",
)  # fmt: skip
def branches_exchanged(pred, target, delta):
    size = (pred - target).abs()
    return torch.where(size > delta, 0.5 * size**2, delta * (size - 0.5 * delta)).mean()


@mistake(
    "huber_loss", kind="reduction",
    en="The costs are added up; the item asks for their mean.",
    vi="Các giá trị được cộng lại; bài yêu cầu trung bình.",
)  # fmt: skip
def huber_summed(pred, target, delta):
    size = (pred - target).abs()
    return torch.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)).sum()


@mistake(
    "huber_loss", kind="reduction",
    en="The branch is chosen once for all, by the mean error; each element chooses for itself.",
    vi="Nhánh được chọn một lần cho tất cả theo lỗi trung bình; mỗi phần tử phải tự chọn.",
)  # fmt: skip
def one_branch_for_all(pred, target, delta):
    size = (pred - target).abs()
    if size.mean() <= delta:
        return (0.5 * size**2).mean()
    return (delta * (size - 0.5 * delta)).mean()


@mistake(
    "huber_loss", kind="formula",
    en="The absolute value is missing: large negative errors take the square.",
    vi="Thiếu giá trị tuyệt đối: lỗi âm lớn vẫn bị bình phương.",
)  # fmt: skip
def without_abs(pred, target, delta):
    e = pred - target
    return torch.where(e <= delta, 0.5 * e**2, delta * (e - 0.5 * delta)).mean()


@mistake(
    "huber_loss", kind="stability",
    en="Both branches are multiplied by a mask: where e² overflows, infinity · 0 is NaN.",
    vi="Cả hai nhánh được nhân với mask: khi e² tràn số, vô cùng · 0 là NaN.",
    hint_en="torch.where takes the one and ignores the other.",
    hint_vi="torch.where lấy nhánh này và bỏ qua nhánh kia.",
)  # fmt: skip
def masks_multiplied(pred, target, delta):
    size = (pred - target).abs()
    small = (size <= delta).to(size.dtype)
    return (small * 0.5 * size**2 + (1 - small) * delta * (size - 0.5 * delta)).mean()


@mistake(
    "huber_loss", kind="graph",
    en="The loss has left the graph: no gradient reaches pred.",
    vi="Loss đã rời khỏi đồ thị tính toán: gradient không về được pred.",
)  # fmt: skip
def huber_detached(pred, target, delta):
    size = (pred.detach() - target.detach()).abs()
    return torch.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)).mean()


@mistake(
    "huber_loss", kind="gradient",
    en="The target is detached: the item asks for gradients to both.",
    vi="target bị detach: bài yêu cầu gradient về cả hai.",
)  # fmt: skip
def target_detached(pred, target, delta):
    size = (pred - target.detach()).abs()
    return torch.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)).mean()


@alternative("huber_loss")
def by_where(pred, target, delta):
    e = pred - target
    size = torch.abs(e)
    return torch.mean(torch.where(size <= delta, 0.5 * e * e, delta * size - 0.5 * delta**2))


@alternative("huber_loss")
def by_indexing(pred, target, delta):
    e = (target - pred).abs().reshape(-1)
    small = e < delta
    return ((e[small] ** 2).sum() / 2 + (delta * (e[~small] - delta / 2)).sum()) / e.numel()


@alternative("huber_loss")
def square_and_excess(pred, target, delta):
    """Half the square of the clamped error, and delta for each unit beyond."""
    e = pred - target
    inner = e.clamp(-delta, delta)
    return (0.5 * inner**2 + delta * F.relu(e.abs() - delta)).mean()


# label_smoothing_ce


@mistake(
    "label_smoothing_ce", kind="formula",
    en="eps is shared among the C − 1 wrong classes; every class gets eps / C, the right one, too.",
    vi="eps bị chia cho C − 1 lớp sai; mọi lớp đều nhận eps / C, kể cả lớp đúng.",
)  # fmt: skip
def shared_by_the_wrong_ones(logits, y, eps):
    n, c = logits.shape
    target = torch.full((n, c), eps / max(c - 1, 1), dtype=logits.dtype)
    target.scatter_(1, y[:, None], 1 - eps)
    return -(target * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


@mistake(
    "label_smoothing_ce", kind="formula",
    en="The right class has 1 − eps only; its share of eps / C is missing, and the target does not add up to 1.",
    vi="Lớp đúng chỉ có 1 − eps; thiếu phần eps / C của nó, nên tổng của phân phối mục tiêu không bằng 1.",
)  # fmt: skip
def right_class_without_its_share(logits, y, eps):
    n, c = logits.shape
    target = torch.full((n, c), eps / c, dtype=logits.dtype)
    target.scatter_(1, y[:, None], 1 - eps)
    return -(target * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


@mistake(
    "label_smoothing_ce", kind="formula",
    en="The right class keeps its full weight of 1 beside the smoothing.",
    vi="Lớp đúng vẫn giữ trọng số 1 bên cạnh phần làm mềm.",
)  # fmt: skip
def full_weight_kept(logits, y, eps):
    cost = -F.log_softmax(logits, dim=1)
    return (cost.gather(1, y[:, None])[:, 0] + eps * cost.mean(dim=1)).mean()


@mistake(
    "label_smoothing_ce", kind="scale",
    en="Every class gets eps; it is eps / C.",
    vi="Mỗi lớp nhận eps; phải là eps / C.",
)  # fmt: skip
def eps_for_each_class(logits, y, eps):
    cost = -F.log_softmax(logits, dim=1)
    return ((1 - eps) * cost.gather(1, y[:, None])[:, 0] + eps * cost.sum(dim=1)).mean()


@mistake(
    "label_smoothing_ce", kind="formula",
    en="eps is ignored: this is the plain cross-entropy.",
    vi="eps bị bỏ qua: đây là cross-entropy thông thường.",
)  # fmt: skip
def not_smoothed(logits, y, eps):
    return F.nll_loss(F.log_softmax(logits, dim=1), y)


@mistake(
    "label_smoothing_ce", kind="order",
    en="The weights eps and 1 − eps are exchanged.",
    vi="Hai trọng số eps và 1 − eps bị đổi chỗ.",
)  # fmt: skip
def weights_exchanged(logits, y, eps):
    cost = -F.log_softmax(logits, dim=1)
    return (eps * cost.gather(1, y[:, None])[:, 0] + (1 - eps) * cost.mean(dim=1)).mean()


@mistake(
    "label_smoothing_ce", kind="stability",
    en="softmax first and log afterwards: a confident wrong answer gives log 0.",
    vi="softmax trước rồi mới log: câu trả lời sai mà quá chắc chắn cho log 0.",
    hint_en="F.log_softmax does both at once.",
    hint_vi="F.log_softmax làm cả hai cùng lúc.",
)  # fmt: skip
def log_of_softmax(logits, y, eps):
    cost = -torch.log(torch.softmax(logits, dim=1))
    return ((1 - eps) * cost.gather(1, y[:, None])[:, 0] + eps * cost.mean(dim=1)).mean()


@mistake(
    "label_smoothing_ce", kind="reduction",
    en="The examples are added up; the item asks for their mean.",
    vi="Các mẫu được cộng lại; bài yêu cầu trung bình.",
)  # fmt: skip
def smoothed_and_summed(logits, y, eps):
    cost = -F.log_softmax(logits, dim=1)
    return ((1 - eps) * cost.gather(1, y[:, None])[:, 0] + eps * cost.mean(dim=1)).sum()


@mistake(
    "label_smoothing_ce", kind="reduction",
    en="The mean goes over all N · C terms; the classes are added up, the mean goes over the examples.",
    vi="Trung bình lấy trên cả N · C số hạng; phải cộng theo lớp rồi lấy trung bình theo mẫu.",
)  # fmt: skip
def mean_over_everything(logits, y, eps):
    n, c = logits.shape
    target = (1 - eps) * F.one_hot(y, c).to(logits.dtype) + eps / c
    return -(target * F.log_softmax(logits, dim=1)).mean()


@mistake(
    "label_smoothing_ce", kind="reduction",
    en="The softmax goes over the batch (dim=0); the classes are dim=1.",
    vi="softmax lấy theo batch (dim=0); các lớp nằm ở dim=1.",
)  # fmt: skip
def softmax_over_the_batch(logits, y, eps):
    cost = -F.log_softmax(logits, dim=0)
    return ((1 - eps) * cost.gather(1, y[:, None])[:, 0] + eps * cost.mean(dim=1)).mean()


@mistake(
    "label_smoothing_ce", kind="graph",
    en="The loss has left the graph: no gradient reaches the logits.",
    vi="Loss đã rời khỏi đồ thị tính toán: gradient không về được logits.",
)  # fmt: skip
def smoothing_detached(logits, y, eps):
    with torch.no_grad():
        cost = -F.log_softmax(logits, dim=1)
        return ((1 - eps) * cost.gather(1, y[:, None])[:, 0] + eps * cost.mean(dim=1)).mean()


@alternative("label_smoothing_ce")
def by_target_rows(logits, y, eps):
    n, c = logits.shape
    target = torch.full_like(logits, eps / c, requires_grad=False)
    target[torch.arange(n), y] += 1 - eps
    return -(target * logits.log_softmax(dim=-1)).sum() / n


@alternative("label_smoothing_ce")
def by_logsumexp(logits, y, eps):
    right = logits[torch.arange(len(y)), y]
    return (torch.logsumexp(logits, dim=1) - (1 - eps) * right - eps * logits.mean(dim=1)).mean()


@alternative("label_smoothing_ce")
def by_nll_and_one_hot(logits, y, eps):
    logp = nn.LogSoftmax(dim=1)(logits)
    soft = F.one_hot(y, logits.shape[1]).to(logits.dtype) * (1 - eps) + eps / logits.shape[1]
    rows = [-(row * t).sum() for row, t in zip(logp, soft)]  # noqa: B905
    return torch.stack(rows).mean()


# cosine_warmup


def _cosine(q):
    return (1 + math.cos(math.pi * q)) / 2


@mistake(
    "cosine_warmup", kind="indexing",
    en="The ramp is one step ahead: it starts at base / warmup; it starts at 0.",
    vi="Đoạn khởi động đi trước một bước: nó bắt đầu ở base / warmup; phải bắt đầu ở 0.",
)  # fmt: skip
def ramp_one_ahead(step, warmup, total, base, minimum=0.0):
    if step < warmup:
        return base * (step + 1) / warmup
    return minimum + (base - minimum) * _cosine(min((step - warmup) / (total - warmup), 1))


@mistake(
    "cosine_warmup", kind="formula",
    en="The ramp starts at minimum; it starts at 0.",
    vi="Đoạn khởi động bắt đầu từ minimum; phải bắt đầu từ 0.",
)  # fmt: skip
def ramp_from_the_minimum(step, warmup, total, base, minimum=0.0):
    if step < warmup:
        return minimum + (base - minimum) * step / warmup
    return minimum + (base - minimum) * _cosine(min((step - warmup) / (total - warmup), 1))


@mistake(
    "cosine_warmup", kind="formula",
    en="The cosine counts from step 0 to total; it begins where the ramp ends.",
    vi="Cosine tính từ bước 0 đến total; nó phải bắt đầu ở cuối đoạn khởi động.",
    hint_en="q = (step − warmup) / (total − warmup).",
    hint_vi="q = (step − warmup) / (total − warmup).",
)  # fmt: skip
def cosine_from_step_0(step, warmup, total, base, minimum=0.0):
    if step < warmup:
        return base * step / warmup
    return minimum + (base - minimum) * _cosine(min(step / total, 1))


@mistake(
    "cosine_warmup", kind="formula",
    en="The cosine takes total steps after the ramp; the whole schedule has total steps, the ramp among them.",
    vi="Cosine kéo dài total bước sau đoạn khởi động; cả lịch có total bước, kể cả đoạn khởi động.",
)  # fmt: skip
def total_after_the_ramp(step, warmup, total, base, minimum=0.0):
    if step < warmup:
        return base * step / warmup
    return minimum + (base - minimum) * _cosine(min((step - warmup) / total, 1))


@mistake(
    "cosine_warmup", kind="formula",
    en="Behind the end the cosine climbs again; the learning rate stays at minimum.",
    vi="Sau điểm cuối, cosine lại đi lên; learning rate phải giữ ở minimum.",
)  # fmt: skip
def climbs_again(step, warmup, total, base, minimum=0.0):
    if step < warmup:
        return base * step / warmup
    return minimum + (base - minimum) * _cosine((step - warmup) / (total - warmup))


@mistake(
    "cosine_warmup", kind="formula",
    en="The learning rate falls from base + minimum: the cosine spans base − minimum.",
    vi="Learning rate giảm từ base + minimum: cosine chỉ trải trên đoạn base − minimum.",
)  # fmt: skip
def minimum_on_top(step, warmup, total, base, minimum=0.0):
    if step < warmup:
        return base * step / warmup
    return minimum + base * _cosine(min((step - warmup) / (total - warmup), 1))


@mistake(
    "cosine_warmup", kind="formula",
    en="The minimum cuts the curve off with max(…); the cosine should end in it.",
    vi="minimum cắt đường cong bằng max(…); cosine phải kết thúc đúng tại minimum.",
)  # fmt: skip
def cut_off_at_the_minimum(step, warmup, total, base, minimum=0.0):
    if step < warmup:
        return base * step / warmup
    return max(minimum, base * _cosine(min((step - warmup) / (total - warmup), 1)))


@mistake(
    "cosine_warmup", kind="formula",
    en="The way down is a straight line; the item asks for a cosine.",
    vi="Đoạn giảm là đường thẳng; bài yêu cầu cosine.",
)  # fmt: skip
def straight_down(step, warmup, total, base, minimum=0.0):
    if step < warmup:
        return base * step / warmup
    return base + (minimum - base) * min((step - warmup) / (total - warmup), 1)


@mistake(
    "cosine_warmup", kind="stability",
    en="warmup = 0 divides by 0; it means that there is no ramp.",
    vi="warmup = 0 gây chia cho 0; nó có nghĩa là không có đoạn khởi động.",
)  # fmt: skip
def divides_by_no_warmup(step, warmup, total, base, minimum=0.0):
    if step <= warmup:
        return base * step / warmup
    return minimum + (base - minimum) * _cosine(min((step - warmup) / (total - warmup), 1))


@mistake(
    "cosine_warmup", kind="return",
    en="The learning rate is a tensor; the item asks for a Python float.",
    vi="Learning rate là tensor; bài yêu cầu float của Python.",
)  # fmt: skip
def rate_as_a_tensor(step, warmup, total, base, minimum=0.0):
    if step < warmup:
        return torch.tensor(base * step / warmup)
    q = torch.tensor(min((step - warmup) / (total - warmup), 1))
    return minimum + (base - minimum) * (1 + torch.cos(math.pi * q)) / 2


@alternative("cosine_warmup")
def by_half_angles(step, warmup, total, base, minimum=0.0):
    if step >= total:
        return float(minimum)
    if step >= warmup:
        return minimum + (base - minimum) * math.cos(math.pi * (step - warmup) / (2 * (total - warmup))) ** 2
    return step * (base / warmup)


@alternative("cosine_warmup")
def by_torch_numbers(step, warmup, total, base, minimum=0.0):
    ramp = torch.linspace(0, base, warmup + 1, dtype=torch.float64)[:-1]
    angles = torch.linspace(0, math.pi, total - warmup + 1, dtype=torch.float64)
    fall = 0.5 * (base + minimum) + 0.5 * (base - minimum) * torch.cos(angles)
    return torch.cat([ramp, fall])[min(step, total)].item()


# StepLR


class _StepLR:
    def __init__(self, optimizer, step_size, gamma):
        self.optimizer, self.step_size, self.gamma, self.epoch = optimizer, step_size, gamma, 0

    def multiply(self):
        for group in self.optimizer.param_groups:
            group["lr"] *= self.gamma


@mistake(
    "step_lr", kind="api",
    en="torch.optim.lr_scheduler does the work; the item asks for your own.",
    vi="torch.optim.lr_scheduler làm thay bạn; bài yêu cầu tự viết.",
)  # fmt: skip
class step_lr_of_torch:
    def __init__(self, optimizer, step_size, gamma):
        self.scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size, gamma)

    def step(self):
        self.scheduler.step()


@mistake(
    "step_lr", kind="formula",
    en="The learning rate falls with every call; it falls with every step_size-th.",
    vi="Learning rate giảm ở mọi lần gọi; nó chỉ giảm sau mỗi step_size lần gọi.",
)  # fmt: skip
class every_epoch(_StepLR):
    def step(self):
        self.multiply()


@mistake(
    "step_lr", kind="order",
    en="The call is counted after the question, so already the first call multiplies.",
    vi="Lần gọi được đếm sau khi kiểm tra, nên ngay lần đầu đã nhân.",
    hint_en="Count first: calls number step_size, 2 · step_size, … multiply.",
    hint_vi="Hãy đếm trước: các lần gọi thứ step_size, 2 · step_size, … mới nhân.",
)  # fmt: skip
class counted_afterwards(_StepLR):
    def step(self):
        if self.epoch % self.step_size == 0:
            self.multiply()
        self.epoch += 1


@mistake(
    "step_lr", kind="indexing",
    en="Only the first group is changed; every group has a learning rate.",
    vi="Chỉ nhóm đầu tiên được sửa; nhóm nào cũng có learning rate.",
)  # fmt: skip
class first_group_only(_StepLR):
    def step(self):
        self.epoch += 1
        if self.epoch % self.step_size == 0:
            self.optimizer.param_groups[0]["lr"] *= self.gamma


@mistake(
    "step_lr", kind="api",
    en="optimizer.lr is written, an attribute nobody reads; the learning rates stand in param_groups.",
    vi="Bạn ghi vào optimizer.lr, thuộc tính không ai đọc; learning rate nằm trong param_groups.",
)  # fmt: skip
class writes_an_attribute(_StepLR):
    def step(self):
        self.epoch += 1
        if self.epoch % self.step_size == 0:
            self.optimizer.lr = self.optimizer.param_groups[0]["lr"] * self.gamma


@mistake(
    "step_lr", kind="formula",
    en="The learning rate falls once, after step_size calls, and never again.",
    vi="Learning rate chỉ giảm một lần sau step_size lần gọi rồi không giảm nữa.",
)  # fmt: skip
class falls_once(_StepLR):
    def step(self):
        self.epoch += 1
        if self.epoch == self.step_size:
            self.multiply()


@mistake(
    "step_lr", kind="formula",
    en="From the first stair on every call multiplies.",
    vi="Từ bậc đầu tiên trở đi, lần gọi nào cũng nhân.",
)  # fmt: skip
class falls_from_then_on(_StepLR):
    def step(self):
        self.epoch += 1
        if self.epoch >= self.step_size:
            self.multiply()


@mistake(
    "step_lr", kind="formula",
    en="The learning rate falls smoothly, by gamma ** (k / step_size): the division is not a whole one.",
    vi="Learning rate giảm liên tục theo gamma ** (k / step_size): phép chia phải lấy phần nguyên.",
)  # fmt: skip
class smooth_stairs(_StepLR):
    def step(self):
        for group in self.optimizer.param_groups:
            group["lr"] *= self.gamma ** (1 / self.step_size)


@mistake(
    "step_lr", kind="formula",
    en="The learning rate is divided by gamma.",
    vi="Learning rate bị chia cho gamma.",
)  # fmt: skip
class divided_by_gamma(_StepLR):
    def step(self):
        self.epoch += 1
        if self.epoch % self.step_size == 0:
            for group in self.optimizer.param_groups:
                group["lr"] /= self.gamma


@mistake(
    "step_lr", kind="state",
    en="All groups get the learning rate of the first; each keeps its own start.",
    vi="Mọi nhóm nhận learning rate của nhóm đầu; mỗi nhóm phải giữ giá trị ban đầu riêng.",
)  # fmt: skip
class one_rate_for_all(_StepLR):
    def step(self):
        self.epoch += 1
        if self.epoch % self.step_size == 0:
            lr = self.optimizer.param_groups[0]["lr"] * self.gamma
            for group in self.optimizer.param_groups:
                group["lr"] = lr


@mistake(
    "step_lr", kind="state",
    en="The count stands in the class, so all schedulers share it; it belongs into __init__.",
    vi="Số đếm nằm ở class nên mọi scheduler dùng chung; nó phải được tạo trong __init__.",
)  # fmt: skip
class count_of_the_class(_StepLR):
    counts = [0]

    def __init__(self, optimizer, step_size, gamma):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma

    def step(self):
        self.counts[0] += 1
        if self.counts[0] % self.step_size == 0:
            self.multiply()


@alternative("step_lr")
class step_lr_in_closed_form:
    def __init__(self, optimizer, step_size, gamma):
        self.optimizer, self.step_size, self.gamma = optimizer, step_size, gamma
        self.first = [group["lr"] for group in optimizer.param_groups]
        self.epoch = 0

    def step(self):
        self.epoch += 1
        factor = self.gamma ** (self.epoch // self.step_size)
        for group, lr in zip(self.optimizer.param_groups, self.first):  # noqa: B905
            group["lr"] = lr * factor


@alternative("step_lr")
class step_lr_counting_down:
    def __init__(self, optimizer, step_size, gamma):
        self.groups, self.size, self.gamma = optimizer.param_groups, step_size, gamma
        self.left = step_size

    def step(self):
        self.left -= 1
        if self.left:
            return
        self.left = self.size
        for i in range(len(self.groups)):
            self.groups[i]["lr"] = self.groups[i]["lr"] * self.gamma


# param_groups

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def _two(yes, no, weight_decay):
    return [{"params": yes, "weight_decay": weight_decay}, {"params": no, "weight_decay": 0.0}]


@mistake(
    "param_groups", kind="formula",
    en="Everything decays: biases and norms are in the group with weight decay.",
    vi="Mọi thứ đều chịu weight decay: bias và norm cũng nằm trong nhóm đó.",
)  # fmt: skip
def everything_decays(model, weight_decay):
    return _two([p for p in model.parameters() if p.requires_grad], [], weight_decay)


@mistake(
    "param_groups", kind="formula",
    en="Only biases are excepted; the weights of norms still decay.",
    vi="Chỉ loại trừ bias; weight của các lớp norm vẫn chịu weight decay.",
    hint_en="A norm's weight is called weight, as any other: ask its module.",
    hint_vi="Weight của norm cũng tên là weight như mọi lớp khác: hãy hỏi module của nó.",
)  # fmt: skip
def only_biases_excepted(model, weight_decay):
    named = [(name.split(".")[-1], p) for name, p in model.named_parameters() if p.requires_grad]
    return _two([p for n, p in named if "bias" not in n], [p for n, p in named if "bias" in n], weight_decay)


@mistake(
    "param_groups", kind="formula",
    en="Only norms are excepted; the other layers' biases still decay.",
    vi="Chỉ loại trừ norm; bias của các lớp khác vẫn chịu weight decay.",
)  # fmt: skip
def only_norms_excepted(model, weight_decay):
    decay = {}
    for module in model.modules():
        for p in module.parameters(recurse=False):
            if p.requires_grad:
                decay[p] = not isinstance(module, _NORMS)
    return _two([p for p in decay if decay[p]], [p for p in decay if not decay[p]], weight_decay)


@mistake(
    "param_groups", kind="shape",
    en="The number of dimensions decides: a vector may decay, and the weight of nn.LayerNorm((4, 5)) may not.",
    vi="Bạn phân loại theo số chiều: vector vẫn có thể decay, còn weight của nn.LayerNorm((4, 5)) thì không.",
    hint_en="Go by the name (bias) and by the module (norm), not by the shape.",
    hint_vi="Hãy dựa vào tên (bias) và module (norm), không dựa vào shape.",
)  # fmt: skip
def by_dimensions(model, weight_decay):
    ps = [p for p in model.parameters() if p.requires_grad]
    return _two([p for p in ps if p.dim() > 1], [p for p in ps if p.dim() <= 1], weight_decay)


@mistake(
    "param_groups", kind="api",
    en="Only Parameters called exactly bias are biases here; LSTM's bias_ih_l0 and in_proj_bias are, too.",
    vi="Ở đây chỉ Parameter tên đúng là bias mới là bias; bias_ih_l0 của LSTM và in_proj_bias cũng vậy.",
)  # fmt: skip
def exactly_bias(model, weight_decay):
    decay = {}
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            if p.requires_grad:
                decay[p] = name != "bias" and not isinstance(module, _NORMS)
    return _two([p for p in decay if decay[p]], [p for p in decay if not decay[p]], weight_decay)


@mistake(
    "param_groups", kind="api",
    en="The dotted name is searched for bias, so the weight of a layer called bias_net counts as a bias.",
    vi="Bạn tìm bias trong cả tên có dấu chấm, nên weight của lớp tên bias_net bị coi là bias.",
    hint_en="Look at the last part of the name.",
    hint_vi="Hãy xét phần cuối của tên.",
)  # fmt: skip
def bias_anywhere_in_the_name(model, weight_decay):
    norms = {p for m in model.modules() if isinstance(m, _NORMS) for p in m.parameters()}
    yes, no = [], []
    for name, p in model.named_parameters():
        if p.requires_grad:
            (no if "bias" in name or p in norms else yes).append(p)
    return _two(yes, no, weight_decay)


@mistake(
    "param_groups", kind="api",
    en="The name is searched for norm: layers in a Sequential are called 1, 2, …, and a Linear may be called norm.",
    vi="Bạn tìm chữ norm trong tên: các lớp trong Sequential tên là 1, 2, …, còn một Linear có thể tên là norm.",
)  # fmt: skip
def norm_in_the_name(model, weight_decay):
    yes, no = [], []
    for name, p in model.named_parameters():
        if p.requires_grad:
            (no if "bias" in name.split(".")[-1] or "norm" in name else yes).append(p)
    return _two(yes, no, weight_decay)


@mistake(
    "param_groups", kind="state",
    en="A shared Parameter stands in the groups more than once.",
    vi="Parameter dùng chung xuất hiện nhiều lần trong các nhóm.",
    hint_en="Remember which Parameters you have seen.",
    hint_vi="Hãy ghi nhớ những Parameter đã gặp.",
)  # fmt: skip
def shared_twice(model, weight_decay):
    yes, no = [], []
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            if p.requires_grad:
                (no if "bias" in name or isinstance(module, _NORMS) else yes).append(p)
    return _two(yes, no, weight_decay)


@mistake(
    "param_groups", kind="state",
    en="Frozen Parameters (requires_grad=False) stand in the groups.",
    vi="Các Parameter bị đóng băng (requires_grad=False) vẫn nằm trong các nhóm.",
)  # fmt: skip
def frozen_too(model, weight_decay):
    decay = {}
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            decay[p] = "bias" not in name and not isinstance(module, _NORMS)
    return _two([p for p in decay if decay[p]], [p for p in decay if not decay[p]], weight_decay)


@mistake(
    "param_groups", kind="indexing",
    en="Only direct children are visited: deeper layers, and the model's own Parameters, are missing.",
    vi="Chỉ duyệt các con trực tiếp: thiếu những lớp nằm sâu hơn và Parameter của chính model.",
)  # fmt: skip
def children_only(model, weight_decay):
    decay = {}
    for module in model.children():
        for name, p in module.named_parameters(recurse=False):
            if p.requires_grad:
                decay[p] = "bias" not in name and not isinstance(module, _NORMS)
    return _two([p for p in decay if decay[p]], [p for p in decay if not decay[p]], weight_decay)


@mistake(
    "param_groups", kind="order",
    en="The groups are exchanged: biases and norms have the weight decay.",
    vi="Hai nhóm bị đổi chỗ: bias và norm lại chịu weight decay.",
)  # fmt: skip
def groups_exchanged(model, weight_decay):
    decay = {}
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            if p.requires_grad:
                decay[p] = "bias" in name or isinstance(module, _NORMS)
    return _two([p for p in decay if decay[p]], [p for p in decay if not decay[p]], weight_decay)


@mistake(
    "param_groups", kind="api",
    en="BatchNorm is not taken for a norm: its weight decays.",
    vi="BatchNorm không được coi là norm: weight của nó vẫn chịu weight decay.",
)  # fmt: skip
def batch_norm_decays(model, weight_decay):
    decay = {}
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            if p.requires_grad:
                decay[p] = "bias" not in name and not isinstance(module, (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm))
    return _two([p for p in decay if decay[p]], [p for p in decay if not decay[p]], weight_decay)


@alternative("param_groups")
def by_sets_of_norms(model, weight_decay):
    plain = {id(p) for m in model.modules() if isinstance(m, _NORMS) for p in m.parameters(recurse=False)}
    yes, no = [], []
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        own = name.rpartition(".")[2]
        (no if "bias" in own or id(p) in plain else yes).append(p)
    return [{"params": yes, "weight_decay": weight_decay}, {"params": no, "weight_decay": 0.0}]


@alternative("param_groups")
def by_module_names(model, weight_decay):
    modules = dict(model.named_modules())
    groups = [{"params": [], "weight_decay": weight_decay}, {"params": [], "weight_decay": 0.0}]
    for name, p in model.named_parameters():
        owner, _, own = name.rpartition(".")
        if p.requires_grad:
            is_norm = "Norm" in type(modules[owner]).__name__
            groups["bias" in own or is_norm]["params"].append(p)
    return groups


@alternative("param_groups")
def by_recursion(model, weight_decay):
    yes, no, seen = [], [], set()

    def walk(module):
        for name, p in module._parameters.items():
            if p is not None and p.requires_grad and p not in seen:
                seen.add(p)
                (no if name.find("bias") >= 0 or isinstance(module, _NORMS) else yes).append(p)
        for child in module.children():
            walk(child)

    walk(model)
    return _two(yes, no, weight_decay)
