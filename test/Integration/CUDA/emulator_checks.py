"""What the emulator computes, and what it refuses, on kernels of a few lines."""

import numpy as np
import ptx_emulator
from emulate_random import check_zero, compare
from ptx_memory import Memory, narrow
from ptx_parser import PtxError

OUT = ptx_emulator.MEMORY_BASE
SHARED = 4096


def run(body: str, threads=128, registers="", blocks=1, seed=None) -> np.ndarray:
    """Runs a kernel that may write 4 bytes for each thread from %out on."""
    ptx = f"""
.visible .entry k(
	.param .u64 .ptr .align 1 k_param_0
)
.maxntid {threads}, 1, 1
{{
	.reg .pred 	%p<9>;
	.reg .b32 	%r<99>;
	.reg .b64 	%rd<19>;
	.reg .b64 	%out;
	.reg .b32 	%t, %s;
	{registers}
	ld.param.b64 	%out, [k_param_0];
	mov.u32 	%t, %tid.x;
	mul.wide.u32 	%rd18, %t, 4;
	add.s64 	%out, %out, %rd18;
	mov.b32 	%s, spattn_shared_memory;
{body}
	ret;

}}
"""
    memory = Memory(OUT, 4 * threads)
    kernel = ptx_emulator.Kernel(ptx, "k")
    arguments = [np.uint64(OUT).tobytes()]
    ptx_emulator.launch(kernel, arguments, memory, SHARED, threads, blocks, seed)
    return memory.bytes.view(np.uint32)


def value(body: str, **numbers: int) -> int:
    """Of %r0, where registers have been given numbers, by the first thread."""
    moves = "".join(
        f"mov.b{64 if name.startswith('rd') else 32} %{name}, {number};\n"
        for name, number in numbers.items()
    )
    return int(run(f"{moves}{body}\nst.global.b32 [%out], %r0;", threads=32)[0])


VALUES = (
    (-2, "mul.hi.s32 %r0, %r1, %r2;", -7, 2**30),
    (-1, "mul.hi.s32 %r0, %r1, %r2;", -1, 1),
    (0x3FFFFFFF, "mul.hi.s32 %r0, %r1, %r2;", 2**31 - 1, 2**31 - 1),
    (2**32 - 2, "mul.hi.u32 %r0, %r1, %r2;", -1, -1),
    (-3, "div.s32 %r0, %r1, %r2;", -7, 2),
    (-1, "rem.s32 %r0, %r1, %r2;", -7, 2),
    (0, "shl.b32 %r0, %r1, %r2;", -1, 32),
    (-1, "shr.s32 %r0, %r1, %r2;", -5, 40),
    (0, "shr.u32 %r0, %r1, %r2;", -5, 40),
    (-2, "bfe.s32 %r0, %r1, %r2, 3;", 0b11000, 2),
    (6, "bfe.u32 %r0, %r1, %r2, 3;", 0b11000, 2),
    (0b1100, "bmsk.clamp.b32 %r0, %r1, %r2;", 2, 2),
    (-4, "bmsk.clamp.b32 %r0, %r1, %r2;", 2, 40),
    (0xFF5F, "bfi.b32 %r0, %r1, 65535, 4, 4; and.b32 %r0, %r0, 65535;", 5, 0),
    (0, "clz.b32 %r0, %r1;", -1, 0),
    (32, "clz.b32 %r0, %r2;", -1, 0),
    (31, "bfind.u32 %r0, %r1;", -1, 0),
    (-1, "bfind.s32 %r0, %r1;", -1, 0),
    (8, "popc.b32 %r0, %r1;", 255, 0),
    (1, "brev.b32 %r0, %r1;", -(2**31), 0),
    (0x33221104, "prmt.b32 %r0, %r1, %r2, 0x3214;", 0x33221100, 0x04),
    (0b10010110, "lop3.b32 %r0, %r1, %r2, 240, 0x96;", 204, 170),
    (3, "max.relu.s32 %r0, %r1, %r2;", -5, 3),
    (0, "max.relu.s32 %r0, %r1, %r2;", -5, -3),
    (3, "shf.l.wrap.b32 %r0, %r1, %r2, 1;", -(2**31), 1),
    (-5, "mov.b64 %rd1, {%r1, %r2}; mov.b64 {%r0, %r3}, %rd1;", -5, 9),
    (
        7,
        "setp.lt.s32 %p1, %r1, %r2; mov.pred %p2, %p1; selp.b32 %r0, 7, 8, %p2;",
        -1,
        1,
    ),
    (
        8,
        "setp.lt.u32 %p1, %r1, %r2; mov.pred %p2, %p1; selp.b32 %r0, 7, 8, %p2;",
        -1,
        1,
    ),
    (2**31 - 1, "cvt.rzi.s32.f32 %r0, 0f7F800000;", 0, 0),
    (0, "cvt.rzi.s32.f32 %r0, 0f7FC00000;", 0, 0),
    (-2, "cvt.rni.s32.f32 %r0, 0fC0200000;", 0, 0),
    (
        -1,
        "cvt.s64.s32 %rd1, %r1; mul.hi.s64 %rd2, %rd1, 5; cvt.u32.u64 %r0, %rd2;",
        -3,
        0,
    ),
    (
        4,
        "cvt.s64.s32 %rd1, %r1; mul.hi.u64 %rd2, %rd1, 5; cvt.u32.u64 %r0, %rd2;",
        -3,
        0,
    ),
)

PASS = "elect.sync _|%p8, 0xffffffff;\n"
WGMMA = (
    "mov.b64 %rd1, 4611686293305360384;\nmov.b64 %rd2, 64;\n"
    "add.s64 %rd1, %rd1, %rd2;\n{fence}"
    "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 "
    "{{%r1, %r2, %r3, %r4}}, {{%r5, %r6, %r7, %r8}}, %rd1, 1, 1, 1, 0;\n"
    "wgmma.commit_group.sync.aligned;\n"
)
# A part of the message, the code, and how many threads run it.
REFUSED = (
    ("unknown instruction", "foo.b32 %r1, %r2;", 32),
    ("modifiers ['sat']", "add.sat.s32 %r1, %r2, %r3;", 32),
    ("unknown instruction", "add.s32 %r1, %rd1, %r3;", 32),
    ("divided by 0", "mov.b32 %r1, 0; div.s32 %r0, 5, %r1;", 32),
    ("out of bounds", "st.shared.b32 [%s+4096], 0;", 32),
    ("out of bounds", "ld.global.b32 %r1, [%out+4096];", 32),
    ("not aligned", "st.shared.b32 [%s+2], 0;", 32),
    (
        "wait for the rest of their warps",
        "setp.eq.u32 %p1, %t, 3;\n@%p1 ret;\nbar.warp.sync -1;",
        32,
    ),
    ("there is no mbarrier", "mbarrier.arrive.shared::cta.b64 _, [%s];", 32),
    (
        "more than its 1 arrivals",
        "setp.eq.u32 %p1, %t, 0;\n@%p1 mbarrier.init.shared::cta.b64 [%s], 1;\n"
        "@%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%s], 64;\n"
        "@%p1 mbarrier.arrive.shared::cta.b64 _, [%s];",
        32,
    ),
    (
        "what nobody owns",
        "setp.eq.u32 %p1, %t, 0;\n@%p1 mbarrier.init.shared::cta.b64 [%s], 1;\n"
        "st.shared.b32 [%s+4], 0;",
        32,
    ),
    (
        "mbarrier at 0: phase 0, 1 of 2 arrivals and 0 bytes to come",
        "setp.eq.u32 %p1, %t, 0;\n@%p1 mbarrier.init.shared::cta.b64 [%s], 2;\n"
        "@%p1 mbarrier.arrive.shared::cta.b64 _, [%s];\nbar.warp.sync -1;\n"
        "{\nWAIT:\nmbarrier.try_wait.parity.shared::cta.b64 %p2, [%s], 0;\n"
        "@%p2 bra DONE;\nbra WAIT;\nDONE:\n}",
        32,
    ),
    ("barrier 3: 64 of 96 threads", "bar.sync 3, 96;", 64),
    (
        "counts 128 threads for some and 64 for others",
        "setp.lt.u32 %p1, %t, 64;\n@%p1 bra A;\nbar.sync 1, 128;\nbra B;\n"
        "A:\nbar.arrive 1, 64;\nB:",
        96,
    ),
    ("of a warpgroup that has", "setmaxnreg.dec.sync.aligned.u32 240;", 512),
    (
        "registers a thread, ",
        "setp.lt.u32 %p1, %t, 128;\n@%p1 bra A;\n"
        "setmaxnreg.inc.sync.aligned.u32 248;\nbra B;\n"
        "A:\nsetmaxnreg.dec.sync.aligned.u32 40;\nB:",
        384,
    ),
    ("registers that a wgmma in flight uses", WGMMA + "add.f32 %r9, %r1, %r1;", 128),
    ("registers that a wgmma in flight uses", WGMMA + "mov.b32 %r5, 0;", 128),
    ("returns before it waits for wgmma", WGMMA, 128),
    (
        "changed since wgmma.fence",
        WGMMA.replace("{fence}", "add.s32 %r5, %t, 0;\n"),
        128,
    ),
    (
        "thread 127 wrote without fence.proxy.async",
        "mul.lo.s32 %r10, %t, 8;\nadd.s32 %r10, %s, %r10;\n"
        "st.shared.v2.b32 [%r10], {0, 0};\nbar.sync 0, 128;\n"
        + WGMMA
        + "wgmma.wait_group.sync.aligned 0;",
        128,
    ),
    (
        "thread 0 wrote without fence.proxy.async",
        "shl.b32 %r10, %t, 4;\nadd.s32 %r10, %s, %r10;\n"
        "setp.eq.u32 %p1, %t, 0;\n@%p1 st.shared.v4.b32 [%r10], {0, 0, 0, 0};\n"
        f"{PASS}@%p8 cp.async.bulk.global.shared::cta.bulk_group [%out], [%s], 16;\n"
        "@%p8 cp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;",
        32,
    ),
    (
        "stores not committed",
        f"{PASS}st.shared.v4.b32 [%s], {{0, 0, 0, 0}};\n"
        "fence.proxy.async.shared::cta;\n"
        "@%p8 cp.async.bulk.global.shared::cta.bulk_group [%out], [%s], 16;",
        32,
    ),
)


def check_comparison() -> None:
    """That one row among many is found to be wrong, and what is no number."""
    want = np.random.default_rng(1).standard_normal((1, 2, 200, 64))
    got = want + 1e-4
    assert not compare(got, want, 0, "bf16", "o")[1]
    got[0, 1, 77] *= 1.1
    assert (
        "1 rows of o are wrong; that at (0, 1, 77)"
        in compare(got, want, 0, "bf16", "o")[1][0]
    )
    got[0, 1, 77, 3] = np.nan
    assert "1 NaN" in compare(got, want, 0, "bf16", "o")[1][0]
    seen = np.ones((1, 2, 200), bool)
    seen[0, 0, :5] = False
    assert check_zero(want, seen, "o")


def main() -> None:
    for want, body, first, second in VALUES:
        got = value(body, r1=first, r2=second)
        assert got == want % 2**32, f"{body}: {got:#x}, not {want % 2**32:#x}"
    for message, body, threads in REFUSED:
        body = body.replace("{fence}", "wgmma.fence.sync.aligned;\n")
        body = body.replace("{{", "{").replace("}}", "}")
        try:
            run(body, threads)
        except PtxError as error:
            assert message in str(error), f"{body}\nexpected {message}, got {error}"
        else:
            raise AssertionError(f"{body}\nexpected an error: {message}")
    # What is written through the proxy's fence arrives.
    got = run(
        f"shl.b32 %r10, %t, 2;\nadd.s32 %r10, %s, %r10;\n{PASS}"
        "st.shared.b32 [%r10], %t;\nfence.proxy.async.shared::cta;\n"
        "bar.warp.sync -1;\n"
        "@%p8 cp.async.bulk.global.shared::cta.bulk_group [%out], [%s], 128;\n"
        "@%p8 cp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;",
        32,
    )
    assert (got == np.arange(32)).all()
    # 16 ones of bf16 in a row of A, times B of ones, added to 1.
    one = int(narrow(1.0, "bf16"))
    both = one << 16 | one
    setup = "".join(f"mov.b32 %r{r}, {both};\n" for r in (5, 6, 7, 8))
    setup += "".join(f"mov.b32 %r{r}, 0f3F800000;\n" for r in (1, 2, 3, 4))
    setup += f"mov.b32 %r11, {both};\nshl.b32 %r10, %t, 3;\nadd.s32 %r10, %s, %r10;\n"
    setup += "st.shared.v2.b32 [%r10], {%r11, %r11};\nfence.proxy.async.shared::cta;\n"
    setup += "bar.sync 0, 128;\n"
    product = WGMMA.replace("{fence}", "wgmma.fence.sync.aligned;\n")
    product = product.replace("{{", "{").replace("}}", "}")
    end = "wgmma.wait_group.sync.aligned 0;\nst.global.b32 [%out], %r4;"
    for seed in (None, 1, 2):
        got = run(setup + product + end, 128, seed=seed)
        assert (got.view(np.float32) == 17).all()
    check_comparison()
    print(f"{len(VALUES)} values and {len(REFUSED)} refusals agree")


if __name__ == "__main__":
    main()
