#!/usr/bin/env python3
# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the memory of keys and values while a model generates.

    python benchmarks/cache_memory.py [--prompt 4096] [--new 64] [--device cuda]

A Llama of random weights generates greedily with a DynamicCache, which keeps the keys
and values of all tokens. Then it is given the same tokens with a
spattn.transformers.LiveKeysCache, which drops keys that no later query sees. For each
structure, prints the MB that each holds in the end, their ratio, and the ms of a token
after the prompt (the median). On a GPU, "peak" is the most that was allocated besides
the weights.

Logits of all steps are compared with those of the whole sequence in float32 on the CPU,
without a cache. "errors" are the greatest differences of both caches' logits from
these, and "apart" that of the two caches, all relative to the greatest logit. "others"
counts the steps at which the most likely tokens of the two caches differ, and says by
how much the first token's logit is above the second's there: by rounding, two tokens
that are as likely change places. The status is 1 if rounding does not explain it: where
an error is above what the dtype has, or that of the cache that drops keys more than
three times the other, or other tokens are not about as likely.
"""

import argparse
import copy
import statistics
import sys
import time
from typing import NamedTuple

import spattn
import spattn.transformers
import torch
import transformers

STRUCTURES = {
    "causal": spattn.causal(),
    "window of 512": spattn.window(512),
    "sink of 4, window of 512": spattn.sink(4) | spattn.window(512),
    "bands of 2,048": spattn.exclusive_bands(length=2048),
    "half the heads each": spattn.per_head(
        (4, spattn.sink(4) | spattn.window(512)),
        (4, spattn.exclusive_bands(length=1024)),
    ),
}
#: By the greatest share of the greatest logit that rounding may take from it.
DTYPES = {"float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompt", type=int, default=4096)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--dim", type=int, default=64, help="of a head")
    parser.add_argument("--block", type=int, default=64)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument(
        "--dtypes", nargs="+", choices=DTYPES, help="default: what the device takes"
    )
    return parser.parse_args()


def model_of(options, dtype):
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        hidden_size=options.heads * options.dim,
        intermediate_size=2 * options.heads * options.dim,
        num_hidden_layers=options.layers,
        num_attention_heads=options.heads,
        num_key_value_heads=options.heads // 2,
        vocab_size=1024,
        max_position_embeddings=options.prompt + options.new,
        pad_token_id=0,
        eos_token_id=None,
        attn_implementation="spattn",
    )
    model = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        for layer in model.model.layers:
            # Attention of weights as they are initialized is nearly uniform.
            layer.self_attn.q_proj.weight.mul_(3)
            layer.self_attn.k_proj.weight.mul_(3)
    return model.to(options.device, getattr(torch, dtype)).eval()


class Run(NamedTuple):
    #: Of each step, in float32 on the CPU.
    logits: torch.Tensor
    mb: float
    token_ms: float
    peak_mb: float | None


@torch.no_grad()
def run(model, prompt, cache, count, forced=None):
    """Steps of the greedy tokens, or of those that are given."""
    if model.device.type == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
    found, seconds, ids = [], [], prompt
    for step in range(count):
        begin = time.perf_counter()
        logits = model(ids, past_key_values=cache, logits_to_keep=1).logits[0, -1]
        ids = logits.argmax()[None, None]
        if forced is not None:
            ids = forced[None, step : step + 1].to(ids.device)
        ids.cpu()
        seconds.append(time.perf_counter() - begin)
        found.append(logits)
    peak = None
    if model.device.type == "cuda":
        peak = (torch.cuda.max_memory_allocated() - before) / 1e6
    mb = sum(
        x.untyped_storage().nbytes() / 1e6
        for layer in cache.layers
        for x in (layer.keys, layer.values)
    )
    logits = torch.stack(found).float().cpu()
    return Run(logits, mb, 1e3 * statistics.median(seconds[1:]), peak)


@torch.no_grad()
def exact_logits(model, prompt, tokens):
    """Those of each step, without a cache: in float32, on the CPU."""
    model = copy.deepcopy(model).to("cpu", torch.float32)
    ids = torch.cat((prompt[0].cpu(), tokens[:-1]))[None]
    return model(ids, use_cache=False, logits_to_keep=len(tokens)).logits[0]


def compare(full, live, exact):
    """The errors of both and how far they are apart, relative to the greatest logit,
    and the gaps where their most likely tokens differ."""

    def apart(a, b):
        return float((a - b).abs().max() / exact.abs().max())

    differ = full.logits.argmax(-1) != live.logits.argmax(-1)
    top = full.logits[differ].topk(2).values
    gaps = (top[:, 0] - top[:, 1]) / exact.abs().max()
    errors = apart(full.logits, exact), apart(live.logits, exact)
    return errors, apart(full.logits, live.logits), gaps.tolist()


def measure(options, model, prompt, name, structure, limit):
    """Prints a row; returns whether rounding explains it."""
    spattn.configure(model, structure)
    run(model, prompt[:, :600], transformers.DynamicCache(), 2)  # Compiles.
    full = run(model, prompt, transformers.DynamicCache(), options.new)
    tokens = full.logits.argmax(-1)
    cache = spattn.transformers.LiveKeysCache(model, block=options.block)
    live = run(model, prompt, cache, options.new, tokens)
    exact = exact_logits(model, prompt, tokens)
    errors, apart, gaps = compare(full, live, exact)
    peaks = ""
    if full.peak_mb is not None:
        peaks = f" (peak {full.peak_mb:.1f} and {live.peak_mb:.1f} MB)"
    others = f"{len(gaps)}" + (f", by {max(gaps):.1e}" if gaps else "")
    print(
        f"| {name} | {full.mb:.2f} | {live.mb:.2f} | {live.mb / full.mb:.1%} | "
        f"{full.token_ms:.2f} and {live.token_ms:.2f}{peaks} | "
        f"{errors[0]:.1e} and {errors[1]:.1e} | {apart:.1e} | {others} |",
        flush=True,
    )
    return (
        max(errors) < limit
        and errors[1] <= 3 * errors[0]
        and max(gaps, default=0) <= 2 * apart
    )


def main():
    options = parse_arguments()
    on_cpu = options.device == "cpu"
    dtypes = options.dtypes or (["float32"] if on_cpu else ["bfloat16", "float16"])
    prompt = torch.randint(1, 1024, (1, options.prompt), device=options.device)
    is_right = True
    for dtype in dtypes:
        model = model_of(options, dtype)
        print(
            f"{options.prompt} + {options.new} tokens, {options.layers} layers, "
            f"{options.heads // 2} key heads of {options.dim}, blocks of "
            f"{options.block}, {dtype}, {options.device}"
        )
        print(
            "| structure | MB, all keys | MB, live keys | of all | ms a token | errors "
            "| apart | others |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for name, structure in STRUCTURES.items():
            limit = DTYPES[dtype]
            is_right &= measure(options, model, prompt, name, structure, limit)
    sys.exit(not is_right)


if __name__ == "__main__":
    main()
