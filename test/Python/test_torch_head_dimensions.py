# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""spattn.torch.attention with head dimensions of every kind."""

import pytest
import spattn

torch = pytest.importorskip("torch")
import spattn.torch  # noqa: E402
from plain_torch import DTYPES, check_case, make  # noqa: E402
from spattn.torch import _padding  # noqa: E402

# Of queries and values: Gemma's, DeepSeek's, and those that a GPU pads.
DIMENSIONS = [(256, 256), (192, 128), (64, 200), (100, 100), (40, 72), (33, 250)]


def ours(case):
    return spattn.torch.attention(
        *case.tensors, case.structure, return_lse=True, **case.options
    )


@pytest.mark.parametrize("dimensions", DIMENSIONS, ids=str)
def test_dimensions(device, dimensions):
    dim, value_dim = dimensions
    case = make(
        spattn.local_band(),
        device,
        DTYPES[device][0],
        kv_heads=2,
        dim=dim,
        value_dim=value_dim,
    )
    (output, _), _ = check_case(case, ours, lse=True)
    assert output.shape[-1] == value_dim


def needs_padding_anywhere(query, key, value):
    return any(x.shape[-1] % _padding.MULTIPLE for x in (query, key, value))


@pytest.mark.parametrize("dimensions", [(100, 100), (40, 7), (33, 64)], ids=str)
@pytest.mark.parametrize("scale", [None, 0.3])
def test_padding(monkeypatch, dimensions, scale):
    """What is done for a GPU, where there may be none."""
    monkeypatch.setattr(_padding, "needs_padding", needs_padding_anywhere)
    dim, value_dim = dimensions
    sizes = {"dim": dim, "value_dim": value_dim, "scale": scale}
    case = make(spattn.exclusive_bands(), "cpu", torch.float32, **sizes)
    (output, _), _ = check_case(case, ours, lse=True)
    assert output.shape[-1] == value_dim


def test_padding_keeps_sequences(monkeypatch):
    """Padded head dimensions, and padded rows."""
    tensors = [torch.randn(2, 2, 20, 33) for _ in range(3)]
    lengths = torch.tensor([20, 13], dtype=torch.int32)

    def attend():
        return spattn.torch.attention(
            *tensors, spattn.causal(), query_lengths=lengths, key_lengths=lengths
        )

    expected = attend()
    monkeypatch.setattr(_padding, "needs_padding", needs_padding_anywhere)
    torch.testing.assert_close(attend(), expected)


def test_only_a_gpu_pads():
    x = torch.zeros(1, 1, 1, 100)
    assert not _padding.needs_padding(x, x, x)
