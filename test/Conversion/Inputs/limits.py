"""Lowers attention and its gradients with all combinations of the options that
decide what a kernel needs, and checks each kernel against what a multiprocessor
has, by numbers of the PTX manual and of the CUDA programming guide. What does not
fit must have been refused with an error that has a place and names the reason.

Usage: limits.py SPATTN_OPT FOLDER
"""

import itertools
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Threads, and bytes of shared memory, of a multiprocessor; 1024 bytes of it are
# taken for each block.
CHIPS = {
    "sm_90a": (2048, 228 * 1024),
    "sm_80": (2048, 164 * 1024),
    "sm_86": (1536, 100 * 1024),
}
REGISTERS = 65536

FORWARD = """
!t = tensor<?x4x?x{dim}xbf16>
func.func @f(%q: !t, %o: !t) -> !t {{
  %r = spattn.attention structure(#spattn.causal)
      ins(%q, %q, %q : !t, !t, !t) outs(%o : !t)
  return %r : !t
}}
"""
BACKWARD = """
!t = tensor<?x4x?x{dim}xbf16>
!l = tensor<?x4x?xf32>
func.func @f(%q: !t, %l: !l, %dq: !t, %dk: !t, %dv: !t) -> (!t, !t, !t) {{
  %r:3 = spattn.attention_backward structure(#spattn.causal)
      ins(%q, %q, %q, %q, %l, %q : !t, !t, !t, !t, !l, !t)
      outs(%dq, %dk, %dv : !t, !t, !t)
  return %r#0, %r#1, %r#2 : !t, !t, !t
}}
"""
REASONS = (
    "threads an SM",
    "bytes of shared memory, more than",
    "registers for a thread that loads, more than",
    "needs 2 'query-stages' or more",
    "expected the number of warpgroups",
)


def cases():
    """Files and options."""
    counts = (1, 2, 3, 4)
    flags = ("true", "false")
    schedulers = ("dynamic", "static")
    for target, warpgroups, ctas in itertools.product(CHIPS, counts, counts):
        common = f"target={target} mma-warpgroups={warpgroups} ctas-per-sm={ctas}"
        for dim, tile in ((64, 16), (64, 128), (128, 48), (256, 16)):
            for scheduler in schedulers if tile in (16, 48) else schedulers[:1]:
                # Each with one choice of what shares nothing with the others.
                overlap = flags[(warpgroups + ctas) % 2]
                stages = 1 + (warpgroups + tile // 16) % 3
                yield (
                    f"forward{dim}.mlir",
                    f"{common} key-tile={tile} scheduler={scheduler} "
                    f"intra-warpgroup-overlap={overlap} stages={stages} "
                    f"query-stages={1 + ctas % 2}",
                )
        for dim, deterministic in itertools.product((64, 128), flags):
            stages = 1 + (ctas + dim // 64) % 2
            yield (
                f"backward{dim}.mlir",
                f"{common} deterministic={deterministic} stages={stages} "
                f"query-stages={stages}",
            )
    for memory in (40000, 60000, 80000, 100000):
        for name, deterministic in itertools.product(
            ("forward64.mlir", "backward64.mlir", "backward128.mlir"), flags
        ):
            yield name, f"deterministic={deterministic} shared-memory={memory}"


def number(pattern: str, text: str, default: int | None = None) -> int:
    found = re.search(pattern, text)
    if not found and default is not None:
        return default
    assert found, f"no {pattern}"
    return int(found[1])


def allocated(kernel: str) -> int:
    """Bytes of shared memory, with what alignment leaves out."""
    memory = (
        r"spattn_gpu.alloc( overlaid)? : "
        r"!spattn_gpu.memory<(\d+)(?:, alignment = (\d+))?>"
    )
    end = total = 0
    for overlaid, size, alignment in re.findall(memory, kernel):
        step = int(alignment or 16)
        end = int(size) + (0 if overlaid else -(-end // step) * step)
        total = max(total, end)
    return total


def check_kernel(kernel: str, options: str) -> None:
    target = dict(o.split("=") for o in options.split()).get("target", "sm_90a")
    most_threads, most_shared = CHIPS[target]
    if given := re.search("shared-memory=([0-9]+)", options):
        most_shared = int(given[1]) + 1024
    threads = number(r"nvvm.maxntid = array<i32: (\d+)", kernel)
    blocks = number(r"nvvm.minctasm = (\d+)", kernel, default=1)
    shared = number(r"\bshared = (\d+)", kernel)
    assert threads % 128 == 0 and threads <= 1024, f"{threads} threads"
    assert threads * blocks <= most_threads, f"{blocks} blocks of {threads} threads"
    # Elsewhere blocks need not be there at once.
    at_once = blocks if "grid = persistent" in kernel else 1
    needed = at_once * (shared + 1024)
    assert needed <= most_shared, f"{needed} bytes of shared memory"
    # The verifier sees that allocations fit; here, that nothing is left over.
    taken = allocated(kernel)
    assert taken == shared, f"{taken} of {shared} bytes of shared memory"
    if target != "sm_90a":
        return
    # What ptxas launches a thread with, and how warpgroups change it.
    launched = min(REGISTERS // (blocks * threads) // 8 * 8, 256)
    changes = re.findall(r"spattn_gpu.set_max_registers (\d+), (true|false)", kernel)
    if not changes:
        return
    # Those that load, and those that compute; each may return to what it had.
    returns = len(changes) == 4
    assert returns or len(changes) == 2, f"{len(changes)} changes of registers"
    counts = []
    for place, (text, increase) in enumerate(changes):
        before, count = launched, int(text)
        assert 24 <= count <= 256 and count % 8 == 0, f"{count} registers"
        if returns and place % 2 == 1:
            before = counts[-1]
            assert count == launched, f"{count} are not the {launched} of the launch"
        else:
            counts.append(count)
        if increase == "true":
            assert count >= before, f"{count} of {before} is no increase"
        else:
            assert count <= before, f"{count} of {before} is no decrease"
    warpgroups = threads // 128
    total = counts[0] + counts[1] * (warpgroups - 1)
    assert total <= launched * warpgroups, f"{total} of {launched * warpgroups}"


def run(tool: str, folder: Path, name: str, options: str) -> str:
    """What is wrong; `refused` and `made` are not."""
    result = subprocess.run(
        [tool, folder / name, f"-convert-spattn-to-spattn-gpu={options}"],
        capture_output=True,
        text=True,
    )
    if result.returncode:
        first = result.stderr.split("\n")[0]
        known = result.returncode == 1 and any(r in first for r in REASONS)
        located = re.search(r"\.mlir:\d+:\d+: error: 'spattn\.", first)
        return "refused" if known and located else result.stderr or "no message"
    try:
        kernels = result.stdout.split("llvm.func @")[1:]
        assert kernels, "no kernel"
        for kernel in kernels:
            check_kernel(kernel, options)
    except AssertionError as error:
        return str(error)
    return "made"


def main(tool: str, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for dim in (64, 128, 256):
        (folder / f"forward{dim}.mlir").write_text(FORWARD.format(dim=dim))
        (folder / f"backward{dim}.mlir").write_text(BACKWARD.format(dim=dim))
    all_cases = list(cases())
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda c: run(tool, folder, *c), all_cases))
    for case, result in zip(all_cases, results, strict=True):
        if result not in ("made", "refused"):
            print(*case, result)
    made, refused = (results.count(r) for r in ("made", "refused"))
    print(f"{len(results)} cases, {made} made, {refused} refused")
    return int(made + refused != len(results) or made < 100 or refused < 100)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
