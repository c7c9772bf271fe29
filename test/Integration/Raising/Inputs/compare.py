"""Compares two arrays: compare.py A.npy B.npy TOLERANCE."""

import sys

import numpy as np

before, after = (np.load(name).astype(np.float64) for name in sys.argv[1:3])
assert before.shape == after.shape, (before.shape, after.shape)
error = np.linalg.norm(before - after) / np.linalg.norm(before)
print(f"relative error {error:.2e}")
# Not a NaN either.
if not error <= float(sys.argv[3]):
    sys.exit(1)
