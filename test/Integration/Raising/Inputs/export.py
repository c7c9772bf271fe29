"""Writes the exports of this folder: small models of `transformers`, by torch-mlir, and
attention of JAX, by the passes of `jaxlib`.

Run it where `torch-mlir` and `jax` are installed beside `requirements-dev.txt`:

    python export.py all ..

Weights are arguments of the function, so that exports are short and hold no numbers.
"""

import argparse
import pathlib

import jax
import torch
import transformers
from jaxlib.mlir import passmanager
from jaxlib.mlir.dialects import stablehlo
from torch_mlir import fx

LENGTH = 24
DECODER = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 8,
    "max_position_embeddings": LENGTH,
    "attn_implementation": "eager",
}
ENCODER = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "hidden_act": "gelu_new",
}


def embedded(length):
    """Calls a model with embeddings, of which the first `length` are tokens."""

    def call(model, x):
        mask = torch.ones(x.shape[:2], dtype=torch.int64)
        mask[:, length:] = 0
        return model(inputs_embeds=x, attention_mask=mask).last_hidden_state

    return call


def causal(model, x):
    mask = torch.ones(x.shape[:2], dtype=torch.int64)
    output = model(inputs_embeds=x, attention_mask=mask, use_cache=False)
    return output.last_hidden_state


def pixels(model, x):
    return model(pixel_values=x).last_hidden_state


def gpt2():
    config = transformers.GPT2Config(
        n_embd=32,
        n_layer=1,
        n_head=4,
        n_positions=LENGTH,
        vocab_size=8,
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation="eager",
    )
    return transformers.GPT2Model(config), causal, (1, LENGTH, 32), torch.float32


def llama():
    config = transformers.LlamaConfig(**{**DECODER, "attn_implementation": "sdpa"})
    return transformers.LlamaModel(config), causal, (2, LENGTH, 32), torch.float16


def mistral():
    config = transformers.MistralConfig(**DECODER, sliding_window=7)
    return transformers.MistralModel(config), causal, (1, LENGTH, 32), torch.float32


def bert():
    config = transformers.BertConfig(
        **ENCODER,
        vocab_size=8,
        max_position_embeddings=LENGTH,
        attn_implementation="sdpa",
    )
    model = transformers.BertModel(config, add_pooling_layer=False)
    return model, embedded(17), (1, LENGTH, 32), torch.float32


def vit():
    config = transformers.ViTConfig(
        **ENCODER, image_size=16, patch_size=4, attn_implementation="eager"
    )
    model = transformers.ViTModel(config, add_pooling_layer=False)
    return model, pixels, (2, 3, 16, 16), torch.float32


# The structure that the mask of each is.
MODELS = {
    gpt2: "#spattn.causal",
    llama: "#spattn.causal",
    mistral: "#spattn.window<left = 6, right = 0>",
    bert: "#spattn.keys<0 to 17>",
    vit: "#spattn.full",
}

HEADER = """\
// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=arith.maximumf
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy {tolerance}

// CHECK: spattn.attention structure({structure})
// CHECK-NOT: spattn.attention

"""

# Kernels have elements of 16 bits.
GPU = """\
// RUN: spattn-opt %t.mlir -spattn-gpu-outline | FileCheck %s --check-prefix=GPU
// GPU: spattn.launch
// GPU: gpu.module

"""


class Wrapped(torch.nn.Module):
    def __init__(self, model, call):
        super().__init__()
        self.model = model
        self.call = call

    def forward(self, x):
        return self.call(self.model, x)


class Functional(torch.nn.Module):
    """A model whose weights are arguments."""

    def __init__(self, model, call):
        super().__init__()
        # A list keeps the weights from being those of this module.
        self.wrapped = [Wrapped(model, call)]

    def forward(self, x, *weights):
        names = [name for name, _ in self.wrapped[0].named_parameters()]
        named = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(self.wrapped[0], named, (x,))


def export(make, structure, folder):
    torch.manual_seed(0)
    model, call, shape, dtype = make()
    model = model.eval().to(dtype)
    weights = [weight.detach() for weight in model.parameters()]
    module = fx.export_and_import(
        Functional(model, call),
        torch.randn(shape, dtype=dtype),
        *weights,
        output_type="linalg-on-tensors",
        func_name=make.__name__,
    )
    tolerance = 2e-3 if dtype == torch.float16 else 1e-5
    header = HEADER.format(structure=structure, tolerance=tolerance)
    if dtype == torch.float16:
        header += GPU
    (folder / f"{make.__name__}.mlir").write_text(header + str(module).strip() + "\n")


def attention(query, key, value):
    return jax.nn.dot_product_attention(
        query, key, value, is_causal=True, local_window_size=(9, 0)
    )


def export_jax(folder):
    """Grouped heads, whose results are in two places."""
    query = jax.ShapeDtypeStruct((2, LENGTH, 4, 8), "float32")
    key = jax.ShapeDtypeStruct((2, LENGTH, 2, 8), "float32")
    module = jax.jit(attention).lower(query, key, key).compiler_ir("stablehlo")
    stablehlo.register_stablehlo_passes()
    with module.context:
        passmanager.PassManager.parse(
            "builtin.module(stablehlo-legalize-to-linalg,canonicalize,cse)"
        ).run(module.operation)
    structure = "#spattn.window<left = 9, right = 0>"
    header = HEADER.format(structure=structure, tolerance=1e-5)
    (folder / "jax.mlir").write_text(header + str(module).strip() + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = {make.__name__: make for make in MODELS}
    parser.add_argument("models", nargs="+", choices=[*names, "jax", "all"])
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    for name, make in names.items():
        if name in arguments.models or "all" in arguments.models:
            export(make, MODELS[make], arguments.folder)
    if {"jax", "all"} & set(arguments.models):
        export_jax(arguments.folder)


if __name__ == "__main__":
    main()
