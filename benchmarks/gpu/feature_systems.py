"""Systems that compute the workloads of features.py: functions of queries, keys and
values, (batch, length, heads, dim), made for a workload. Needs torch."""

import spattn
import spattn.torch
import torch
from feature_cases import BLOCK, GLOBAL, WINDOW, Case


class Absent(Exception):
    """A system cannot compute a case."""


def structure_of(case: Case) -> spattn.Structure:
    return {
        "window128": lambda: spattn.window(128),
        "window128+sink": lambda: spattn.window(128),
        "packed": spattn.causal,
        "packed_exclusive": spattn.exclusive_bands,
        "longformer": lambda: spattn.window(WINDOW) | spattn.sink(GLOBAL),
        "bigbird": lambda: case.blocks[0],
        "causal": spattn.causal,
    }[case.name]()


def spattn_call(case: Case):
    text = structure_of(case).text
    options = {} if case.sinks is None else {"sinks": case.sinks}
    if case.name == "bigbird":
        options["tiles"] = case.blocks[1]
    if case.documents:
        options["cu_seqlens_q"] = case.offsets

    def call(q, k, v):
        return spattn.torch.attention(q, k, v, text, layout="bnhd", **options)

    return call


def fa4_call(case: Case):
    try:
        from flash_attn.cute.interface import flash_attn_func, flash_attn_varlen_func
    except ImportError as error:
        raise Absent(str(error)) from error
    if case.name in ("packed_exclusive", "longformer", "bigbird"):
        raise Absent("no such structure")
    if case.documents:

        def packed(q, k, v):
            out = flash_attn_varlen_func(q[0], k[0], v[0], causal=True, **case.packing)
            return out[0][None]

        return packed
    options = {}
    if case.name.startswith("window"):
        options = {"window_size": (127, 0), "learnable_sink": case.sinks}
    return lambda q, k, v: flash_attn_func(q, k, v, causal=True, **options)[0]


def cudnn_flex_call(case: Case):
    try:
        from cudnn.flex_attention import create_mask_plan, flex_attn_func
    except ImportError as error:
        raise Absent(str(error)) from error
    if case.sinks is not None:
        raise Absent("no sinks")
    if case.name == "bigbird":
        raise Absent("no such structure")
    _, position, _ = case.positions
    lo, hi = case.band
    near = torch.stack([(position + 1 - x).clamp(min=0).expand(lo.shape[0], -1)
                        for x in (hi, lo)], 1)  # fmt: skip
    first = torch.zeros_like(near[:, :1])
    if case.name == "longformer":
        first = near[:, :1].clamp(max=GLOBAL)
    ends = torch.cat((first, near), 1).int().repeat(1, 1, case.batch).contiguous()
    packing = case.packing if case.documents else {}
    strip = (lambda x: x[0]) if case.documents else (lambda x: x)
    q, k, v = (strip(x.detach().requires_grad_()) for x in case.tensors[:3])
    plan = create_mask_plan(ends, q, k, v, build_backward=True, **packing)

    def call(q, k, v):
        out = flex_attn_func(*(strip(x) for x in (q, k, v)), mask_plan=plan)
        return out[None] if case.documents else out

    return call


def cudnn_call(case: Case):
    try:
        import cudnn as frontend
    except ImportError as error:
        raise Absent(str(error)) from error
    if case.name in ("packed_exclusive", "longformer", "bigbird"):
        raise Absent("no such structure")
    options = {"is_causal": True, "return_lse": True}
    if case.name.startswith("window"):
        options["window_left"] = 128
    if case.sinks is not None:
        options["sinks"] = case.sinks.float()
    if case.documents:
        most = max(case.documents)
        options |= {"cu_seqlens_q": case.offsets, "cu_seqlens_kv": case.offsets}
        options |= {"max_seqlen_q": most, "max_seqlen_kv": most}
        return lambda q, k, v: frontend.sdpa_torch(q[0], k[0], v[0], **options)[0][None]

    def call(q, k, v):
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        return frontend.sdpa_torch(q, k, v, **options)[0].transpose(1, 2)

    return call


def flex_64_call(case: Case):
    """With blocks of BigBird's size, none of which is masked."""
    if case.name != "bigbird":
        raise Absent("blocks of 128 are faster")
    tiles = ("BLOCK_M", "BLOCK_N", "BLOCK_M1", "BLOCK_N1", "BLOCK_M2", "BLOCK_N2")
    return flex_call(case, BLOCK, dict.fromkeys(tiles, BLOCK))


def flex_call(case: Case, size: int = 128, options: dict | None = None):
    from torch.nn.attention.flex_attention import AuxRequest, flex_attention

    mask = block_mask(case, size)
    grouped = case.heads != case.key_heads
    torch.compiler.reset()

    def attend(q, k, v):
        q, k, v = (x.transpose(1, 2) for x in (q, k, v))
        out, aux = flex_attention(
            q, k, v, block_mask=mask, enable_gqa=grouped,
            return_aux=AuxRequest(lse=True), kernel_options=options,
        )  # fmt: skip
        if case.sinks is not None:
            # The usual way: the log-sum-exp says what the sink takes.
            share = torch.sigmoid(aux.lse - case.sinks.float()[None, :, None])
            out = out * share[..., None].to(out.dtype)
        return out.transpose(1, 2)

    return torch.compile(attend, dynamic=False)


def block_mask(case: Case, size: int = 128):
    """FlexAttention's block mask, a row of blocks at a time."""
    from torch.nn.attention.flex_attention import BlockMask

    mask, blocks = case.allows(), case.length // size
    j = torch.arange(case.length, device="cuda")
    some, every = (
        torch.zeros(case.heads, blocks, blocks, dtype=torch.bool, device="cuda")
        for _ in range(2)
    )
    for head in range(case.heads):
        h = torch.tensor(head, device="cuda")
        for row in range(blocks):
            i = torch.arange(row * size, (row + 1) * size, device="cuda")
            seen = mask(0, h, i[:, None], j[None]).view(size, blocks, size)
            counts = seen.sum((0, 2))
            some[head, row], every[head, row] = counts > 0, counts == size * size

    def ordered(dense):
        counts = dense.sum(-1, dtype=torch.int32)[None]
        order = torch.argsort(dense.int(), dim=-1, descending=True, stable=True)
        return counts, order.int()[None]

    return BlockMask.from_kv_blocks(
        *ordered(some & ~every),
        *ordered(every),
        BLOCK_SIZE=size,
        mask_mod=mask,
        seq_lengths=(case.length, case.length),
    )


SYSTEMS = {
    "torch": spattn_call,
    "fa4": fa4_call,
    "cudnn-flex": cudnn_flex_call,
    "cudnn": cudnn_call,
    "flex": flex_call,
    "flex-64": flex_64_call,
}
