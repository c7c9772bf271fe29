# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of spattn.torch compare with: the definition in plain PyTorch."""

from dataclasses import dataclass, replace

import definition
import page_cases
import torch

DTYPES = {
    "cpu": (torch.float32, torch.float16, torch.bfloat16),
    "cuda": (torch.float16, torch.bfloat16),
}
#: What errors may be beside those of plain PyTorch, in units of the last place.
UNITS = 16


@dataclass
class Case:
    """Tensors of an attention, and how it is computed."""

    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor
    structure: str
    scale: float | None = None
    alignment: str = "end"
    sinks: torch.Tensor | None = None
    soft_cap: float | None = None
    alibi_slopes: torch.Tensor | None = None
    distance_bias: torch.Tensor | None = None

    @property
    def tensors(self):
        return self.query, self.key, self.value

    @property
    def inputs(self):
        """All that has a gradient."""
        return self.tensors if self.sinks is None else (*self.tensors, self.sinks)

    @property
    def options(self):
        names = "scale", "alignment", "soft_cap", "alibi_slopes", "distance_bias"
        return {name: getattr(self, name) for name in names}

    def with_gradients(self):
        """The same with leaves that gradients are computed for."""
        return self.mapped(lambda x: x.detach().clone().requires_grad_())

    def mapped(self, function):
        """The same with other tensors."""
        query, key, value = (function(x) for x in self.tensors)
        sinks = None if self.sinks is None else function(self.sinks)
        return replace(self, query=query, key=key, value=value, sinks=sinks)


def make(structure, device="cpu", dtype=torch.float32, seed=0, **sizes):
    """A case of random numbers."""
    batch, heads, queries, dim = (
        sizes.get(name, default)
        for name, default in (("batch", 2), ("heads", 4), ("queries", 70), ("dim", 64))
    )
    kv_heads, keys = sizes.get("kv_heads", heads), sizes.get("keys", queries)
    shapes = [
        (batch, heads, queries, dim),
        (batch, kv_heads, keys, dim),
        (batch, kv_heads, keys, sizes.get("value_dim", dim)),
    ]
    generator = torch.Generator().manual_seed(seed)
    tensors = [torch.randn(s, generator=generator).to(device, dtype) for s in shapes]
    return Case(
        *tensors,
        str(structure),
        sizes.get("scale"),
        sizes.get("alignment", "end"),
    )


def pages(device, dtype, *more, **options):
    """A case of keys and values in pages."""

    def convert(x):
        to = dtype if x.dtype.kind == "f" else None
        return torch.as_tensor(x, device=device, dtype=to)

    return page_cases.draw(convert, *more, **options)


def stored(tensor, order):
    """The same (batch, heads, length, dim) with dimensions in memory as in `order`,
    "bhnd" or "bnhd"."""
    if order == "bhnd":
        return tensor.contiguous()
    return tensor.transpose(1, 2).contiguous().transpose(1, 2)


def plain(case, dtype=None):
    """(output, log-sum-exp) of dense attention in PyTorch, which autograd knows."""
    query, key, value = (x if dtype is None else x.to(dtype) for x in case.tensors)
    group = query.shape[1] // max(key.shape[1], 1)
    key, value = (x.repeat_interleave(group, 1) for x in (key, value))
    mask = definition.masks(
        case.structure,
        query.shape[1],
        query.shape[2],
        key.shape[2],
        case.alignment,
    )
    mask = torch.from_numpy(mask).to(query.device)
    scale = query.shape[3] ** -0.5 if case.scale is None else case.scale
    scores = modified(query @ key.transpose(2, 3) * scale, case)
    scores = scores.masked_fill(~mask, -torch.inf)
    empty = ~mask.any(-1)[None, :, :, None]
    # Where all scores are -inf, neither softmax nor its gradient is a number.
    scores = scores.masked_fill(empty, 0)
    if case.sinks is not None:
        sinks = case.sinks.to(scores.dtype)[:, None, None].expand(*scores.shape[:3], 1)
        scores = torch.cat((scores.masked_fill(~mask, -torch.inf), sinks), -1)
        return scores.softmax(-1)[..., :-1] @ value, scores.logsumexp(-1)
    p = scores.softmax(-1).masked_fill(empty, 0)
    lse = scores.logsumexp(-1).masked_fill(empty[..., 0], -torch.inf)
    return p @ value, lse


def modified(scores, case):
    """Scores with the soft cap and the biases of a case."""
    if case.soft_cap is not None:
        scores = case.soft_cap * torch.tanh(scores / case.soft_cap)
    queries, keys = scores.shape[2:]
    i, j = (torch.arange(n, device=scores.device) for n in (queries, keys))
    distances = i[:, None] - j + (keys - queries if case.alignment == "end" else 0)
    if case.alibi_slopes is not None:
        slopes = case.alibi_slopes.to(scores.dtype)[:, None, None]
        scores = scores - slopes * distances.abs().to(scores.dtype)
    if case.distance_bias is not None:
        count = case.distance_bias.shape[1]
        entries = (distances + count // 2).clamp(0, count - 1)
        scores = scores + case.distance_bias.to(scores.dtype)[:, entries]
    return scores


def gradients(case, results, grads):
    """Of the results by the tensors of the case."""
    return torch.autograd.grad(
        [r for r, g in zip(results, grads, strict=True) if g is not None],
        case.inputs,
        [g.to(r.dtype) for r, g in zip(results, grads, strict=True) if g is not None],
        materialize_grads=True,  # The log-sum-exp does not depend on the values.
    )


def compare(actual, exact, other, factor=2):
    """`actual` is as close to `exact` as `other`, PyTorch's, but for a factor and
    some units in the last place."""
    assert actual.shape == exact.shape
    actual, other = actual.double(), other.double()
    assert not actual.isnan().any()
    infinite = exact.isinf()
    assert torch.equal(actual.isinf(), infinite)

    def error(x):
        return (x - exact).masked_fill(infinite, 0).abs().max() if x.numel() else 0

    largest = exact.masked_fill(infinite, 0).abs().max() if exact.numel() else 0
    return _Error(error(actual), error(other), largest, factor)


@dataclass
class _Error:
    """The largest errors of ours and of PyTorch's."""

    ours: float
    others: float
    largest: float
    factor: float

    def check(self, dtype):
        unit = UNITS * torch.finfo(dtype).eps
        limit = self.factor * self.others + unit * max(self.largest, 1)
        assert self.ours <= limit, (self.ours, self.others, self.largest)


def check_case(case, attention, lse=False, gradient_of=("output",)):
    """Compares the results and gradients of `attention(case)` with the definition.

    Returns the results and the gradients.
    """
    dtype, device = case.query.dtype, case.query.device
    case = case.with_gradients()
    results = attention(case)
    exact_case = case.mapped(lambda x: x.detach().double().requires_grad_())
    plain_case = case.with_gradients()
    exact, others = plain(exact_case), plain(plain_case)
    for a, e, o in zip(results, exact, others, strict=lse):
        compare(a.detach(), e.detach(), o.detach()).check(
            dtype if a.dim() == 4 else torch.float32
        )
    generator = torch.Generator().manual_seed(9)
    grads = [
        torch.randn(r.shape, generator=generator).to(device, r.dtype)
        if name in gradient_of
        else None
        for name, r in zip(("output", "lse"), results, strict=False)
    ]
    if all(g is None for g in grads):
        return results, None
    found = gradients(case, results, grads)
    expected = gradients(exact_case, exact[: len(results)], grads)
    other = gradients(plain_case, others[: len(results)], grads)
    for tensor, a, e, o in zip(case.inputs, found, expected, other, strict=True):
        assert a.dtype == tensor.dtype and a.shape == tensor.shape
        compare(a, e, o).check(dtype)
    return results, found


def check_same(found, expected, inputs):
    """The same output, bit by bit, and gradients that agree."""
    assert torch.equal(found, expected)
    grad = torch.randn_like(found)
    for a, b in zip(
        torch.autograd.grad(found, inputs, grad),
        torch.autograd.grad(expected, inputs, grad),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=2e-2, rtol=2e-2)
