"""Small kernels of spattn_gpu operations, what they are given, and should give.

A kernel loads tiles of queries, keys and values, and numbers, and does one thing
with them, mostly with the product of the first two; every operation that
computes is in one of them.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from ptx_memory import narrow, widen


@dataclass(frozen=True)
class Shape:
    """Element type, columns of queries, keys, columns of values."""

    element: str
    depth: int
    keys: int
    columns: int

    @property
    def name(self) -> str:
        return f"{self.element}_{self.depth}_{self.keys}_{self.columns}"


SHAPES = (
    Shape("bf16", 64, 64, 64),
    Shape("bf16", 128, 128, 128),
    Shape("f16", 128, 48, 64),
    Shape("f16", 64, 16, 128),
)
QUERY_ROWS = 128
# The numbers: some, zeros to add to, and one that counts. A warp copies 128 at a time.
NUMBERS, WORDS_BYTES, WORDS_OFFSET = 192, 1024, 16
SUMS = 64 * 128
ELSE = 7.5
# Numbers that each of the four warps takes.
FETCHES = 2


def kernel(shape: Shape, what: str) -> str:
    """A kernel of 128 threads for the 64 queries of a row block."""
    element, depth, keys, columns = (
        shape.element,
        shape.depth,
        shape.keys,
        shape.columns,
    )
    q = f"!spattn_gpu.shared<{QUERY_ROWS}x{depth}x{element}>"
    k = f"!spattn_gpu.shared<{keys}x{depth}x{element}>"
    v = f"!spattn_gpu.shared<{keys}x{columns}x{element}>"
    s, o = f"!spattn_gpu.acc<64x{keys}xf32>", f"!spattn_gpu.acc<64x{columns}xf32>"
    p = f"!spattn_gpu.operand<64x{keys}x{element}>"
    x, c = f"!spattn_gpu.shared<64x{depth}x{element}>", f"!spattn_gpu.columns<{keys}>"
    r, t = (
        f"!spattn_gpu.acc<64x{depth}xf32>",
        f"!spattn_gpu.operand<64x{depth}x{element}>",
    )

    def tiles(rows, columns):
        return f"!spattn_gpu.memory<{rows * columns * 2}, alignment = 1024>"

    mq, mk, mv = tiles(QUERY_ROWS, depth), tiles(keys, depth), tiles(keys, columns)
    mx, mb = tiles(64, depth), "!spattn_gpu.memory<8>"
    mw = f"!spattn_gpu.memory<{2 * WORDS_BYTES + WORDS_OFFSET}>"
    words = f"%words[%one] stride {WORDS_BYTES} offset {WORDS_OFFSET}"
    staged = f"%queries[%first_stage] stride {256 * keys}"
    mask = f"""
  %seen = spattn_gpu.column_mask {{
  ^bb0(%r: index):
    %i = arith.index_cast %r : index to i32
    %c5 = arith.constant 5 : i32
    %lo = arith.subi %i, %c5 : i32
    %c2 = arith.constant 2 : i32
    %near = arith.addi %i, %c2 : i32
    %far = arith.addi %near, %c5 : i32
    %end = arith.constant {keys} : i32
    spattn_gpu.yield %lo, %near, %far, %end : i32, i32, i32, i32
  }} : !spattn_gpu.column_mask<{keys}>
  %m = spattn_gpu.mask %s, %seen : {s}"""
    maximum = f"""
  %inf = arith.constant 0xFF800000 : f32
  %none = spattn_gpu.fill %inf : !spattn_gpu.rows
  %m0 = spattn_gpu.reduce max %s, %none : {s}
  %m = spattn_gpu.quad_reduce max %m0"""
    bodies = {
        "scores": f"""
  spattn_gpu.store %s to %out stride %n rows %count as f32 : {s}""",
        "narrow": f"""
  spattn_gpu.store %s to %out stride %n rows %count as {element} : {s}""",
        "mask": f"""{mask}
  spattn_gpu.store %m to %out stride %n rows %count as f32 : {s}""",
        "max": f"""{maximum}
  spattn_gpu.store_rows %m to %out stride %n rows %count""",
        "sum": f"""
  %half = arith.constant 0.5 : f32
  %some = spattn_gpu.fill %half : !spattn_gpu.rows
  %m0 = spattn_gpu.reduce add %s, %some : {s}
  %m = spattn_gpu.quad_reduce add %m0
  spattn_gpu.store_rows %m to %out stride %n rows %count""",
        "map": f"""{maximum}
  %e = spattn_gpu.map(%s, %m) {{
  ^bb0(%a: f32, %c: f32):
    %d = arith.subf %a, %c : f32
    %x = math.exp2 %d : f32
    spattn_gpu.yield %x : f32
  }} : ({s}, !spattn_gpu.rows) -> {s}
  spattn_gpu.store %e to %out stride %n rows %count as f32 : {s}""",
        # The second product adds to the first.
        "output": f"""
  %p = spattn_gpu.to_operand %s : {s} to {p}
  spattn_gpu.mma_fence
  %o0 = spattn_gpu.mma %p, %vt : {p}, {v} -> {o}
  spattn_gpu.mma_commit
  %o1:2 = spattn_gpu.mma_wait 0, %o0, %p : {o}, {p}
  spattn_gpu.mma_fence
  %o2 = spattn_gpu.mma %o1#1, %vt acc %o1#0 : {p}, {v}, {o} -> {o}
  spattn_gpu.mma_commit
  %o3:2 = spattn_gpu.mma_wait 0, %o2, %o1#1 : {o}, {p}
  spattn_gpu.store %o3#0 to %out stride %n rows %count as f32 : {o}""",
        "columns": f"""
  %c = spattn_gpu.read_columns {words} : {mw} -> {c}
  %m = spattn_gpu.map(%c, %s) {{
  ^bb0(%a: f32, %b1: f32):
    %d = arith.addf %a, %b1 : f32
    spattn_gpu.yield %d : f32
  }} : ({c}, {s}) -> {s}
  spattn_gpu.store %m to %out stride %n rows %count as f32 : {s}""",
        # A product that starts from numbers of its columns.
        "start": f"""
  %c = spattn_gpu.read_columns {words} : {mw} -> {c}
  %a0 = spattn_gpu.map(%c) {{
  ^bb0(%a: f32):
    spattn_gpu.yield %a : f32
  }} : ({c}) -> {s}
  spattn_gpu.mma_fence
  %d0 = spattn_gpu.mma %qt rows %g, %kt acc %a0 {{transposed}} : {q}, {k}, {s} -> {s}
  spattn_gpu.mma_commit
  %d = spattn_gpu.mma_wait 0, %d0 : {s}
  spattn_gpu.store %d to %out stride %n rows %count as f32 : {s}""",
        "rows": f"""
  %else = arith.constant {ELSE} : f32
  %three = arith.constant 3 : index
  %all = arith.constant 64 : index
  %m = spattn_gpu.load_rows %numbers stride %three rows %count else %else
  spattn_gpu.store_rows %m to %out stride %n rows %all""",
        "fragment": f"""
  %sums = llvm.getelementptr %numbers[{NUMBERS}] : (!llvm.ptr) -> !llvm.ptr, f32
  spattn_gpu.add_fragment %s to %sums : {s}
  spattn_gpu.add_fragment %s to %sums : {s}
  %m = spattn_gpu.load_fragment %sums : {s}
  spattn_gpu.store %m to %out stride %n rows %count as f32 : {s}""",
        # Copied or stored, published, and added to: where the tiles were.
        "staged": f"""
  %sums = llvm.getelementptr %numbers[{NUMBERS}] : (!llvm.ptr) -> !llvm.ptr, f32
  %flag = llvm.getelementptr %numbers[{NUMBERS + SUMS}] : (!llvm.ptr) -> !llvm.ptr, f32
  %first_stage = arith.constant 0 : index
  spattn_gpu.named_barrier_sync 0, 128
  spattn_gpu.write_fragment %s to {staged} : {s}, {mq}
  spattn_gpu.async_proxy_fence
  spattn_gpu.named_barrier_sync 0, 128
  scf.if %is_warp {{
    spattn_gpu.add_words {64 * keys} from {staged} to %sums overwriting : {mq}
    spattn_gpu.semaphore_release 1024 to %flag
    %claimed = spattn_gpu.semaphore_arrive %flag
    %before = spattn_gpu.warp_broadcast %claimed
    %published = arith.constant 1024 : i32
    %is_there = arith.cmpi eq, %before, %published : i32
    scf.if %is_there {{
      spattn_gpu.semaphore_wait 1025 at %flag
      spattn_gpu.add_words {64 * keys} from {staged} to %sums : {mq}
      spattn_gpu.semaphore_release 1024 to %flag
    }}
  }}
  spattn_gpu.named_barrier_sync 0, 128
  %m = spattn_gpu.load_fragment %sums : {s}
  spattn_gpu.store %m to %out stride %n rows %count as f32 : {s}""",
        "products": f"""
  %m0 = spattn_gpu.row_products %qt, %qt[%g] : {q}
  %m = spattn_gpu.quad_reduce add %m0
  spattn_gpu.store_rows %m to %out stride %n rows %count""",
        "read": f"""
  %m = spattn_gpu.read %qt[%g] : {q} to {r}
  spattn_gpu.store %m to %out stride %n rows %count as f32 : {r}""",
        # Written rows are the left operand of a product.
        "write": f"""
  %zero_block = arith.constant 0 : index
  %xt = spattn_gpu.shared %extra : {mx} -> {x}
  %a = spattn_gpu.read %qt[%g] : {q} to {r}
  %o = spattn_gpu.to_operand %a : {r} to {t}
  spattn_gpu.write %o to %xt[%zero_block] : {t}, {x}
  spattn_gpu.async_proxy_fence
  spattn_gpu.named_barrier_sync 0, 128
  spattn_gpu.mma_fence
  %d0 = spattn_gpu.mma %xt rows %zero_block, %kt {{transposed}} : {x}, {k} -> {s}
  spattn_gpu.mma_commit
  %d = spattn_gpu.mma_wait 0, %d0 : {s}
  spattn_gpu.store %d to %out stride %n rows %count as f32 : {s}""",
        "lhs_transposed": f"""
  spattn_gpu.mma_fence
  %d0 = spattn_gpu.mma %kt rows %chunk, %vt {{lhs_transposed}} : {k}, {v} -> {o}
  spattn_gpu.mma_commit
  %d1 = spattn_gpu.mma_wait 0, %d0 : {o}
  spattn_gpu.mma_fence
  %d2 = spattn_gpu.mma %kt rows %chunk, %vt acc %d1 {{lhs_transposed}}
      : {k}, {v}, {o} -> {o}
  spattn_gpu.mma_commit
  %d = spattn_gpu.mma_wait 0, %d2 : {o}
  spattn_gpu.store %d to %out stride %n rows %count as f32 : {o}""",
        "both_transposed": f"""
  spattn_gpu.mma_fence
  %d0 = spattn_gpu.mma %qt rows %chunk, %kt {{lhs_transposed, transposed}}
      : {q}, {k} -> {s}
  spattn_gpu.mma_commit
  %d = spattn_gpu.mma_wait 0, %d0 : {s}
  spattn_gpu.store %d to %out stride %n rows %count as f32 : {s}""",
        # Each warp takes two numbers, and all its lanes write each to a place of
        # its own. The counter is the first word: poison, which is -1.
        "fetch": "".join(
            f"""
  %t{i} = spattn_gpu.atomic_inc %out
  %n{i} = spattn_gpu.warp_broadcast %t{i}
  %at{i} = arith.addi %n{i}, %next : i32
  %words{i} = arith.muli %at{i}, %warp : i32
  %word{i} = arith.addi %words{i}, %thread_of_warp : i32
  %to{i} = llvm.getelementptr %places[%word{i}] : (!llvm.ptr, i32) -> !llvm.ptr, i32
  llvm.store %n{i}, %to{i} : i32, !llvm.ptr"""
            for i in range(FETCHES)
        ),
    }
    map_type = (
        "!llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<16 x i64>, "
        "nvvm.grid_constant}"
    )
    return f"""
llvm.func @{what}_{shape.name}(%mq: {map_type}, %mk: {map_type}, %mv: {map_type},
    %out: !llvm.ptr, %numbers: !llvm.ptr, %stride: i32, %rows: i32, %query: i32,
    %key: i32, %h: i32, %b: i32, %group: i32)
    attributes {{nvvm.kernel, nvvm.maxntid = array<i32: 128, 1, 1>}} {{
  %n = arith.index_cast %stride : i32 to index
  %count = arith.index_cast %rows : i32 to index
  %qrow = arith.index_cast %query : i32 to index
  %krow = arith.index_cast %key : i32 to index
  %head = arith.index_cast %h : i32 to index
  %batch = arith.index_cast %b : i32 to index
  %g = arith.index_cast %group : i32 to index
  %chunks = arith.constant {depth // 64} : index
  %chunk = arith.remui %g, %chunks : index
  %one = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %warp = arith.constant 32 : i32
  %thread = nvvm.read.ptx.sreg.tid.x : i32
  %thread_of_warp = arith.remui %thread, %warp : i32
  %next = arith.constant 1 : i32
  %places = llvm.getelementptr %out[8] : (!llvm.ptr) -> !llvm.ptr, i32
  %is_thread = arith.cmpi eq, %thread, %zero : i32
  %is_warp = arith.cmpi ult, %thread, %warp : i32
  %queries = spattn_gpu.alloc : {mq}
  %keys = spattn_gpu.alloc : {mk}
  %values = spattn_gpu.alloc : {mv}
  %extra = spattn_gpu.alloc : {mx}
  %words = spattn_gpu.alloc : {mw}
  %barriers = spattn_gpu.alloc : {mb}
  %qt = spattn_gpu.shared %queries : {mq} -> {q}
  %kt = spattn_gpu.shared %keys : {mk} -> {k}
  %vt = spattn_gpu.shared %values : {mv} -> {v}
  %full = spattn_gpu.barrier %barriers : {mb}
  scf.if %is_thread {{
    spattn_gpu.barrier_init %full, 4 loads
    spattn_gpu.barrier_fence
  }}
  spattn_gpu.named_barrier_sync 0, 128
  scf.if %is_warp {{
    spattn_gpu.load %mq[%qrow, %head, %batch] to %qt, %full : {q}
    spattn_gpu.load %mk[%krow, %head, %batch] to %kt, %full : {k}
    spattn_gpu.load %mv[%krow, %head, %batch] to %vt, %full : {v}
    spattn_gpu.load_words {NUMBERS} from %numbers to {words}, %full : {mw}
  }}
  spattn_gpu.barrier_wait %full parity %zero
  spattn_gpu.mma_fence
  %s0 = spattn_gpu.mma %qt rows %g, %kt {{transposed}} : {q}, {k} -> {s}
  spattn_gpu.mma_commit
  %s = spattn_gpu.mma_wait 0, %s0 : {s}{bodies[what]}
  llvm.return
}}
"""


KINDS = (
    "scores",
    "narrow",
    "mask",
    "max",
    "sum",
    "map",
    "output",
    "columns",
    "start",
    "rows",
    "fragment",
    "staged",
    "products",
    "read",
    "write",
    "lhs_transposed",
    "both_transposed",
    "fetch",
)
SHARED_BYTES = 2 * 128 * (128 + 128 + 128 + 64) + 2 * WORDS_BYTES + WORDS_OFFSET + 8


def names():
    return [
        (shape, what, f"{what}_{shape.name}")
        for shape, what in itertools.product(SHAPES, KINDS)
        # What is summed up are the queries, and the keys' columns.
        if what != "both_transposed" or shape.depth == QUERY_ROWS
    ]


# What the kernels are given, and what they should give.

BATCHES, HEADS, QUERIES, KEYS = 2, 3, 150, 100
BATCH, HEAD = 1, 2
# First rows, such that the last ones are past the ends; the row block.
CASES = ((0, 0, 0, 64), (64, 48, 1, 37), (64, 0, 0, 64))
POISON = 0xFF


class Arrays:
    """Operands laid out as (batch, length, head, dimension)."""

    def __init__(self, shape: Shape):
        random = np.random.default_rng(1)
        self.values = [
            random.integers(-2, 3, (BATCHES, length, HEADS, dim)).astype(np.float32)
            for length, dim in (
                (QUERIES, shape.depth),
                (KEYS, shape.depth),
                (KEYS, shape.columns),
            )
        ]
        self.bits = [narrow(x, shape.element) for x in self.values]
        self.numbers = np.zeros(NUMBERS + SUMS + 1, np.float32)
        self.numbers[:NUMBERS] = random.integers(-9, 10, NUMBERS)

    @staticmethod
    def strides(bits):
        """Bytes, by dimensions from the innermost one out, as tensor maps."""
        batch, row, head, one = bits.strides
        return one, row, head, batch

    @staticmethod
    def sizes(bits):
        batch, length, heads, dim = bits.shape
        return dim, length, heads, batch

    def software_map(self, i, address) -> bytes:
        bits = self.bits[i]
        words = [address, *self.strides(bits)[1:], 0, *self.sizes(bits), 0]
        return np.array(words + [0] * (16 - len(words)), np.int64).tobytes()


def expected(shape: Shape, what: str, arrays: Arrays, case):
    query, key, block, count = case
    if what == "fetch":
        words = np.full((count, stride_of(shape, what)), 0xFFFFFFFF, np.uint32)
        numbers = np.arange(4 * FETCHES, dtype=np.uint32) - np.uint32(1)
        words.ravel()[0] = numbers[-1] + 1
        words.ravel()[8 : 8 + 32 * len(numbers)] = numbers.repeat(32)
        return words

    def rows(i, first, count):
        found = arrays.values[i][BATCH, first : first + count, HEAD]
        return np.pad(found, ((0, count - len(found)), (0, 0)))

    q = rows(0, query + 64 * block, 64)
    if block:
        q[max(0, 128 - 64 * block) :] = 0
    k, v = rows(1, key, shape.keys), rows(2, key, shape.keys)
    s = q @ k.T
    columns = arrays.numbers[: shape.keys]
    chunk = slice(block % (shape.depth // 64) * 64, None)
    every_q = rows(0, query, QUERY_ROWS)
    if what == "mask":
        i, j = np.arange(64)[:, None], np.arange(shape.keys)
        allowed = ((j >= i - 5) & (j < i + 2)) | (j >= i + 7)
        return np.where(allowed, s, -np.inf)
    maximum = s.max(1, keepdims=True)
    return {
        "scores": lambda: s,
        "narrow": lambda: widen(narrow(s, shape.element), shape.element),
        "max": lambda: maximum,
        "sum": lambda: s.sum(1, keepdims=True) + 4 * np.float32(0.5),
        "map": lambda: np.exp2(s - maximum),
        "output": lambda: 2 * (widen(narrow(s, shape.element), shape.element) @ v),
        "columns": lambda: s + columns,
        "start": lambda: s + columns,
        "rows": lambda: numbers_of_rows(arrays, case[3]),
        "fragment": lambda: 2 * s,
        "staged": lambda: 2 * s,
        "products": lambda: (q * q).sum(1, keepdims=True),
        "read": lambda: q,
        "write": lambda: s,
        "lhs_transposed": lambda: 2 * (k[:, chunk][:, :64].T @ v),
        "both_transposed": lambda: every_q[:, chunk][:, :64].T @ k.T,
    }[what]()


def numbers_of_rows(arrays: Arrays, count: int) -> np.ndarray:
    found = np.full((64, 1), ELSE, np.float32)
    found[:count, 0] = arrays.numbers[: 3 * count : 3]
    return found


def check(name, shape, what, case, raw, want):
    """`raw` are the bytes that the kernel left in a buffer of 64 rows."""
    rows, columns, stride = case[3], want.shape[1], stride_of(shape, what)
    if what == "rows":
        rows = 64
    bits = np.frombuffer(raw, np.uint16 if what == "narrow" else np.uint32)
    bits = bits.reshape(64, stride)
    poison = np.full(1, POISON, np.uint8).repeat(bits.itemsize).view(bits.dtype)[0]
    if (bits[rows:] != poison).any() or (bits[:, columns:] != poison).any():
        raise AssertionError(f"{name} {case}: wrote past the rows or columns")
    got = bits[:rows, :columns]
    if want.dtype == np.uint32:
        np.testing.assert_array_equal(got, want, err_msg=f"{name} {case}")
        return
    got = widen(got, shape.element) if what == "narrow" else got.view(np.float32)
    np.testing.assert_allclose(
        got,
        want[:rows],
        rtol=1e-5 if what == "map" else 0,
        atol=1e-30,
        err_msg=f"{name} {case}",
    )


def stride_of(shape, what) -> int:
    if what == "fetch":
        return 8
    if what in ("max", "sum", "rows", "products"):
        return 3
    width = {
        "output": shape.columns,
        "lhs_transposed": shape.columns,
        "read": shape.depth,
    }
    return width.get(what, shape.keys) + 8


def scalars(shape, what, case):
    query, key, block, rows = case
    return (stride_of(shape, what), rows, query, key, HEAD, BATCH, block)
