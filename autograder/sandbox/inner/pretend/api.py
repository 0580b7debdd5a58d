"""What torch's Python functions answer about devices: `.device`, `.to("cuda")`, `.numpy()`, `torch.zeros(…, device=…)`.

    Answers(checked) (a TorchFunctionMode): function, arguments → the answer of a machine with GPUs

The functions that have to do with a device stand in HANDLERS; all others are called as they are, and the operators
below them are looked at in `operators`.  While torch runs a function of its own it is not asked again, so a tensor that
it makes in there without a source is UNDECIDED until the function returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._device import DeviceContext, _device_constructors

from .operators import Checked, generated
from .tags import CPU, MPS, UNDECIDED, Current, is_gpu, mark, named, placed

T: Any = torch.Tensor
_stack: Any = torch.overrides._get_current_function_mode_stack
Handler = Callable[[Any, Any], Any]


class Answers(TorchFunctionMode):
    def __init__(self, checked: Checked) -> None:
        super().__init__()
        self.checked = checked

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        handler = HANDLERS.get(func)
        checked = self.checked
        checked.depth += 1
        try:
            if handler is not None:
                result = handler(args, kwargs or {})
            elif kwargs:
                result = _elsewhere(func, args, kwargs) if "device" in kwargs else func(*args, **kwargs)
            else:
                result = func(*args)
        finally:
            checked.depth -= 1
        if checked.undecided and not checked.depth:
            checked.undecided = False
            _decide(result, args, kwargs)
        return result


class Moved(torch.autograd.Function):
    """A copy on another device; the gradient goes back to where the tensor came from."""

    @staticmethod
    def forward(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
        return mark(tensor.detach().clone(), device)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.source = placed(inputs[0])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return mark(grads[0].clone(), ctx.source), None


def moved(tensor: torch.Tensor, device: torch.device, *, copy: bool = False) -> torch.Tensor:
    if device is placed(tensor):
        return tensor.clone() if copy else tensor
    if device is not CPU and not is_gpu(device):
        return tensor.to(device)  # meta; torch's own error for what this build lacks
    if tensor.device.type == "meta":
        return tensor.to(CPU)  # torch's own error
    if tensor.requires_grad and torch.is_grad_enabled():
        return Moved.apply(tensor, device)  # type: ignore[no-any-return, no-untyped-call]
    return mark(tensor.detach().clone(), device)


def _elsewhere(func: Any, args: Any, kwargs: Any) -> Any:
    """Whatever else takes `device=`: it computes on the CPU, and what comes back is there."""
    device = kwargs["device"]
    where = named(device) if type(device) in (str, int, torch.device) else CPU
    if not is_gpu(where):
        return func(*args, **kwargs)
    result = func(*args, **{**kwargs, "device": CPU})
    for tensor in _tensors(result):
        mark(tensor, where)
    return result


def _decide(result: Any, args: Any, kwargs: Any) -> None:
    """What torch made inside one of its functions is where the arguments are, else on the CPU."""
    open_ = [tensor for tensor in _tensors(result) if placed(tensor) is UNDECIDED]
    if open_:
        given = (placed(tensor) for tensor in _tensors([args, kwargs]))
        device = next(filter(is_gpu, given), CPU)
        for tensor in open_:
            mark(tensor, device)


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _tensors(one)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


# --- attributes ---


def _where(tensor: torch.Tensor) -> torch.device:
    device = placed(tensor)
    return device if is_gpu(device) else tensor.device


def _type_of(args: Any, kwargs: Any) -> Any:
    """`x.type()` says "torch.cuda.FloatTensor"; `x.type(…)` may move."""
    tensor, wanted = args[0], args[1] if len(args) > 1 else kwargs.get("dtype")
    if wanted is None:
        name: str = tensor.type()
        return name.replace("torch.", f"torch.{placed(tensor).type}.", 1) if is_gpu(placed(tensor)) else name
    if isinstance(wanted, torch.dtype):
        return tensor.to(wanted)
    name = wanted if isinstance(wanted, str) else f"{wanted.__module__}.{wanted.__name__}"
    kind = "mps" if Current.mac else "cuda"
    device = named(kind) if f".{kind}." in name else CPU
    return moved(tensor, device).type(name.replace(f".{kind}.", "."))


def _set_gradient(args: Any, kwargs: Any) -> None:
    tensor, gradient = args
    if isinstance(gradient, torch.Tensor) and placed(gradient) is not placed(tensor):
        raise RuntimeError(
            "attempting to assign a gradient with device type "
            f"'{placed(gradient)}' to a tensor with device type '{placed(tensor)}'. "
            "Please ensure that the gradient and the tensor are on the same device"
        )
    T.grad.__set__(tensor, gradient)


# --- moves ---


def _to(args: Any, kwargs: Any) -> torch.Tensor:
    tensor, *rest = args
    device: torch.device | None = None
    dtype: torch.dtype | None = kwargs.get("dtype")
    given = kwargs.get("device")
    if "other" in kwargs:
        rest.insert(0, kwargs["other"])
    if rest and isinstance(rest[0], torch.Tensor):
        other = rest.pop(0)
        device, dtype = placed(other) if other.device.type != "meta" else other.device, other.dtype
    elif rest and isinstance(rest[0], torch.dtype):
        dtype = rest.pop(0)
    elif rest:
        given = rest.pop(0)
        if rest and (rest[0] is None or isinstance(rest[0], torch.dtype)):
            dtype = rest.pop(0)
    device = named(given) if given is not None else device
    copy = bool(rest[1]) if len(rest) > 1 else bool(kwargs.get("copy", False))
    layout = {"memory_format": kwargs["memory_format"]} if kwargs.get("memory_format") is not None else {}
    result = moved(tensor, device, copy=copy) if device is not None else tensor
    if layout or (dtype is not None and dtype is not result.dtype) or (copy and result is tensor):
        return result.to(dtype or result.dtype, copy=copy and result is tensor, **layout)
    return result


_parse_to: Any = torch._C._nn._parse_to


def _module_to(args: Any, kwargs: Any) -> Any:
    """How nn.Module.to reads its arguments: device, dtype, non_blocking, memory_format."""
    device, *others = _parse_to(*args, **kwargs)
    like = args[0] if args else kwargs.get("tensor")
    return _where(like) if isinstance(like, torch.Tensor) else device, *others


def _cuda(args: Any, kwargs: Any) -> torch.Tensor:
    device = args[1] if len(args) > 1 else kwargs.get("device")
    return moved(args[0], named("cuda" if device is None else device))


def _cpu(args: Any, kwargs: Any) -> torch.Tensor:
    return moved(args[0], CPU)


def _type_as(args: Any, kwargs: Any) -> torch.Tensor:
    tensor, other = args
    return moved(tensor, placed(other)).to(other.dtype)


def _numpy(func: Any, args: Any, kwargs: Any) -> Any:
    tensor = args[0]
    if is_gpu(placed(tensor)):
        if not kwargs.get("force", False):
            raise TypeError(
                f"can't convert {placed(tensor)} device type tensor to numpy. "
                "Use Tensor.cpu() to copy the tensor to host memory first."
            )
        tensor = moved(tensor.detach(), CPU)
    return func(tensor, *args[1:], **kwargs)


def _ctc_loss(func: Any, args: Any, kwargs: Any) -> Any:
    """Lengths may stay on the CPU; torch moves them below Python, where no mode sees it."""
    where = placed(args[0])
    args = [*args[:2], *(moved(one, where) if isinstance(one, torch.Tensor) else one for one in args[2:])]
    return func(*args, **{k: moved(v, where) if isinstance(v, torch.Tensor) else v for k, v in kwargs.items()})


def _deep_copy(args: Any, kwargs: Any) -> Any:
    result = T.__deepcopy__(*args, **kwargs)
    return mark(result, placed(args[0])) if isinstance(result, torch.Tensor) else result


# --- factories ---


def _made(func: Any, follows: bool, args: Any, kwargs: Any) -> Any:
    """A factory: on `device=`, or on its source's device, or on the default device."""
    device = kwargs.get("device")
    source = args[0] if follows and args and isinstance(args[0], torch.Tensor) else None
    where = named(device) if device is not None else placed(source) if source is not None else _default()
    if where is not CPU and not is_gpu(where):
        return func(*args, **{**kwargs, "device": where})
    generated(kwargs.get("generator"), where)
    if source is not None and func in (torch.as_tensor, torch.asarray):
        dtype = kwargs.get("dtype", args[1] if len(args) > 1 else None)
        result = moved(source, where, copy=bool(kwargs.get("copy")))
        return result if dtype is None else result.to(dtype)
    kwargs = {name: value for name, value in kwargs.items() if name not in ("device", "pin_memory")}
    if source is not None and source.device.type == "meta" and device is None:
        return func(*args, **kwargs)
    result = func(*args, device=CPU, **kwargs)
    if where is not CPU and func in (torch.as_tensor, torch.asarray):
        result = result.clone()  # an array's memory stays the array's
    return mark(result, where) if isinstance(result, torch.Tensor) else result


def _default() -> torch.device:
    """Of `torch.set_default_device`, which lies below this mode in the stack."""
    contexts = [mode for mode in _stack() if isinstance(mode, DeviceContext)]
    return named(contexts[-1].device) if contexts else CPU


_LIKE = {getattr(torch, f"{name}_like") for name in ("zeros", "ones", "empty", "full", "rand", "randn", "randint")}
_NEW = {getattr(T, f"new_{name}") for name in ("zeros", "ones", "empty", "full", "tensor", "empty_strided")}
_COPIES = {torch.tensor, torch.as_tensor, torch.asarray}

HANDLERS: dict[Any, Handler] = {
    _parse_to: _module_to,
    T.device.__get__: lambda args, kwargs: _where(args[0]),
    T.is_cuda.__get__: lambda args, kwargs: placed(args[0]).type == "cuda",
    T.is_mps.__get__: lambda args, kwargs: placed(args[0]) is MPS,
    T.is_cpu.__get__: lambda args, kwargs: _where(args[0]).type == "cpu",
    T.get_device: lambda args, kwargs: placed(args[0]).index if is_gpu(placed(args[0])) else -1,
    T.grad.__set__: _set_gradient,
    T.type: _type_of,
    T.to: _to,
    T.cuda: _cuda,
    T.cpu: _cpu,
    T.type_as: _type_as,
    T.pin_memory: lambda args, kwargs: args[0],
    T.numpy: partial(_numpy, T.numpy),
    T.__array__: partial(_numpy, T.__array__),
    T.__deepcopy__: _deep_copy,
    torch.ctc_loss: partial(_ctc_loss, torch.ctc_loss),
    torch.nn.functional.ctc_loss: partial(_ctc_loss, torch.nn.functional.ctc_loss),
}
HANDLERS |= {func: partial(_made, func, func in _LIKE | _NEW | _COPIES)
             for func in {*_device_constructors(), *_LIKE, *_NEW}}  # fmt: skip
