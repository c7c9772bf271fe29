"""Models of OLMoE's architecture with pluggable attention."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch.utils.checkpoint import checkpoint
from transformers import AttentionInterface, OlmoeConfig, OlmoeForCausalLM

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

from systems import System  # noqa: E402

#: OLMoE-1B-7B, and a small model of the same architecture for tests.
FULL = {
    "hidden_size": 2048,
    "num_attention_heads": 16,
    "intermediate_size": 1024,
    "num_experts": 64,
    "num_experts_per_tok": 8,
    "vocab_size": 50304,
}
TINY = {
    "hidden_size": 64,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "vocab_size": 512,
}
LAYERS = 16
"""The layers of OLMoE-1B-7B."""


class _Turn:
    """The system in use."""

    system: System | None = None


def _attention(module, query, key, value, mask, scaling=None, **kwargs):
    return _Turn.system(query, key, value, scaling), None


# transformers builds no mask for a name without a mask function.
AttentionInterface.register("benchmark", _attention)


def use(system: System) -> None:
    """Makes all models use the attention of `system`."""
    _Turn.system = system


def make(device: str, dtype: torch.dtype, **sizes) -> OlmoeForCausalLM:
    """A model with random weights."""
    config = OlmoeConfig(
        **sizes,
        num_key_value_heads=sizes["num_attention_heads"],
        max_position_embeddings=2**17,
        use_cache=False,
        pad_token_id=None,
        eos_token_id=None,
    )
    config._attn_implementation = "benchmark"
    previous = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            return OlmoeForCausalLM(config).train()
    finally:
        torch.set_default_dtype(previous)


def tiles(function: Callable, tile: int, *tensors: torch.Tensor) -> list[torch.Tensor]:
    """What a function of tokens returns for `tile` of them at a time. Its gradients
    compute it again."""
    parts = zip(*(x.split(tile, 1) for x in tensors), strict=True)
    return [checkpoint(function, *part, use_reentrant=False) for part in parts]


def recompute(model: OlmoeForCausalLM, tile: int) -> None:
    """Makes layers keep what attention and experts begin with, and compute the rest
    again for gradients: that of experts for `tile` tokens at a time."""

    def attention(layer, hidden, **options):
        normed = layer.input_layernorm(hidden)
        return hidden + layer.self_attn(hidden_states=normed, **options)[0]

    def experts(layer, hidden):
        return hidden + layer.mlp(layer.post_attention_layernorm(hidden))

    def forward(layer, hidden, **options):
        hidden = checkpoint(attention, layer, hidden, **options, use_reentrant=False)
        return torch.cat(tiles(partial(experts, layer), tile, hidden), 1)

    for layer in model.model.layers:
        layer.forward = partial(forward, layer)
