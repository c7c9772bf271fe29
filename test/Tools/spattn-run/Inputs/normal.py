"""Tells whether arrays hold standard normal numbers, unrelated to each other."""

import sys

import numpy as np

first = None
for path in sys.argv[1:]:
    x = np.load(path)
    if x.dtype == np.uint16:  # bf16
        x = (x.astype(np.uint32) << 16).view(np.float32)
    x = x.astype(np.float64).ravel()
    # Five standard errors of mean, variance, skewness and kurtosis.
    tolerance = 5 / np.sqrt(x.size)
    moments = [x.mean(), (x**2).mean() - 1, (x**3).mean(), (x**4).mean() - 3]
    limits = tolerance * np.sqrt([1, 2, 15, 96])
    neighbours = (x[1:] * x[:-1]).mean()
    good = np.all(np.abs(moments) < limits) and abs(neighbours) < tolerance
    good &= np.isclose(np.mean(np.abs(x) < 1), 0.6827, atol=tolerance)
    print("normal" if good else f"not normal: {moments}, {neighbours}")
    first = x if first is None else first
correlation = (first * x).mean()
print("independent" if abs(correlation) < tolerance else f"related: {correlation}")
