"""Runs the kernels of merges and of their gradients, or of rows by number, by an
emulation of their PTX.

merge.py FOLDER [--translate SPATTN-TRANSLATE] [--chip CHIP] [--part I/N] [--rows]
"""

import random
import sys
from pathlib import Path

import numpy as np
from emulation import Attention, parse_arguments, selected

sys.path.append(str(Path(__file__).parents[2] / "Reference/Inputs"))

import merge_cases  # noqa: E402
import rows_cases  # noqa: E402
from merge_cases import from_bits  # noqa: E402
from rows_cases import to_bits  # noqa: E402

DRAW, SEED = 24, 3


def main() -> None:
    of_rows = "--rows" in sys.argv
    if of_rows:
        sys.argv.remove("--rows")
    arguments = parse_arguments(__doc__)
    rng = random.Random(SEED)
    kind = rows_cases.Case if of_rows else merge_cases.Case
    cases = [kind.draw(rng, is_gpu=True) for _ in range(DRAW)]
    if of_rows:
        # One of each operation of sources without rows, or without vectors.
        for case in {case.operation: case for case in cases}.values():
            case.source_length = 0
    for number, case in selected(cases, arguments.part):
        source = arguments.folder / f"{number}.mlir"
        source.write_text(case.ir())
        kernel = Attention(source, arguments.translate, chip=arguments.chip)
        arrays = case.arrays()
        operands = {n: to_bits(arrays[n], e) for n, e in case.inputs.items()}
        for name, element in case.outputs.items():
            operands[name] = to_bits(np.full(case.sizes(name), np.nan), element)
        results = kernel.run(operands, scale=1.0)
        expected = case.expected(arrays)
        for name in case.outputs:
            wrong = case.check(name, from_bits(results[name]), expected[name])
            assert not wrong, f"case {number}, {case}: {wrong}"
    print(f"{len(selected(cases, arguments.part))} cases agree")


if __name__ == "__main__":
    main()
