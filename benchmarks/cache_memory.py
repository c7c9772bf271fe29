#!/usr/bin/env python3
# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the memory of keys and values while a model generates.

    python benchmarks/cache_memory.py [--prompt 4096] [--new 64] [--device cuda]

A Llama of random weights generates greedily, with a DynamicCache, which keeps the keys
and values of all tokens, and with spattn.transformers.LiveKeysCache, which drops those
that no later query sees. For each structure, prints the MB that each holds in the end,
their ratio, the ms of a token after the prompt (the median), and whether the tokens are
the same. On a GPU, "peak" is the most that was allocated besides the weights.
"""

import argparse
import statistics
import time

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


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompt", type=int, default=4096)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--dim", type=int, default=64, help="of a head")
    parser.add_argument("--block", type=int, default=64)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    return parser.parse_args()


def model_of(options):
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
    dtype = torch.float32 if options.device == "cpu" else torch.bfloat16
    return transformers.LlamaForCausalLM(config).to(options.device, dtype).eval()


@torch.no_grad()
def generate(model, prompt, cache, count):
    """The greedy tokens, and the seconds of each after the first."""
    found, seconds, ids = [], [], prompt
    for _ in range(count):
        begin = time.perf_counter()
        logits = model(ids, past_key_values=cache, logits_to_keep=1).logits
        ids = logits[:, -1:].argmax(-1)
        found.append(ids.item())
        seconds.append(time.perf_counter() - begin)
    return found, seconds[1:]


def held(cache):
    return sum(
        x.untyped_storage().nbytes()
        for layer in cache.layers
        for x in (layer.keys, layer.values)
    )


def measure(options, model, prompt, cache):
    """(tokens, MB that are held in the end, ms of a token, peak MB or None)"""
    peak = None
    if options.device == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
    found, seconds = generate(model, prompt, cache, options.new)
    if options.device == "cuda":
        peak = (torch.cuda.max_memory_allocated() - before) / 1e6
    return found, held(cache) / 1e6, 1e3 * statistics.median(seconds), peak


def main():
    options = parse_arguments()
    model = model_of(options)
    prompt = torch.randint(1, 1024, (1, options.prompt), device=options.device)
    print(
        f"{options.prompt} + {options.new} tokens, {options.layers} layers, "
        f"{options.heads // 2} key heads of {options.dim}, blocks of {options.block}, "
        f"{options.device}"
    )
    print("| structure | MB, all keys | MB, live keys | of all | ms a token | same |")
    print("|---|---|---|---|---|---|")
    for name, structure in STRUCTURES.items():
        spattn.configure(model, structure)
        caches = (
            transformers.DynamicCache(),
            spattn.transformers.LiveKeysCache(model, block=options.block),
        )
        generate(model, prompt[:, :600], transformers.DynamicCache(), 2)  # Compiles.
        (all_ids, all_mb, all_ms, all_peak), (ids, mb, ms, peak) = (
            measure(options, model, prompt, cache) for cache in caches
        )
        peaks = "" if peak is None else f" (peak {all_peak:.1f} and {peak:.1f} MB)"
        print(
            f"| {name} | {all_mb:.2f} | {mb:.2f} | {mb / all_mb:.1%} | "
            f"{all_ms:.2f} and {ms:.2f}{peaks} | "
            f"{'yes' if ids == all_ids else 'no'} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
