"""What decode.py compares with: other implementations of attention to many keys.

A peer is a function of a case that returns a call, whose output is (batch, queries,
heads, dim), or raises `Absent`. What fails at the first call, or differs from float64,
decode.py leaves out.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention as sdpa


class Absent(Exception):
    """A peer is not installed, or has no such structure."""


def window_of(case) -> int | None:
    """The window of all heads; None: all keys."""
    sizes = set(case.windows)
    if len(sizes) > 1:
        raise Absent("it has one window for all heads")
    size = sizes.pop()
    return None if size == case.keys else size


def of_torch(backend: SDPBackend) -> Callable:
    """A backend of torch's scaled_dot_product_attention, which has no windows and no
    causal mask that ends at the last key. A single query sees all keys."""

    def make(case) -> Callable:
        if window_of(case) is not None or case.queries != 1:
            raise Absent("torch has no mask for it")
        q, k, v = (x.transpose(1, 2) for x in case.tensors)

        def attend():
            with sdpa_kernel(backend):
                return sdpa(q, k, v, enable_gqa=True).transpose(1, 2)

        return attend

    return make


def cudnn_frontend(case) -> Callable:
    """cuDNN's graphs, by the package nvidia-cudnn-frontend."""
    window = window_of(case)
    try:
        from cudnn import sdpa_torch
    except (ImportError, AttributeError) as error:
        raise Absent(f"nvidia-cudnn-frontend: {error}") from error
    q, k, v = (x.transpose(1, 2) for x in case.tensors)
    options = {}
    if case.queries > 1 or window is not None:
        options = {"is_causal": True, "causal_bottom_right": True}
    if window is not None:
        options["window_left"] = window
    return lambda: sdpa_torch(q, k, v, **options).transpose(1, 2)


def cudnn_paged(case) -> Callable:
    """cuDNN's graph of a cache in pages of 16 rows, of which NVIDIA publishes times."""
    window = window_of(case)
    try:
        import cudnn
    except ImportError as error:
        raise Absent(f"nvidia-cudnn-frontend: {error}") from error
    *pools, table = case.pages(16)
    q, k, v = (x.transpose(1, 2) for x in (case.tensors[0], *pools))
    output = torch.empty_like(case.tensors[0]).transpose(1, 2)
    queries, keys = (
        torch.full((case.batch, 1, 1, 1), n, dtype=torch.int32, device=q.device)
        for n in (case.queries, case.keys)
    )
    buffers = q, k, v, table[:, None, :, None], queries, keys, output
    band = {}
    if case.queries > 1 or window is not None:
        band["diagonal_alignment"] = cudnn.diagonal_alignment.BOTTOM_RIGHT
        band["diagonal_band_right_bound"] = 0
    if window is not None:
        band["diagonal_band_left_bound"] = window

    @cache
    def built():
        handle = cudnn.create_handle()
        kinds = {torch.bfloat16: "BFLOAT16", torch.int32: "INT32"}
        graph = cudnn.pygraph(
            handle=handle,
            io_data_type=cudnn.data_type.BFLOAT16,
            intermediate_data_type=cudnn.data_type.FLOAT,
            compute_data_type=cudnn.data_type.FLOAT,
        )
        inputs = [
            graph.tensor(
                name=f"input{uid}",
                dim=list(x.shape),
                stride=list(x.stride()),
                data_type=getattr(cudnn.data_type, kinds[x.dtype]),
                uid=uid,
            )
            for uid, x in enumerate(buffers[:-1], 1)
        ]
        of_pages, of_queries, of_keys = inputs[3:]
        found, _ = graph.sdpa(
            name="sdpa",
            q=inputs[0],
            k=inputs[1],
            v=inputs[2],
            generate_stats=False,
            attn_scale=q.shape[-1] ** -0.5,
            use_padding_mask=True,
            seq_len_q=of_queries,
            seq_len_kv=of_keys,
            paged_attention_k_table=of_pages,
            paged_attention_v_table=of_pages,
            paged_attention_max_seq_len_kv=case.keys,
            **band,
        )
        found.set_uid(len(buffers)).set_output(True).set_dim(list(output.shape))
        found.set_stride(list(output.stride())).set_data_type(cudnn.data_type.BFLOAT16)
        graph.validate()
        graph.build_operation_graph()
        graph.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
        graph.check_support()
        graph.build_plans()
        size = max(graph.get_workspace_size(), 1)
        workspace = torch.empty(size, dtype=torch.uint8, device=q.device)
        return graph, handle, workspace

    def attend():
        graph, handle, workspace = built()
        stream = torch.cuda.current_stream().cuda_stream
        cudnn.set_stream(handle=handle, stream=stream)
        uids = tuple(range(1, len(buffers) + 1))
        graph.execute(list(buffers), workspace, handle=handle, tensor_uids=uids)
        return output.transpose(1, 2)

    return attend


def endpoints(case) -> torch.Tensor:
    """What queries of one or of all heads see, as cudnn.flex_attention takes it: the
    keys [0, e0) and, if there are more, [e1, e2)."""
    device = case.tensors[0].device
    end = torch.arange(case.queries, device=device, dtype=torch.int32)
    end += case.keys - case.queries + 1
    sizes = case.windows if len(set(case.windows)) > 1 else case.windows[:1]
    if sizes == [case.keys]:
        return end.repeat(case.batch)[None, None]
    of_heads = [
        torch.stack([torch.zeros_like(end), (end - size).clamp(min=0), end])
        for size in sizes
    ]
    ends = torch.stack(of_heads).repeat(1, 1, case.batch)
    return ends.repeat_interleave(case.group, 0) if len(sizes) > 1 else ends


def cudnn_flex(case) -> Callable:
    """cudnn.flex_attention, by the same package."""
    try:
        from cudnn.flex_attention import create_mask_plan, flex_attn_func
    except (ImportError, AttributeError) as error:
        raise Absent(f"nvidia-cudnn-frontend: {error}") from error
    q, k, v = case.tensors

    @cache
    def plan():
        ends = endpoints(case).contiguous()
        return create_mask_plan(ends, q, k, v, build_backward=False)

    return lambda: flex_attn_func(q, k, v, mask_plan=plan())


def flash_attention_4(case) -> Callable:
    window = window_of(case)
    try:
        from flash_attn.cute.interface import flash_attn_func
    except ImportError as error:
        raise Absent(f"flash-attn-4: {error}") from error
    q, k, v = case.tensors
    options = {} if window is None else {"window_size": (window - 1, 0)}
    return lambda: flash_attn_func(q, k, v, causal=True, **options)[0]


PEERS = {
    "fa2": of_torch(SDPBackend.FLASH_ATTENTION),
    "cudnn": of_torch(SDPBackend.CUDNN_ATTENTION),
    "cudnn-frontend": cudnn_frontend,
    "cudnn-paged": cudnn_paged,
    "cudnn-flex": cudnn_flex,
    "fa4": flash_attention_4,
}
