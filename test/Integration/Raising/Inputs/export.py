"""Writes the exports of this folder: small models of `transformers`, by torch-mlir, and
attention of JAX, by the passes of `jaxlib`.

Run it where `torch-mlir` and `jax` are installed beside `requirements-dev.txt`:

    python export.py all ..

Weights are arguments of the function, so that exports are short and hold no numbers.
"""

import argparse
import pathlib
from unittest import mock

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
NO_TOKENS = {"pad_token_id": None, "bos_token_id": None, "eos_token_id": None}
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


def encoded(model, x):
    """Calls an encoder and its decoder, of different lengths."""
    source = x[:, :16]
    mask = torch.ones(source.shape[:2], dtype=torch.int64)
    output = model(
        inputs_embeds=source,
        attention_mask=mask,
        decoder_inputs_embeds=x,
        use_cache=False,
    )
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


def gemma2():
    config = transformers.Gemma2Config(
        **{**DECODER, "num_hidden_layers": 2},
        **NO_TOKENS,
        head_dim=8,
        query_pre_attn_scalar=8,
        sliding_window=7,
        attn_logit_softcapping=5.0,
    )
    return transformers.Gemma2Model(config), causal, (1, LENGTH, 32), torch.float32


def mpt():
    config = transformers.MptConfig(
        **NO_TOKENS,
        d_model=32,
        n_heads=4,
        n_layers=1,
        expansion_ratio=2,
        max_seq_len=LENGTH,
        vocab_size=8,
        attn_config={"alibi": True},
    )
    model = transformers.MptModel(config)
    # The CPU pipeline has no lowering of the error function.
    model.blocks[0].ffn.act = torch.nn.GELU(approximate="tanh")
    return model, causal, (1, LENGTH, 32), torch.float32


def olmoe():
    config = transformers.OlmoeConfig(
        **DECODER,
        **NO_TOKENS,
        num_experts=4,
        num_experts_per_tok=2,
        experts_implementation="batched_mm",
    )
    return transformers.OlmoeModel(config), causal, (1, LENGTH, 32), torch.float32


def t5():
    config = transformers.T5Config(
        d_model=32,
        d_kv=8,
        d_ff=48,
        num_layers=1,
        num_heads=4,
        vocab_size=8,
        feed_forward_proj="gated-gelu",
        relative_attention_num_buckets=8,
        relative_attention_max_distance=16,
    )
    return transformers.T5Model(config), encoded, (1, LENGTH, 32), torch.float32


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


CAUSAL = "structure(#spattn.causal)"
WINDOW = "structure(#spattn.window<left = 6, right = 0>)"
# What the attention of each layer is.
MODELS = {
    gpt2: [CAUSAL],
    llama: [CAUSAL],
    mistral: [WINDOW],
    gemma2: [f"{WINDOW} {{{{.*}}}} soft_cap(", f"{CAUSAL} {{{{.*}}}} soft_cap("],
    mpt: [CAUSAL + " {{.*}} alibi_slopes(%{{.*}} : tensor<4xf32>)"],
    olmoe: [CAUSAL],
    bert: ["structure(#spattn.keys<0 to 17>)"],
    t5: [
        "structure(#spattn.full) {{.*}} distance_bias(%{{.*}} : tensor<4x31xf32>)",
        CAUSAL + " {{.*}} distance_bias(%{{.*}} : tensor<4x47xf32>)",
        "structure(#spattn.full) {{.*}} scale(%{{[^ ]*}}) outs(",
    ],
    vit: ["structure(#spattn.full)"],
}

# What a softmax leaves behind; routers of experts have one, too.
GONE = {olmoe: "24x24xf32"}

HEADER = """\
// Made by Inputs/export.py.
// RUN: spattn-opt %s -inline -spattn-raise-attention=remarks -o %t.mlir 2>&1 | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not={gone}
// RUN: spattn-opt %s -inline -o %t.inlined.mlir
// RUN: spattn-run %t.inlined.mlir --seed=3 --output=%t.before.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy {tolerance}

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


def largest(values, count, dim):
    """torch.topk as maxima: as an operation, it is a sort of TMTensor."""
    found = []
    columns = torch.arange(values.shape[dim])
    for _ in range(count):
        found.append(values.max(dim, keepdim=True))
        values = values.masked_fill(columns == found[-1].indices, -torch.inf)
    return tuple(torch.cat(parts, dim) for parts in zip(*found, strict=True))


def write(path, module, attentions, tolerance, more="", gone="arith.maximumf"):
    text = HEADER.format(tolerance=tolerance, gone=gone)
    text += "".join(f"// CHECK: spattn.attention {each}\n" for each in attentions)
    text += "// CHECK-NOT: spattn.attention\n\n"
    path.write_text(text + more + str(module).strip() + "\n")


def export(make, attentions, folder):
    torch.manual_seed(0)
    model, call, shape, dtype = make()
    model = model.eval().to(dtype)
    weights = [weight.detach() for weight in model.parameters()]
    with mock.patch("torch.topk", largest):
        module = fx.export_and_import(
            Functional(model, call),
            torch.randn(shape, dtype=dtype),
            *weights,
            output_type="linalg-on-tensors",
            func_name=make.__name__,
        )
    is_half = dtype == torch.float16
    path = folder / f"{make.__name__}.mlir"
    write(
        path,
        module,
        attentions,
        tolerance=2e-3 if is_half else 1e-5,
        more=GPU if is_half else "",
        gone=GONE.get(make, "arith.maximumf"),
    )


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
    attentions = ["structure(#spattn.window<left = 9, right = 0>)"]
    write(folder / "jax.mlir", module, attentions, 1e-5)


STABLEHLO = """\
// Made by Inputs/export.py.
// RUN: spattn-opt %s -allow-unregistered-dialect -spattn-legalize-stablehlo \\
// RUN:   -inline -o %t.lowered.mlir
// RUN: spattn-opt %t.lowered.mlir -spattn-raise-attention=remarks -o %t.mlir 2>&1 \\
// RUN:   | count 0
// RUN: FileCheck %s --input-file=%t.mlir --implicit-check-not=math.exp
// RUN: spattn-run %t.lowered.mlir --seed=3 --output=%t.before.npy \\
// RUN:   --output=%t.before.lse.npy
// RUN: spattn-run %t.mlir --seed=3 --output=%t.after.npy --output=%t.after.lse.npy
// RUN: %python %S/Inputs/compare.py %t.before.npy %t.after.npy 1e-05
// RUN: %python %S/Inputs/compare.py %t.before.lse.npy %t.after.lse.npy 1e-05

// CHECK: %{{.*}}:2 = spattn.attention structure(#spattn.causal)
// CHECK-NOT: spattn.attention

"""


def with_logsumexp(query, key, value):
    scores = jax.numpy.einsum("bihd,bjhd->bhij", query, key) * 0.25
    mask = jax.numpy.tril(jax.numpy.ones((LENGTH, LENGTH), bool))
    scores = jax.numpy.where(mask, scores, -jax.numpy.inf)
    weights = jax.nn.softmax(scores)
    output = jax.numpy.einsum("bhij,bjhd->bihd", weights, value)
    return output, jax.nn.logsumexp(scores, axis=-1)


def export_stablehlo(folder):
    array = jax.ShapeDtypeStruct((2, LENGTH, 4, 8), "float32")
    lowered = jax.jit(with_logsumexp).lower(array, array, array)
    module = lowered.compiler_ir("stablehlo").operation
    text = module.get_asm(print_generic_op_form=True)
    (folder / "stablehlo.mlir").write_text(STABLEHLO + text.strip() + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = {make.__name__: make for make in MODELS}
    parser.add_argument(
        "models", nargs="+", choices=[*names, "jax", "stablehlo", "all"]
    )
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    for name, make in names.items():
        if name in arguments.models or "all" in arguments.models:
            export(make, MODELS[make], arguments.folder)
    if {"jax", "all"} & set(arguments.models):
        export_jax(arguments.folder)
    if {"stablehlo", "all"} & set(arguments.models):
        export_stablehlo(arguments.folder)


if __name__ == "__main__":
    main()
