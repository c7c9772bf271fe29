"""Checks and times the forward kernels on a Hopper GPU, beside what PyTorch has.

    python benchmarks/gpu/kernels.py FOLDER          # anywhere
    python benchmarks/gpu/forward.py FOLDER OUT.json # on the GPU

Needs torch and cuda-bindings; no LLVM. Every kernel is compared with attention
in float64 at small sizes, with poisoned outputs, twice for the same bits. Times
are medians of 20 calls, by events, on random normal data, all systems in one
run: "ms" with the GPU kept busy while the host prepares a call, "call_ms" without
that, so that the host's time is in it. Rows: {"workload", "system", "pass", "ms",
"call_ms", "floor_ms", "tflops", "error", "commit", "gpu", "date", ...}; the floor
is the larger of touched bytes by the measured copy rate and operations by the
measured rate of a matrix product.
"""

import ctypes
import datetime
import json
import math
import os
import statistics
import struct
import subprocess
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from cuda.bindings import driver as cuda
from kernels import VARIANTS
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.flex_attention import create_block_mask, flex_attention


def check(result):
    error, *values = result
    if error != cuda.CUresult.CUDA_SUCCESS:
        raise RuntimeError(cuda.cuGetErrorString(error)[1].decode())
    return values[0] if values else None


class Kernel:
    """A kernel of a cubin, with the launch that convert-spattn-to-spattn-gpu asks for.

    The variants are those of kernels.py.
    """

    def __init__(self, cubin: Path, variant: str, name: str, dim: int):
        self.variant = VARIANTS[variant]
        self.queries, self.keys = self.variant.queries, self.variant.key_tile
        self.shared = self.variant.shared_bytes(dim)
        module = check(cuda.cuModuleLoad(str(cubin).encode()))
        self.function = check(cuda.cuModuleGetFunction(module, name.encode()))
        attribute = cuda.CUfunction_attribute
        limit = attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        check(cuda.cuFuncSetAttribute(self.function, limit, self.shared))
        # Blocks that fetch their items have a counter, the last parameter.
        error, *_ = cuda.cuFuncGetParamInfo(self.function, 16)
        self.fetches = error == cuda.CUresult.CUDA_SUCCESS

    @staticmethod
    def tensor_map(x: torch.Tensor, rows: int):
        batch, heads, length, dim = x.shape
        strides = [cuda.cuuint64_t(2 * x.stride(i)) for i in (2, 1, 0)]
        return check(
            cuda.cuTensorMapEncodeTiled(
                cuda.CUtensorMapDataType.CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
                4,
                x.data_ptr(),
                [cuda.cuuint64_t(v) for v in (dim, length, heads, batch)],
                strides,
                [cuda.cuuint32_t(v) for v in (64, rows, 1, 1)],
                [cuda.cuuint32_t(1)] * 4,
                cuda.CUtensorMapInterleave.CU_TENSOR_MAP_INTERLEAVE_NONE,
                cuda.CUtensorMapSwizzle.CU_TENSOR_MAP_SWIZZLE_128B,
                cuda.CUtensorMapL2promotion.CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
                cuda.CUtensorMapFloatOOBfill.CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
            )
        )

    @staticmethod
    def software_map(x: torch.Tensor) -> bytes:
        """As in spattn/Runtime/TensorMap.h: address, strides, sizes."""
        sizes, strides = x.shape[::-1], [2 * s for s in x.stride()[::-1]]
        words = [x.data_ptr(), *strides[1:], 0, *sizes, 0]
        return struct.pack("<16q", *words, *[0] * (16 - len(words)))

    def bind(self, q, k, v, out, lse):
        """A function that launches the kernel on the current stream."""
        values = []
        maps = (q, self.queries), (k, self.keys), (v, self.keys), (out, self.queries)
        for x, rows in maps:
            storage = (ctypes.c_byte * 192)()
            aligned = (ctypes.addressof(storage) + 63) & ~63
            if self.variant.software_maps:
                ctypes.memmove(aligned, self.software_map(x), 128)
            else:
                ctypes.memmove(aligned, self.tensor_map(x, rows).getPtr(), 128)
            values.append((storage, aligned))
        scalars = [ctypes.c_uint64(out.data_ptr()), ctypes.c_uint64(lse.data_ptr())]
        scalars += [ctypes.c_int32(n) for n in (q.shape[0], q.shape[2], k.shape[2])]
        scalars.append(ctypes.c_float(1 / math.sqrt(q.shape[3])))
        scalars += [ctypes.c_int64(s) for s in (*out.stride()[:3], *lse.stride())]
        counter = torch.zeros(1, dtype=torch.int32, device="cuda")
        if self.fetches:
            scalars.append(ctypes.c_uint64(counter.data_ptr()))
        values += [(s, ctypes.addressof(s)) for s in scalars]
        pointers = (ctypes.c_void_p * len(values))(*(p for _, p in values))
        items = q.shape[0] * q.shape[1] * -(-q.shape[2] // self.queries)
        sms = torch.cuda.get_device_properties(0).multi_processor_count
        grid = min(sms * self.variant.ctas_per_sm, items)

        def launch():
            stream = torch.cuda.current_stream().cuda_stream
            if self.fetches:
                check(cuda.cuMemsetD8Async(counter.data_ptr(), 0, 4, stream))
            check(
                cuda.cuLaunchKernel(
                    self.function,
                    grid,
                    1,
                    1,
                    self.variant.threads,
                    1,
                    1,
                    self.shared,
                    stream,
                    ctypes.addressof(pointers),
                    0,
                )
            )

        launch.keep = (values, pointers, counter)
        return launch


def intervals(structure: str, length: int, heads: int):
    """Distances of each head: the definition, not spattn's algebra."""
    for h in range(heads):
        base, rest = divmod(length, heads)
        width, start = base + (h < rest), h * base + min(h, rest)
        if structure == "exclusive":
            yield [(start, start + width)]
        elif structure == "local_band":
            near = (0, width + 1)
            yield [near, (max(start, width + 1), max(start + width, width + 1))]
        elif structure == "window1024":
            yield [(0, 1024)]
        else:
            yield [(0, length)]


def mask_of(structure: str, length: int, heads: int):
    """The structure as FlexAttention's mask function."""
    w = length // heads
    return {
        "exclusive": lambda b, h, i, j: (i - j >= h * w) & (i - j < (h + 1) * w),
        "local_band": lambda b, h, i, j: (
            (i >= j) & ((i - j <= w) | ((i - j >= h * w) & (i - j < (h + 1) * w)))
        ),
        "window1024": lambda b, h, i, j: (i >= j) & (i - j < 1024),
    }[structure]


def block_mask(structure: str, length: int, heads: int):
    """What FlexAttention makes of it. Long ones only fit memory if compiled."""
    mask = mask_of(structure, length, heads)
    shape = (None, heads, length, length)
    return create_block_mask(mask, *shape, device="cuda", _compile=length > 16384)


def random(*shape):
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)


def verify(kernel, structure, batch, heads, key_heads, queries, keys, dim) -> float:
    torch.manual_seed(queries)
    q = random(batch, heads, queries, dim)
    k, v = (random(batch, key_heads, keys, dim) for _ in range(2))
    out = torch.full_like(q, math.nan)
    lse = torch.full((batch, heads, queries), math.nan, device="cuda")
    launch = kernel.bind(q, k, v, out, lse)
    launch()
    first = out.clone()
    out.fill_(math.nan)
    launch()
    torch.cuda.synchronize()
    assert torch.equal(first, out), "two runs differ"
    d = torch.arange(queries, device="cuda")[:, None] + (keys - queries)
    d = d - torch.arange(keys, device="cuda")
    allowed = torch.stack(
        [
            torch.stack([(d >= lo) & (d < hi) for lo, hi in spans]).any(0)
            for spans in intervals(structure, keys, heads)
        ]
    )
    k, v = (x.double().repeat_interleave(heads // key_heads, 1) for x in (k, v))
    scores = q.double() @ k.transpose(2, 3) / math.sqrt(dim)
    scores = scores.masked_fill(~allowed, -math.inf)
    reference = torch.softmax(scores, -1).nan_to_num(0) @ v
    log = torch.logsumexp(scores, -1)
    some = log.isfinite()
    assert (lse[~some] == -math.inf).all() and (out[~some] == 0).all()
    assert (lse.double()[some] - log[some]).abs().max() < 1e-4
    error = ((out.double() - reference).norm() / reference.norm()).item()
    assert error < 5e-3, f"{structure} {queries} {keys} {dim}: error {error}"
    return error


def medians(calls: dict, count=20, warmup=3, busy=True) -> dict:
    """Milliseconds of each call. They take turns, so that heat and power limits
    are the same for all. If the GPU is kept busy while the host prepares a call,
    no time of the host is measured; else what a caller waits for."""
    times = {name: [] for name in calls}
    for number in range(warmup + count):
        for name, call in calls.items():
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            if busy:
                torch.cuda._sleep(1_000_000)
            start.record()
            call()
            end.record()
            torch.cuda.synchronize()
            if number >= warmup:
                times[name].append(start.elapsed_time(end))
    return {name: statistics.median(values) for name, values in times.items()}


def median(call) -> float:
    return medians({"": call})[""]


def get_commit() -> str | None:
    """Of the sources: SPATTN_COMMIT or, without it, what the repository says."""
    if commit := os.environ.get("SPATTN_COMMIT"):
        return commit
    git = ["git", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(git, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def kept_rows(target: Path, other_than: str) -> list[dict]:
    """What a file has of other passes than the one that is measured."""
    rows = json.loads(target.read_text()) if target.exists() else []
    return [row for row in rows if row["pass"] != other_than]


def rates() -> tuple[float, float]:
    """Bytes and operations a millisecond."""
    x = torch.empty(4 << 30, dtype=torch.uint8, device="cuda")
    y = torch.empty_like(x)
    copy = 2 * x.numel() / median(lambda: y.copy_(x))
    a, b = random(8192, 8192), random(8192, 8192)
    return copy, 2 * 8192**3 / median(lambda: a @ b)


def work(structure, batch, heads, length, dim) -> tuple[int, int]:
    """Operations, and bytes that have to move at least."""
    pairs = rows = 0
    for spans in intervals(structure, length, heads):
        for lo, hi in spans:
            hi = min(hi, length)
            pairs += sum(length - d for d in range(lo, hi))
        rows += max(0, length - min(lo for lo, _ in spans))
    return 4 * dim * pairs * batch, 2 * batch * dim * (3 * rows + heads * length)


WORKLOADS = [
    # structure, name, heads, key heads, dim, batch, length
    *(
        (s, s, 16, 16, d, b, length)
        for s in ("exclusive", "local_band")
        for d, b, length in (
            (128, 8, 4096),
            (128, 2, 16384),
            (128, 1, 65536),
            (64, 8, 4096),
            (64, 2, 16384),
        )
    ),
    ("window1024", "window1024", 16, 16, 128, 2, 16384),
    ("causal", "causal", 16, 16, 128, 2, 16384),
    ("causal", "causal", 16, 16, 64, 2, 16384),
    ("exclusive", "exclusive", 32, 8, 128, 2, 16384),
]


# Batch, queries and keys of the comparisons with float64.
CHECKED = ((1, 1, 1), (1, 128, 128), (2, 1000, 1000), (1, 777, 1500))


def main() -> None:
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    torch.cuda.init()
    torch.zeros(1, device="cuda")
    flex = torch.compile(flex_attention, dynamic=False)
    copy_rate, product_rate = rates()
    gpu = torch.cuda.get_device_name()
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    commit = get_commit()
    print(gpu)
    print(f"copy {copy_rate / 1e9:.2f} TB/s, product {product_rate / 1e9:.0f} TFLOP/s")
    rows = kept_rows(target, other_than="forward")

    def record(workload, system, ms, call_ms, operations, floor, error=None, **extra):
        rows.append(
            {
                "workload": workload,
                "system": system,
                "pass": "forward",
                "ms": round(ms, 4),
                "call_ms": round(call_ms, 4),
                "floor_ms": round(floor, 4),
                "tflops": round(operations / ms / 1e9, 1),
                "error": error,
                "commit": commit,
                "gpu": gpu,
                "date": date,
                **extra,
            }
        )
        label = extra.get("variant", "")
        print(f"{workload:34s} {system:8s}{label:10s} {ms:8.4f} ms", end=" ")
        print(f"{ms / floor:5.2f} x floor", flush=True)
        target.write_text(json.dumps(rows, indent=1) + "\n")

    variants = sorted({p.name.split(".")[1] for p in folder.glob("*.cubin")})
    for structure, name, heads, key_heads, dim, batch, length in WORKLOADS:
        head_text = f"H{heads}" if heads == key_heads else f"H{heads}/{key_heads}"
        workload = f"{name} {head_text} D{dim} B{batch} N{length}"
        operations, moved = work(structure, batch, heads, length, dim)
        floor = max(operations / product_rate, moved / copy_rate)
        q = random(batch, heads, length, dim)
        k, v = (random(batch, key_heads, length, dim) for _ in range(2))
        out = torch.empty_like(q)
        lse = torch.empty(batch, heads, length, device="cuda")
        entry = structure + ("" if heads == key_heads else "_gqa")
        calls, errors = {}, {}
        for variant in variants:
            known = VARIANTS[variant]
            if dim not in known.dims or structure not in known.structures:
                continue
            kernel = Kernel(folder / f"d{dim}.{variant}.cubin", variant, entry, dim)
            errors[variant] = max(
                verify(kernel, structure, b, heads, key_heads, nq, nk, dim)
                for b, nq, nk in CHECKED
            )
            calls[variant] = kernel.bind(q, k, v, out, lse)
        if structure == "causal":

            def cudnn(q=q, k=k, v=v):
                with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
                    return F.scaled_dot_product_attention(q, k, v, is_causal=True)

            calls["cudnn"] = cudnn
        else:
            torch.compiler.reset()
            mask = block_mask(structure, length, heads)

            def flex_call(q=q, k=k, v=v, mask=mask, gqa=heads != key_heads):
                return flex(q, k, v, block_mask=mask, enable_gqa=gqa)

            calls["flex"] = flex_call
        call_ms = medians(calls, busy=False)
        for name, ms in medians(calls).items():
            times = ms, call_ms[name]
            if name in errors:
                extra = {"error": errors[name], "variant": name}
                record(workload, "spattn", *times, operations, floor, **extra)
            else:
                record(workload, name, *times, operations, floor)


if __name__ == "__main__":
    main()
