"""Writes .npy files that spattn-run should take, and ones that it should not.

Usage: npy.py FOLDER
"""

import pathlib
import sys

import numpy as np

folder = pathlib.Path(sys.argv[1])


def header(text, version=b"\x01\x00"):
    size = 2 if version[0] == 1 else 4
    return b"\x93NUMPY" + version + len(text).to_bytes(size, "little") + text.encode()


# Eighths are exact in every float type.
good = (np.arange(64).reshape(1, 2, 8, 4) % 17 - 8) / 8
bits = (good.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
files = {
    "f2": good.astype(np.float16),
    "f4": good.astype(np.float32),
    "f8": good,
    "fortran": np.asfortranarray(good.astype(np.float32)),
    "bits": bits,
    "opaque": bits.view("V2"),
    # Bad ones.
    "int": good.astype(np.int32),
    "big": good.astype(">f4"),
    "complex": good.astype(np.complex64),
    "rank": good[0].astype(np.float32),
    "shape": good[:, :, :7].astype(np.float32),
}
for name, array in files.items():
    np.save(folder / f"{name}.npy", array)
whole = (folder / "f4.npy").read_bytes()
(folder / "short.npy").write_bytes(whole[:-4])
(folder / "text.npy").write_text("no array")
(folder / "huge.npy").write_bytes(
    header(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"
    )
)
(folder / "length.npy").write_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\xff")
