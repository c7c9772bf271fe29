"""Compares merges and their gradients, or operations on rows by number, with their
definitions in numpy.

Usage: merges.py SPATTN_RUN FOLDER [--rows] [--device=DEVICE] [--draw=N] [--seed=N]
                 [--decompose=SPATTN_OPT]
"""

import argparse
import pathlib
import random
import subprocess

import merge_cases
import numpy as np
import rows_cases
from merge_cases import from_bits
from rows_cases import to_bits

Case = merge_cases.Case | rows_cases.Case


def run(arguments: argparse.Namespace, case: Case, folder: pathlib.Path) -> list[str]:
    """What is wrong with a case."""
    source = folder / "case.mlir"
    source.write_text(case.ir())
    arrays = case.arrays()
    if arguments.decompose:
        lowered = folder / "decomposed.mlir"
        command = [arguments.decompose, source, "--spattn-decompose", "-o", lowered]
        subprocess.run(command, check=True)
        assert "spattn.merge" not in lowered.read_text()
        source = lowered
    command = [arguments.tool, source, f"--device={arguments.device}", "--check=0"]
    # The destinations of what is decomposed are inputs like others.
    inputs = dict(case.inputs)
    if arguments.decompose:
        inputs |= case.outputs
    for name, element in inputs.items():
        path = folder / f"{name}.npy"
        x = arrays.get(name, np.full(case.sizes(name), np.nan))
        np.save(path, to_bits(x, element))
        command.append(f"--input={path}")
    for name in case.outputs:
        command.append(f"--output={folder / f'{name}-out.npy'}")
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        return [done.stderr]
    expected = case.expected(arrays)
    found = (
        case.check(name, from_bits(np.load(folder / f"{name}-out.npy")), expected[name])
        for name in case.outputs
    )
    return [message for message in found if message]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rows", action="store_true", help="rows by number")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--draw", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--decompose", help="spattn-opt, to run linalg operations")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(arguments.seed)
    failures = 0
    for number in range(arguments.draw):
        kind = rows_cases.Case if arguments.rows else merge_cases.Case
        case = kind.draw(rng, is_gpu=arguments.device == "cuda")
        if arguments.decompose:
            case.gradients = False
        messages = run(arguments, case, arguments.folder)
        failures += bool(messages)
        for message in messages:
            print(f"case {number}, {case}: {message}")
    print(f"{arguments.draw - failures} of {arguments.draw} cases agree")


if __name__ == "__main__":
    main()
