# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The operators' schemas, fake implementations, and autograd, autocast and vmap rules.

lib/Torch has the CPU and CUDA implementations. Graphs, and policies of
selective checkpointing, refer to the operators as torch.ops.spattn.attention and
torch.ops.spattn.attention_backward.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch._C import _AutoDispatchBelowAutograd as below_autograd
from torch._C import _get_deterministic_algorithms as _is_deterministic

from ..errors import UnsupportedError
from . import _check
from ._launcher import library

_OPTIONS = 'str structure, float? scale=None, str layout="bhnd", str alignment="end"'
#: What modifies scores.
_SCORES = "float? soft_cap=None, Tensor? alibi_slopes=None, Tensor? distance_bias=None"
#: Where sequences start and end, (batch, sequences) in int32, and what length bounds
#: depend on.
_SEQUENCES = (
    "Tensor? query_starts=None, Tensor? query_ends=None, Tensor? key_starts=None, "
    'Tensor? key_ends=None, str bound_length="sequence"'
)
#: Where rows count as being, (batch, heads, length) in int32, and what that decides.
_POSITIONS = (
    "Tensor? query_positions=None, Tensor? key_positions=None, "
    "bool causal_positions=False, float? self_score=None"
)
#: Which key tiles are listed, in int32, and the attribute of the lists.
_LISTS = 'Tensor? tile_counts=None, Tensor? tile_indices=None, str tile_lists=""'
#: The same of calls that have none.
NO_SCORES = None, None, None
NO_SEQUENCES = None, None, None, None, "sequence"
NO_POSITIONS = None, None, False, None
NO_LISTS = None, None, ""
#: What few calls have, behind the sinks of the forward operator.
_MORE = f'{_SCORES}, {_SEQUENCES}, {_POSITIONS}, {_LISTS}, str score=""'
#: How many arguments the forward operator has at most.
_ARGUMENTS = 24
_TAGS = (torch.Tag.pt2_compliant_tag, torch.Tag.needs_fixed_stride_order)

_library = torch.library.Library("spattn", "DEF")
_READ = (
    "Tensor grad_output, Tensor? grad_lse, Tensor query, Tensor key, Tensor value, "
    "Tensor output, Tensor lse"
)
_GRADIENTS = "Tensor grad_query, Tensor grad_key, Tensor grad_value"
for _schema in (
    f"attention(Tensor query, Tensor key, Tensor value, {_OPTIONS}, "
    f"Tensor? sinks=None, {_MORE}) -> (Tensor output, Tensor lse)",
    f"attention_backward({_READ}, {_OPTIONS}, bool deterministic=False, {_MORE}) "
    f"-> ({_GRADIENTS})",
    f"attention_backward.sinks({_READ}, Tensor sinks, {_OPTIONS}, "
    f"bool deterministic=False, {_MORE}) -> ({_GRADIENTS}, Tensor grad_sinks)",
    # Keys and values are pages, which a table gives to the entries of the batch.
    f"paged_attention(Tensor query, Tensor key, Tensor value, Tensor page_table, "
    f"{_OPTIONS}, Tensor? sinks=None, {_SCORES}, {_SEQUENCES}, "
    'str score="") -> (Tensor output, Tensor lse)',
    # Gradients that are not asked for, or of what is not there, are empty.
    f"attention_backward.biases({_READ}, {_OPTIONS}, bool deterministic=False, "
    f"{_MORE}, Tensor? sinks=None, bool of_slopes=False, bool of_biases=False) -> "
    f"({_GRADIENTS}, Tensor grad_sinks, Tensor grad_slopes, Tensor grad_biases)",
):
    _library.define(_schema, tags=_TAGS)
assert library  # Loading it has registered the implementations.
attention = torch.ops.spattn.attention.default
attention_backward = torch.ops.spattn.attention_backward.default
attention_backward_sinks = torch.ops.spattn.attention_backward.sinks
attention_backward_biases = torch.ops.spattn.attention_backward.biases
# The overloads, which torch.compile recognizes, are called through Python. Eager code
# calls their builtins, `_op`.
run_attention = attention._op
paged_attention = torch.ops.spattn.paged_attention.default

# ------------------------------------------------------------------------------
# Shapes
# ------------------------------------------------------------------------------


def _rows_like(like: Tensor, dim: int, layout: str) -> Tensor:
    """Mirrors makeRowsLike of Tensors.cpp: a dense tensor with the heads and queries in
    the memory order of `like`."""
    batch, *middle, _ = like.shape
    heads, length = _check.axes(layout)
    strides = [middle[0] * middle[1] * dim, dim, dim, 1]
    inner_heads = like.stride(heads) < like.stride(length)
    outer, inner = (length, heads) if inner_heads else (heads, length)
    strides[outer] = like.shape[inner] * dim
    return like.new_empty_strided((batch, *middle, dim), strides)


def _fake_attention(
    query,
    key,
    value,
    structure,
    scale=None,
    layout="bhnd",
    alignment="end",
    sinks=None,
    soft_cap=None,
    alibi_slopes=None,
    distance_bias=None,
    *sequences,
    page_table=None,
    **named,
):
    scores = soft_cap, alibi_slopes, distance_bias
    _check.check(query, key, value, layout, sinks, *scores, page_table=page_table)
    heads, length = _check.axes(layout)
    sizes = query.shape[0], query.shape[heads], query.shape[length]
    lse = query.new_empty(sizes, dtype=torch.float32)
    return _rows_like(query, value.shape[3], layout), lse


@torch.library.register_fake("spattn::paged_attention", lib=_library)
def _(query, key, value, page_table, *more, **named):
    return _fake_attention(query, key, value, *more, page_table=page_table, **named)


torch.library.register_fake("spattn::attention", _fake_attention, lib=_library)


def _fake_gradients(overload: Any) -> Any:
    """The fake implementation of an overload of attention_backward."""
    parameters = overload._schema.arguments
    defaults = {x.name: x.default_value for x in parameters if x.has_default_value()}
    results = [x.name for x in overload._schema.returns]

    def fake(*arguments: Any, **named: Any) -> tuple[Tensor, ...]:
        names = (x.name for x in parameters)
        given = {**defaults, **dict(zip(names, arguments, strict=False)), **named}
        rows = given["query"], given["key"], given["value"]
        layout, sinks = given["layout"], given.get("sinks")
        scores = given["soft_cap"], given["alibi_slopes"], given["distance_bias"]
        _check.check(*rows, layout, sinks, *scores)

        def like(tensor: Tensor | None, is_asked_for: bool = True) -> Tensor:
            if tensor is None or not is_asked_for:
                return rows[0].new_empty(0, dtype=torch.float32)
            return torch.empty_like(tensor, memory_format=torch.contiguous_format)

        of_heads = {
            "grad_sinks": (sinks,),
            "grad_slopes": (given["alibi_slopes"], given.get("of_slopes")),
            "grad_biases": (given["distance_bias"], given.get("of_biases")),
        }
        return (
            *(_rows_like(x, x.shape[3], layout) for x in rows),
            *(like(*of_heads[name]) for name in results[3:]),
        )

    return fake


for _overload in (
    attention_backward,
    attention_backward_sinks,
    attention_backward_biases,
):
    torch.library.register_fake(
        _overload.name(), _fake_gradients(_overload), lib=_library
    )


# ------------------------------------------------------------------------------
# Gradients
# ------------------------------------------------------------------------------


#: What is behind the sinks where it is not given: a soft cap, slopes and biases, four
#: tensors of sequences, the length of bounds, positions, lists, and a region.
_DEFAULTS = [*NO_SCORES, *NO_SEQUENCES, *NO_POSITIONS, *NO_LISTS, ""]


def save(ctx: Any, inputs: tuple, results: tuple[Tensor, Tensor]) -> None:
    """Saves the tensors that the backward pass needs."""
    save_call(ctx, inputs, results)
    # The gradient of an unused result is then None, not zeros.
    ctx.set_materialize_grads(False)


def save_call(ctx: Any, inputs: tuple, results: tuple[Tensor, Tensor]) -> None:
    """Saves the tensors and options of a call."""
    query, key, value, *_ = inputs
    # torch may omit arguments that have their defaults.
    ctx.options, ctx.optional = inputs[3:7], inputs[7:]
    if not ctx.optional:
        ctx.save_for_backward(query, key, value, *results)
        return
    tensors = [x for x in ctx.optional if isinstance(x, Tensor)]
    ctx.save_for_backward(query, key, value, *results, *tensors)
    # The class stands for a tensor that is saved.
    ctx.optional = [Tensor if isinstance(x, Tensor) else x for x in ctx.optional]


def gradients(
    ctx: Any, grad_output: Tensor | None, grad_lse: Tensor | None, call: Any = None
) -> tuple:
    """The gradients of all inputs of an attention. `call`, if given, replaces the
    operator."""
    saved, optional = ctx.saved_tensors, ctx.optional
    if grad_output is None:
        if grad_lse is None:
            return (None,) * _ARGUMENTS
        grad_output = torch.zeros_like(saved[3])
    arguments = grad_output, grad_lse, *saved[:5]
    overload = attention_backward
    biases = ctx.needs_input_grad[9:11]
    if optional:
        tensors = iter(saved[5:])
        sinks, *optional = (next(tensors) if x is Tensor else x for x in optional)
        if any(biases):
            overload = attention_backward_biases
            optional += _DEFAULTS[len(optional) :]
            optional += sinks, *biases, *((False,) * (2 - len(biases)))
        elif sinks is not None:
            arguments = *arguments, sinks
            overload = attention_backward_sinks
    arguments = *arguments, *ctx.options, _is_deterministic(), *optional
    if call is None and not torch.is_grad_enabled():
        with below_autograd():
            results = overload._op(*arguments)
    else:
        results = (call or overload)(*arguments)
    rows, of_heads = results[:3], results[3:]
    if overload is attention_backward_biases:
        of_heads = [x if x.numel() else None for x in of_heads]
    sinks, slopes, bias = (*of_heads, None, None, None)[:3]
    others = (None,) * (_ARGUMENTS - 11)
    return *rows, None, None, None, None, sinks, None, slopes, bias, *others


torch.library.register_autograd(
    "spattn::attention",
    gradients,
    setup_context=lambda ctx, inputs, output: save(ctx, inputs, output),
    lib=_library,
)


def refuse(ctx: Any, *grads: Tensor) -> None:
    raise UnsupportedError(
        "attention has no second derivative in spattn: leave out create_graph=True, or "
        "use torch.nn.functional.scaled_dot_product_attention where it is needed"
    )


def refuse_pages(ctx: Any, *grads: Tensor) -> None:
    raise UnsupportedError(
        "page_table: attention to keys in pages has no gradients; use torch.no_grad()"
    )


torch.library.register_autograd("spattn::paged_attention", refuse_pages, lib=_library)

_BACKWARD = (
    "attention_backward",
    "attention_backward.sinks",
    "attention_backward.biases",
)
for _name in _BACKWARD:
    torch.library.register_autograd(f"spattn::{_name}", refuse, lib=_library)

# ------------------------------------------------------------------------------
# Autocast, and vmap
# ------------------------------------------------------------------------------


def cast(tensors: tuple[Tensor, ...], device: str) -> tuple[Tensor, ...]:
    """Casts an attention's tensors to autocast's lower precision."""
    dtype = torch.get_autocast_dtype(device)
    return tuple(
        x.to(dtype) if x.dtype in _check.DTYPES and x.device.type == device else x
        for x in tensors
    )


def _register_autocast(name: str, operator: Any, device: str, key: str) -> None:
    keys = torch._C.DispatchKeySet(getattr(torch._C.DispatchKey, key))

    def autocast(query, key, value, *options):
        with torch._C._ExcludeDispatchKeyGuard(keys):
            return operator(*cast((query, key, value), device), *options)

    _library.impl(name, autocast, key)


for _device, _key in (("cpu", "AutocastCPU"), ("cuda", "AutocastCUDA")):
    for _name, _operator in (
        ("attention", attention),
        ("paged_attention", paged_attention),
    ):
        _register_autocast(_name, _operator, _device, _key)


def _fold(info: Any, dims: tuple, tensors: tuple) -> list:
    """Folds the mapped dimension into the batch."""
    folded = []
    for tensor, dim in zip(tensors, dims, strict=True):
        if tensor is not None:
            if dim is None:
                tensor = tensor.expand(info.batch_size, *tensor.shape)
            else:
                tensor = tensor.movedim(dim, 0)
            tensor = tensor.flatten(0, 1)
        folded.append(tensor)
    return folded


def _fold_call(
    info: Any, dims: tuple, arguments: tuple, tensors: int, sequences: int
) -> list:
    """The same for a call's first tensors, and for those of its sequences and
    positions."""
    folded = list(arguments)
    for first, end in (
        (0, tensors),
        (sequences, sequences + 4),
        (sequences + 5, sequences + 7),
    ):
        folded[first:end] = _fold(info, dims[first:end], arguments[first:end])
    return folded


def _unfold(info: Any, results: tuple[Tensor, ...]) -> tuple:
    size = info.batch_size
    unfolded = tuple(x.unflatten(0, (size, x.shape[0] // size)) for x in results)
    return unfolded, (0,) * len(results)


def backward_of(arguments: tuple) -> Any:
    """The overload for the arguments of a backward pass: with sinks or without, or
    that by biases, which has more than the others."""
    if len(arguments) > 29:
        return attention_backward_biases
    # The structure comes behind the tensors.
    has_sinks = isinstance(arguments[7], Tensor)
    return attention_backward_sinks if has_sinks else attention_backward


def _refuse_mapped(dims: tuple, names: dict[int, str]) -> None:
    """Refuses to map numbers of heads."""
    for position, name in names.items():
        if position < len(dims) and dims[position] is not None:
            raise UnsupportedError(f"vmap cannot map {name}; all batches share them")


def _refuse_of_entries(arguments: tuple) -> None:
    """Refuses to map calls with what is said of batch entries by their numbers: lists
    of tiles, and regions that take the number."""
    for text in (x for x in arguments if isinstance(x, str)):
        if text[:1] == "#":
            what = "lists of tiles"
        elif "%batch" in text:
            what = "a score_mod that depends on the batch entry"
        else:
            continue
        raise UnsupportedError(
            f"vmap cannot map attention with {what}; fold the mapped dimension into "
            "the batch"
        )


def map_attention(info: Any, dims: tuple, *arguments: Any) -> tuple:
    """The vmap rule of attention."""
    _refuse_of_entries(arguments[20:])
    _refuse_mapped(dims, {7: "sinks", 9: "alibi_slopes", 10: "distance_bias"})
    return _unfold(info, attention(*_fold_call(info, dims, arguments, 3, 11)))


def map_gradients(info: Any, dims: tuple, *arguments: Any) -> tuple:
    """The vmap rule of attention_backward."""
    _refuse_of_entries(arguments[24:])
    if backward_of(arguments) is attention_backward_biases:
        raise UnsupportedError(
            "vmap has no gradients by slopes and biases, which would be sums over the "
            "mapped dimension"
        )
    if backward_of(arguments) is attention_backward_sinks:
        raise UnsupportedError(
            "vmap has no gradients of attention with sinks, which would be a sum over "
            "the mapped dimension"
        )
    _refuse_mapped(dims, {13: "alibi_slopes", 14: "distance_bias"})
    return _unfold(info, attention_backward(*_fold_call(info, dims, arguments, 7, 15)))


torch.library.register_vmap("spattn::attention", map_attention, lib=_library)
for _name in _BACKWARD:
    torch.library.register_vmap(f"spattn::{_name}", map_gradients, lib=_library)
