"""u02_autograd: what torch writes down while it computes, and what backward makes of it.

Letters in the shapes: N examples, D entries of a vector, n inputs and m outputs of a function, () no dimensions.
`fn` is always a function of the caller's: it takes one tensor and returns one tensor made from it by operations of
torch. No function here changes its arguments, their `requires_grad` or their `.grad`. A gradient, and the result of a
training loop, is returned without a graph behind it: its grad_fn is None.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]


def track(x: Tensor) -> Tensor:
    """Copy x into a fresh leaf that requires grad: a tensor of your own, from which a graph can grow.

    A *leaf* stands at the end of every path of the graph. It was made by you and not by an operation, its grad_fn is
    None, and it is where backward leaves its result, in `.grad`.

    x has any shape and a float dtype; it may itself require grad, or come out of a computation. The result has x's
    shape, dtype and values and its own memory. It requires grad and is a leaf. x stays as it was: what is written
    into one later does not show in the other, and a backward through the result leaves nothing in x.grad.

    Raises TypeError when x is not floating point (integers, bool): only real numbers can move by a little.

    Example: t = track(torch.tensor([1., 2.])); then t.requires_grad is True, and (t * 3).sum().backward() makes
    t.grad [3., 3.]. track(torch.tensor([1, 2])) raises TypeError.

    Twins: torch.tensor(…, requires_grad=True), torch.nn.Parameter (they raise RuntimeError for integers).
    """
    ### BEGIN SOLUTION
    if not x.is_floating_point():
        raise TypeError(f"only a float tensor can require grad, and this one is {x.dtype}")
    return x.detach().clone().requires_grad_(True)
    ### END SOLUTION


def graph_names(y: Tensor) -> list[str]:
    """Walk the graph behind y back to a leaf, and write down the name of each node on the way.

    Every result of an operation on tracked tensors has a `grad_fn`, a node that knows how to go backwards through this
    operation. Its `next_functions` are pairs (node, number), one for each input of the operation, in the order of the
    inputs. The node is None for an input that needs no gradient, say a constant. A leaf is represented by a node too,
    AccumulateGrad, which has no inputs.

    Begin with y.grad_fn. At each step go on to the first input whose node is not None, until there is none. The result
    is the list of `type(node).__name__`, first that of y.grad_fn, last that of the leaf. When y has no grad_fn (a
    leaf, or a tensor that is not tracked) the list is empty.

    Example: for a leaf x that requires grad, graph_names(x * 2 + 3) is
    ["AddBackward0", "MulBackward0", "AccumulateGrad"].

    Twin: the pictures that packages such as torchviz draw.
    """
    ### BEGIN SOLUTION
    names = []
    node = y.grad_fn
    while node is not None:
        names.append(type(node).__name__)
        node = next((parent for parent, _ in node.next_functions if parent is not None), None)
    return names
    ### END SOLUTION


def accumulate(x: Tensor, fns: list[Function], zero_between: bool) -> Tensor:
    """See what backward does to a gradient that is there already: it adds.

    That is why every training loop sets gradients back. Here you do it with and without.

    x is (D,), float; each fn of fns (at least one) turns (D,) into a scalar (). Make a leaf copy of x. Then for each fn
    in turn, once each: call it on the leaf and call backward on what it returns. With zero_between, the gradient that
    the previous fn has left is removed first. Return the leaf's gradient after the last backward, (D,), x's dtype.

    Example: x = [1., 2.] and fns = [sum of v, sum of v²] have the gradients [1., 1.] and [2., 4.]. Without zeroing the
    result is [3., 5.], with zeroing [2., 4.].

    Twin: what torch.optim.Optimizer.zero_grad is for.
    """
    ### BEGIN SOLUTION
    leaf = x.detach().clone().requires_grad_(True)  # (D,)
    for fn in fns:
        if zero_between:
            leaf.grad = None
        fn(leaf).backward()
    return leaf.grad  # (D,)
    ### END SOLUTION


def grad_of(fn: Function, x: Tensor) -> Tensor:
    """The gradient of fn at x, without a trace: x.grad stays what it was.

    x is (D,), float, and may require grad or not. fn turns (D,) into a scalar (). The result is (D,), x's dtype: entry
    [i] says how fast fn(x) grows with x[i]. Calling grad_of twice gives the same result twice, nothing adds up, and
    x.requires_grad and x.grad are afterwards as they were.

    Example: for fn = the sum of v³ and x = [1., 2.], grad_of(fn, x) is [3., 12.], and x.grad is still None.

    Twins: torch.func.grad(fn)(x); torch.autograd.grad does the work.
    """
    ### BEGIN SOLUTION
    leaf = x.detach().requires_grad_(True)  # the memory of x, but a tensor with a flag of its own
    (grad,) = torch.autograd.grad(fn(leaf), leaf)
    return grad  # (D,)
    ### END SOLUTION


def jacobian(fn: Function, x: Tensor) -> Tensor:
    """All first derivatives of a function with several outputs: entry [i, j] is ∂fn(x)[i] / ∂x[j].

    One backward goes from one number to all inputs, so it gives one row. A function with m outputs needs m of them
    through the same graph, which must be kept for the next one.

    x is (n,), float; fn turns (n,) into (m,), and each of the m outputs is made from x. The result is (m, n), x's
    dtype.

    Example: for fn = [v[0] · v[1], 3 · v[0]] and x = [2., 5.], jacobian(fn, x) is [[5., 2.], [3., 0.]].

    Twins: torch.func.jacrev(fn)(x), torch.autograd.functional.jacobian(fn, x).
    """
    ### BEGIN SOLUTION
    leaf = x.detach().requires_grad_(True)  # (n,)
    y = fn(leaf)  # (m,)
    rows = [torch.autograd.grad(y_i, leaf, retain_graph=True)[0] for y_i in y]  # m times (n,)
    return torch.stack(rows)  # (m, n)
    ### END SOLUTION


def second_derivative(fn: Function, x: Tensor) -> Tensor:
    """The derivative of the derivative of fn at x: how the slope changes.

    x is a float tensor without dimensions; fn turns () into (). The result is (), x's dtype. fn is curved: its graph is
    no straight line (there torch sees a slope that does not depend on x, and has nothing to differentiate).

    A gradient is a plain number unless you ask for a graph of it (`create_graph`). Then it can be differentiated again.
    The result is exact, as every gradient of autograd; a difference of two slopes is not.

    Example: for fn = v³, second_derivative(fn, torch.tensor(2.)) is 12.

    Twin: torch.func.grad(torch.func.grad(fn))(x).
    """
    ### BEGIN SOLUTION
    leaf = x.detach().requires_grad_(True)  # ()
    (slope,) = torch.autograd.grad(fn(leaf), leaf, create_graph=True)  # () with a graph of its own
    (curvature,) = torch.autograd.grad(slope, leaf)
    return curvature  # ()
    ### END SOLUTION


def reuse_graph(x: Tensor, shared: Function, heads: list[Function]) -> list[Tensor]:
    """Compute something expensive once, and take several gradients through it.

    Think of a network with one body and several heads, each with its own loss.

    x is (D,), float. shared turns (D,) into a tensor h of any shape; it must be called exactly once. Each of heads
    turns h into a scalar (). The result is a list with one gradient for each head, in their order: the gradient of
    head(shared(x)) with respect to x, (D,), x's dtype. Each is a tensor of its own and belongs to its head alone:
    nothing adds up. Without heads the list is empty.

    A backward frees what the graph has kept, unless you say otherwise (`retain_graph`).

    Example: for x = [1., 2.], shared = v² and heads = [sum, first entry], the result is [[2., 4.], [2., 0.]].

    Twin: torch.func.vjp(shared, x).
    """
    ### BEGIN SOLUTION
    leaf = x.detach().requires_grad_(True)  # (D,)
    h = shared(leaf)
    return [torch.autograd.grad(head(h), leaf, retain_graph=True)[0] for head in heads]  # (D,) each
    ### END SOLUTION


def stop_tracking(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three ways to leave the graph. Return, in this order:

        1. x's values in x's memory, cut off by detach: what is written into it shows in x
        2. x * 2, computed under torch.no_grad(): a new tensor without a history
        3. a clone of x with requires_grad False and memory of its own: what is written into it does not show in x

    x is a float tensor of any shape that requires grad; it may be a leaf or come out of a computation. The three
    results have its shape and dtype, and none of them requires grad. x still does, and tracking goes on for everything
    that is computed after the call.

    Mind the third: x.clone() is an operation like any other, so its result is in the graph. And requires_grad_(False)
    works on leaves only: it cannot take a result out of the graph.

    Example: x = torch.tensor([1., 2.], requires_grad=True) gives [1., 2.], [2., 4.] and [1., 2.].

    Twins: torch.Tensor.detach, torch.no_grad, torch.Tensor.requires_grad_.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        doubled = x * 2
    return x.detach(), doubled, x.detach().clone().requires_grad_(False)
    ### END SOLUTION


class ClampFn(torch.autograd.Function):
    """clamp as an operation of your own: forward says what it computes, backward how gradients come back through it.

    ClampFn.apply(x, lo, hi) takes x, a float tensor of any shape, and two Python numbers lo <= hi. It returns a tensor
    of x's shape and dtype: x where lo <= x <= hi, lo below, hi above. x is unchanged.

    The gradient passes where x was not cut. The bounds count as inside: at x == lo and x == hi it passes too.
    Elsewhere it is 0.

    forward and backward are static, and they talk through ctx: `ctx.save_for_backward(tensor, …)` puts tensors away,
    `ctx.saved_tensors` gets them back as a tuple. backward receives dout, the gradient of what forward returned, and
    returns one gradient for each argument of forward behind ctx: None for those that are no tensors.

    Example: for x = [-2., -1., 0., 5.] with lo = -1 and hi = 1 the result is [-1., -1., 0., 1.], and for
    dout = [1., 1., 1., 1.] the gradient of x is [0., 1., 1., 0.].

    Twin: torch.clamp.
    """

    @staticmethod
    def forward(ctx, x: Tensor, lo: float, hi: float) -> Tensor:
        ### BEGIN SOLUTION
        ctx.save_for_backward((x >= lo) & (x <= hi))
        return x.clamp(lo, hi)
        ### END SOLUTION

    @staticmethod
    def backward(ctx, dout: Tensor) -> tuple[Tensor, None, None]:
        ### BEGIN SOLUTION
        (inside,) = ctx.saved_tensors
        return dout * inside, None, None
        ### END SOLUTION


def advantage_loss(logp: Tensor, value: Tensor, reward: Tensor) -> Tensor:
    """The loss of an actor that is told by a critic how good its actions were.

    logp, value and reward are (N,), of the same float dtype: for each of N actions the log probability that the actor
    gave it, the reward that the critic had expected, and the reward that came. The result is a scalar ():

        −mean over n of logp[n] · (reward[n] − value[n])

    Its gradient goes to logp. None goes to value (nor to what value was computed from): the difference is a weight
    here, and the critic learns from a loss of its own.

    Example: logp = [-1., -2.], value = [0., 3.] and reward = [2., 2.] give −mean([-2., 2.]) = 0; the gradient of logp
    is [-1., 0.5], that of value is None.

    Twin: the loss of actor–critic in the reinforcement learning examples of PyTorch.
    """
    ### BEGIN SOLUTION
    advantage = (reward - value).detach()  # (N,)
    return -(logp * advantage).mean()  # ()
    ### END SOLUTION


def gd_loop(fn: Function, w: Tensor, lr: float, n: int) -> Tensor:
    """Gradient descent: go n steps downhill on fn, starting at w.

    Each step is  w ← w − lr · (the gradient of fn at w), with the gradient at that w alone: nothing is left over from
    the steps before.

    w is (D,), float; fn turns (D,) into a scalar (); n is at least 0. The result is (D,), w's dtype: w after n steps.
    The caller's w keeps its values, its flag and its `.grad`.

    Example: for fn = the sum of v² the gradient is 2 v, so a step multiplies w by 1 − 2 lr. gd_loop(fn, [4., -8.],
    lr=0.25, n=2) is [1., -2.].

    Twin: torch.optim.SGD.
    """
    ### BEGIN SOLUTION
    w = w.detach()
    for _ in range(n):
        w.requires_grad_(True)
        (grad,) = torch.autograd.grad(fn(w), w)  # (D,)
        w = w.detach() - lr * grad
    return w  # (D,)
    ### END SOLUTION


def repair_graph(x: Tensor, scale: Tensor) -> Tensor:
    """scale · (the sum of the squares of x). The code is given; its number is right, and no gradient comes through.

    x is (D,), float, scale is () of the same dtype. The result is (), of that dtype, and gradients flow from it to both
    x and scale when they require grad. x and scale may also be plain tensors.

    What leaves torch leaves the graph: a NumPy array, a Python number, and a new tensor made from them know nothing of
    where they come from. Mend the body: the same number, and the graph whole.

    Example: x = [1., 2.] and scale = 3. give 15; the gradient of x is [6., 12.], that of scale is 5.

    Twins: torch.square, torch.sum and the operators.
    """
    ### BEGIN SOLUTION
    ### BEGIN STUB
    # squares = x.numpy() ** 2
    # return torch.tensor(squares.sum() * scale.item(), dtype=x.dtype)
    ### END STUB
    return (x**2).sum() * scale  # ()
    ### END SOLUTION


def fit_wx(x: Tensor, y: Tensor, w: Tensor, lr: float, epochs: int) -> tuple[Tensor, list[float]]:
    """Fit the line y ≈ w · x through the origin by gradient descent: the smallest training loop there is.

    x and y are (N,), w is (), all of the same float dtype; epochs is at least 0. Each epoch looks at all N examples:

        loss = the mean over n of (w · x[n] − y[n])²
        dw   = ∂loss / ∂w, from autograd
        w    ← w − lr · dw

    The update is no part of the next loss's graph: do it under torch.no_grad(). And gradients add up: zero them.

    Returns (w, losses): w after the last update, (), and one Python float for each epoch, the loss before its update.
    The caller's w is unchanged.

    Example: x = [1., 2.], y = [2., 4.], w = 0., lr = 0.1, epochs = 1. The loss is (4 + 16) / 2 = 10 and
    dw = 2 · (−2 − 8) / 2 = −10. So the result is (1., [10.0]).

    Twin: torch.optim.SGD on torch.nn.functional.mse_loss.
    """
    ### BEGIN SOLUTION
    w = w.detach().clone().requires_grad_(True)
    losses = []
    for _ in range(epochs):
        loss = ((w * x - y) ** 2).mean()  # ()
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
        w.grad = None
        losses.append(loss.item())
    return w.detach(), losses
    ### END SOLUTION
