"""Every operator that torch dispatches (forward, backward, optimizer): one device for all of its tensors.

    Checked (a TorchDispatchMode): operator, arguments → torch's own RuntimeError, or the result, marked

Legal are, as on a real GPU: 0-dim CPU tensors among the arguments of pointwise operators, CPU tensors as indices,
copies from one device to another, and the few arguments that must stay on the CPU (CPU_ARGUMENTS).  What there is to
know of an operator is read from its schema once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ..modes import Uncompiled
from .tags import CPU, UNDECIDED, look, mismatch, put

_aten = torch.ops.aten
ANYWHERE = {_aten.copy_, _aten._foreach_copy_, _aten._local_scalar_dense, _aten.set_}
INDEXED = {_aten.index, _aten.index_put, _aten.index_put_, _aten._index_put_impl_, _aten._unsafe_index,
           _aten._unsafe_index_put}  # fmt: skip
ZERO_DIM = {_aten.where, _aten.masked_fill, _aten.masked_fill_, _aten.fill, _aten.fill_, _aten.index_fill,
            _aten.index_fill_, _aten.linspace, _aten.logspace, _aten.lerp, _aten.lerp_}  # fmt: skip
CPU_ARGUMENTS = {_aten._pack_padded_sequence: {1}}
LIFTED = {_aten.lift, _aten.lift_fresh}
CPU_RESULTS = {_aten._pack_padded_sequence: {1}}  # sizes that loops read


@dataclass(frozen=True, slots=True)
class Facts:
    """What matters of one operator."""

    places: tuple[int, ...]  # of tensors and lists of tensors among the arguments
    names: tuple[str, ...]  # of all of these and those by keyword only
    writes: tuple[int, ...]
    generator: str
    anywhere: bool
    indexed: bool
    zero_dim: bool  # CPU tensors without a dimension may be among its arguments
    lifted: bool  # torch.tensor(…): made below Python, then brought here
    fresh: bool  # the result has a memory of its own
    cpu_results: frozenset[int]


_known: dict[Any, Facts] = {}


def learn(func: Any) -> Facts:
    packet, schema = func.overloadpacket, func._schema
    stays = CPU_ARGUMENTS.get(packet, set())
    tensors = [
        (place, argument)
        for place, argument in enumerate(schema.arguments)
        if "Tensor" in str(argument.type) and place not in stays
    ]
    writes = (place for place, argument in tensors if argument.alias_info is not None and argument.alias_info.is_write)
    pointwise = torch.Tag.pointwise in func.tags or packet.__name__.startswith("_foreach")
    facts = Facts(
        tuple(place for place, argument in tensors if not argument.kwarg_only),
        tuple(argument.name for _, argument in tensors),
        tuple(writes),
        next((argument.name for argument in schema.arguments if "Generator" in str(argument.type)), ""),
        packet in ANYWHERE,
        packet in INDEXED,
        pointwise or packet in ZERO_DIM,
        packet in LIFTED,
        any(result.alias_info is None for result in schema.returns),
        frozenset(CPU_RESULTS.get(packet, ())),
    )
    _known[func] = facts
    return facts


class Checked(Uncompiled):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.depth = 0  # of torch's own functions that the student's code is in; `api` counts
        self.undecided = False  # something UNDECIDED was made

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        facts = _known.get(func) or learn(func)
        with torch._C.DisableTorchFunction():
            device = self._device(func, facts, args, kwargs)
            result = func(*args, **kwargs) if kwargs else func(*args)
            if device is not CPU and facts.fresh:
                _settle(result, device, facts.cpu_results)
            return result

    def _device(self, func: Any, facts: Facts, args: Any, kwargs: Any) -> torch.device:
        """Where the operator computes; RuntimeError when its tensors are not together."""
        if facts.anywhere or facts.indexed:
            return _first(func, facts, args)
        if facts.lifted and self.depth:
            self.undecided = True
            put(args[0], UNDECIDED)
            return UNDECIDED
        agreed: torch.device | None = None
        loose: list[torch.Tensor] = []  # undecided, or a number on the CPU
        zero_dim = facts.zero_dim
        for tensor in _tensors(facts, args, kwargs):
            device = look(tensor)
            if device is agreed:
                continue
            if device is UNDECIDED or (zero_dim and device is CPU and not tensor.dim()):
                loose.append(tensor)
            elif agreed is None:
                agreed = device
            else:
                raise mismatch(func, agreed, device)
        if loose:
            agreed = self._joined(func, facts, args, loose, agreed)
        elif agreed is None:  # nothing is given: it makes a tensor
            agreed = UNDECIDED if self.depth else CPU
            self.undecided = self.undecided or agreed is UNDECIDED
        if facts.generator and kwargs:
            generated(kwargs.get(facts.generator), agreed)
        return agreed

    def _joined(
        self, func: Any, facts: Facts, args: Any, loose: list[torch.Tensor], agreed: torch.device | None
    ) -> torch.device:
        undecided = [tensor for tensor in loose if look(tensor) is UNDECIDED]
        if agreed is None:
            return CPU if len(undecided) < len(loose) else UNDECIDED
        for tensor in undecided:
            put(tensor, agreed)
        if agreed is not CPU:
            for place in facts.writes:
                if place < len(args) and isinstance(args[place], torch.Tensor) and look(args[place]) is CPU:
                    raise mismatch(func, CPU, agreed)
        return agreed


def generated(generator: Any, device: torch.device) -> None:
    """Random numbers come from a generator of their own device."""
    where = getattr(generator, "device", None)
    if where is not None and device is not UNDECIDED and where.type != device.type:
        raise RuntimeError(f"Expected a '{device.type}' device type for generator but found '{where.type}'")


def _first(func: Any, facts: Facts, args: Any) -> torch.device:
    """Copies and indexing: where the first tensor is."""
    if not isinstance(args[0], torch.Tensor):
        return CPU  # of lists: nothing is made
    device = look(args[0])
    if facts.indexed:
        for index in args[1]:
            if index is not None and look(index) not in (CPU, UNDECIDED, device) and device is not UNDECIDED:
                raise RuntimeError(
                    f"indices should be either on cpu or on the same device as the indexed tensor ({device})"
                )
        if len(args) > 2 and args[2].dim() and UNDECIDED not in (device, look(args[2])) and look(args[2]) != device:
            raise mismatch(func, device, look(args[2]))
    elif device is UNDECIDED and len(args) > 1 and isinstance(args[1], torch.Tensor):
        device = look(args[1])
        put(args[0], device)
    return device


def _tensors(facts: Facts, args: Any, kwargs: Any) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    count = len(args)
    for place in facts.places:
        if place >= count:
            break
        value = args[place]
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif type(value) in (list, tuple):
            found += [one for one in value if isinstance(one, torch.Tensor)]
    if kwargs:
        for name in facts.names:
            value = kwargs.get(name)
            if isinstance(value, torch.Tensor):
                found.append(value)
            elif type(value) in (list, tuple):
                found += [one for one in value if isinstance(one, torch.Tensor)]
    return found


def _settle(result: Any, device: torch.device, on_cpu: frozenset[int]) -> None:
    if isinstance(result, torch.Tensor):
        put(result, device)
    elif type(result) in (list, tuple):
        for place, one in enumerate(result):
            if place not in on_cpu:
                _settle(one, device, frozenset())
