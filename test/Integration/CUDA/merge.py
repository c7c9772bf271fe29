"""Runs the kernels of merges and of their gradients by an emulation of their PTX.

merge.py FOLDER [--translate SPATTN-TRANSLATE] [--chip CHIP] [--part I/N]
"""

import random
import sys
from pathlib import Path

import numpy as np
from emulation import Attention, parse_arguments, selected

sys.path.append(str(Path(__file__).parents[2] / "Reference/Inputs"))

from merge_cases import Case, from_bits, to_bits  # noqa: E402

DRAW, SEED = 24, 3


def main() -> None:
    arguments = parse_arguments(__doc__)
    rng = random.Random(SEED)
    cases = [Case.draw(rng, is_gpu=True) for _ in range(DRAW)]
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
    print(f"{len(selected(cases, arguments.part))} merges agree")


if __name__ == "__main__":
    main()
