# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A cache that drops dead keys against one that keeps all."""

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import spattn  # noqa: E402
import spattn.transformers  # noqa: E402
from spattn.errors import ArgumentError, UnsupportedError  # noqa: E402
from spattn.transformers import LiveKeysCache  # noqa: E402
from test_transformers import FAMILIES, assert_close, make, tokens  # noqa: E402

NEW = 18
STRUCTURES = {
    "window": spattn.window(6),
    "sink and window": spattn.sink(3) | spattn.window(6),
    "bands": spattn.exclusive_bands(length=16),
    "mixture": spattn.per_head(
        (1, spattn.sink(2)),
        (1, spattn.sink(3) | spattn.window(6)),
        (2, spattn.local_band(length=12)),
    ),
    "dilated": spattn.dilated_window(3, 4),
}


def generate(model, ids, cache, **options):
    out = model.generate(
        ids,
        **{"attention_mask": torch.ones_like(ids)} | options,
        past_key_values=cache,
        max_new_tokens=NEW,
        min_new_tokens=NEW,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    return out.sequences, torch.stack(out.logits)


def forced(model, ids, sequences, cache, attention_mask=None):
    """The logits of the steps of given sequences, whose prompts are `ids`."""
    start, logits, mask = ids.shape[1], [], attention_mask
    for end in range(start, sequences.shape[1]):
        options = {}
        if mask is not None:
            places = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            options = {"attention_mask": mask, "position_ids": places}
            mask = torch.cat((mask, torch.ones_like(mask[:, :1])), 1)
        found = model(ids, past_key_values=cache, logits_to_keep=1, **options).logits
        logits.append(found[:, -1])
        ids = sequences[:, end : end + 1]
    return torch.stack(logits)


def compare(model, ids, cache, **options):
    """The same tokens and logits as with a cache that keeps all."""
    full = transformers.DynamicCache()
    with torch.no_grad():
        expected, expected_logits = generate(model, ids, full, **options)
        if ids.device.type == "cpu":
            actual, logits = generate(model, ids, cache, **options)
            assert torch.equal(actual, expected)
        else:  # In 16 bits, two tokens may be as likely.
            logits = forced(model, ids, expected, cache, **options)
    assert_close(logits, expected_logits)
    assert cache.get_seq_length() == full.get_seq_length()


def compare_tokens(model, ids, cache, **search):
    """The same tokens as with a cache that keeps all, by another search."""
    results = [
        model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            past_key_values=each,
            max_new_tokens=12,
            do_sample=False,
            **search,
        )
        for each in (transformers.DynamicCache(), cache)
    ]
    if ids.device.type == "cpu":  # In 16 bits, two tokens may be as likely.
        assert torch.equal(*results)


def rows(cache):
    return [layer.keys.shape[-2] for layer in cache.layers]


#: Rows that are left of each, after each step.
ROWS = {"window": 5, "sink and window": 8, "bands": 15, "mixture": 14, "dilated": 11}


@pytest.mark.parametrize("name", STRUCTURES)
def test_generation(name, device):
    model = spattn.configure(make("llama", device), STRUCTURES[name])
    cache = LiveKeysCache(model, block=1)
    compare(model, tokens(device, length=12), cache)
    # Residues go by whole periods, so that up to two rows more are left than seen.
    assert rows(cache) == [ROWS[name]] * 2 or name == "dilated"
    assert max(rows(cache)) <= ROWS[name]


@pytest.mark.parametrize("name", ["sink and window", "mixture"])
def test_given_tokens(name, device):
    """Tokens that are given: steps are those of the whole sequence at once."""
    model = spattn.configure(make("llama", device), STRUCTURES[name])
    sequences = tokens(device, length=12 + NEW)
    mask = torch.ones_like(sequences[:, :12])
    cache = LiveKeysCache(model, block=3)
    with torch.no_grad():
        whole = model(sequences[:, :-1], use_cache=False).logits[:, 11:]
        steps = forced(model, sequences[:, :12], sequences, cache, mask)
    assert_close(steps, whole.transpose(0, 1))


def test_blocks(device):
    """Dead keys are dropped when there are so many."""
    model = spattn.configure(make("olmoe", device), STRUCTURES["mixture"])
    cache = LiveKeysCache(model, block=4)
    compare(model, tokens(device, length=12), cache)
    assert all(ROWS["mixture"] <= kept < ROWS["mixture"] + 4 for kept in rows(cache))


@pytest.mark.parametrize("family", FAMILIES)
def test_own_structures(family, device):
    """Sliding windows of models, beside layers that see everything."""
    model = make(family, device)
    cache = LiveKeysCache(model, block=2)
    compare(model, tokens(device, length=12), cache)
    types = getattr(model.config, "layer_types", None) or ["full_attention"] * 2
    if family == "mistral":
        types = ["sliding_attention"] * 2
    for kept, kind in zip(rows(cache), types, strict=True):
        assert kept == 29 if kind == "full_attention" else kept <= 7


def test_structures_by_layer(device):
    model = make("olmoe", device)
    spattn.configure(model, STRUCTURES["sink and window"], layers=[0])
    spattn.configure(model, spattn.exclusive_bands(), layers=[1])
    cache = LiveKeysCache(model.config, block=1)
    compare(model, tokens(device, length=12), cache)
    assert rows(cache) == [8, 29]


def test_chunks(device):
    """Several queries at a time see what single ones do."""
    model = spattn.configure(make("olmoe", device), STRUCTURES["mixture"])
    ids = tokens(device, length=40)
    caches = [transformers.DynamicCache(), LiveKeysCache(model, block=3)]
    with torch.no_grad():
        for begin, end in [(0, 4), (4, 5), (5, 21), (21, 22), (22, 39), (39, 40)]:
            expected, actual = (
                model(ids[:, begin:end], past_key_values=cache).logits
                for cache in caches
            )
            assert_close(actual, expected)
    assert rows(caches[1])[0] < 20 and caches[1].get_seq_length() == 40


def test_beams(device):
    """Beams are reordered, and their caches with them."""
    model = spattn.configure(make("llama", device), STRUCTURES["sink and window"])
    cache = LiveKeysCache(model, block=4)
    compare_tokens(model, tokens(device, length=12), cache, num_beams=3)


def test_a_cache_goes_on(device):
    """A second call of generate, with what the first one left."""
    model = spattn.configure(make("llama", device), STRUCTURES["sink and window"])
    ids = tokens(device, length=12)
    results = []
    for cache in (transformers.DynamicCache(), LiveKeysCache(model, block=4)):
        first, _ = generate(model, ids, cache)
        longer = torch.cat((first, tokens(device, length=5)), 1)
        results.append(generate(model, longer, cache))
    if device == "cpu":
        assert torch.equal(results[0][0], results[1][0])
        assert_close(results[1][1], results[0][1])


@pytest.mark.parametrize("name", ["window", "sink and window", "mixture"])
def test_padding(name, device):
    model = spattn.configure(make("llama", device), STRUCTURES[name])
    ids = tokens(device, batch=3, length=12)
    mask = torch.ones_like(ids)
    mask[0, :7], mask[1, :2] = 0, 0
    ids[~mask.bool()] = 0
    cache = LiveKeysCache(model, block=2, attention_mask=mask)
    compare(model, ids, cache, attention_mask=mask)
    assert max(rows(cache)) <= 7 + 14 + 1
    with pytest.raises(UnsupportedError, match=r"LiveKeysCache\(model, attention_mask"):
        generate(model, ids, LiveKeysCache(model, block=2), attention_mask=mask)


def test_bytes(device):
    model = spattn.configure(make("llama", device), STRUCTURES["sink and window"])
    cache = LiveKeysCache(model, block=1)
    assert cache.kept_bytes == cache.full_bytes == 0
    generate(model, tokens(device, length=12), cache)
    # Layers, keys and values, batch, heads, dimension.
    row = 2 * 2 * 2 * 2 * 16 * cache.layers[0].keys.element_size()
    assert cache.kept_bytes == 8 * row and cache.full_bytes == 29 * row


def test_going_back(device):
    """Tokens may be removed that came after keys were dropped."""
    model = spattn.configure(make("llama", device), STRUCTURES["sink and window"])
    ids = tokens(device, length=40)
    with torch.no_grad():
        expected = model(ids).logits

        def step(cache, begin, end):
            logits = model(ids[:, begin:end], past_key_values=cache).logits
            assert_close(logits, expected[:, begin:end])

        cache = LiveKeysCache(model, block=4)
        step(cache, 0, 30)
        step(cache, 30, 32)
        cache.crop(-2)
        assert cache.get_seq_length() == 30
        step(cache, 30, 36)
        with pytest.raises(UnsupportedError, match="cannot go back to 30 tokens"):
            cache.crop(-6)
        cache.activate_past_recording()
        step(cache, 36, 40)
        cache.crop(-4)
        assert rows(cache) == [8, 8] and cache.get_seq_length() == 36
        assert cache.is_croppable

        cache.reset()
        assert cache.get_seq_length() == 0 and cache.kept_bytes == 0
        step(cache, 0, 20)


def test_assisted_generation(device):
    """Candidates that the model refuses are taken back."""
    model = spattn.configure(make("llama", device), STRUCTURES["sink and window"])
    cache = LiveKeysCache(model, block=1)
    ids = tokens(device, batch=1, length=12)
    compare_tokens(model, ids, cache, prompt_lookup_num_tokens=4)


def test_refused(device):
    model = make("llama", device)
    with pytest.raises(ArgumentError, match="at least 1 key, got 0"):
        LiveKeysCache(model, block=0)
    with pytest.raises(ArgumentError, match=r"the shape \(1, 1, 4, 4\)"):
        LiveKeysCache(model, attention_mask=torch.ones(1, 1, 4, 4))
    eager = make("llama", device, "eager")
    with pytest.raises(ArgumentError, match=r"got 'eager'; call spattn.configure"):
        LiveKeysCache(eager)

    spattn.configure(model, spattn.window(3))
    cache, ids = LiveKeysCache(model, block=1), tokens(device, length=8)
    model(ids, past_key_values=cache)
    spattn.configure(model, spattn.window(5))
    with pytest.raises(ArgumentError, match="make another cache after configure"):
        model(ids[:, :1], past_key_values=cache)

    config = model.config
    config.spattn_structure = None
    config.layer_types = ["linear_attention", "full_attention"]
    with pytest.raises(UnsupportedError, match="layer 0 is of linear_attention"):
        LiveKeysCache(config)
