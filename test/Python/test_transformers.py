# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models of transformers with `attn_implementation="spattn"`, small and with random
weights, against transformers' own eager attention and the definition."""

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import spattn  # noqa: E402
import spattn.transformers  # noqa: E402
from spattn.errors import ArgumentError, UnsupportedError  # noqa: E402

SIZES = {
    "hidden_size": 64,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "max_position_embeddings": 256,
}
MOE = {"num_experts": 4, "num_experts_per_tok": 2}
FAMILIES = {
    "olmoe": ("Olmoe", SIZES | MOE | {"num_key_value_heads": 4}),
    "llama": ("Llama", SIZES),
    "mistral": ("Mistral", SIZES | {"sliding_window": 7}),
    "gemma3": (
        "Gemma3",
        SIZES
        | {
            "head_dim": 16,
            "sliding_window": 7,
            "layer_types": ["sliding_attention", "full_attention"],
        },
    ),
    "gemma2": (
        "Gemma2",
        SIZES
        | {
            "head_dim": 16,
            "query_pre_attn_scalar": 16,
            "attn_logit_softcapping": 3.0,
            "sliding_window": 7,
            "layer_types": ["sliding_attention", "full_attention"],
        },
    ),
    "gpt_oss": (
        "GptOss",
        SIZES
        | {
            "head_dim": 16,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "sliding_window": 7,
            "layer_types": ["sliding_attention", "full_attention"],
            "rope_scaling": None,
        },
    ),
}


def make(family, device, implementation="spattn", **changes):
    """A model with the same weights for every implementation."""
    name, config = FAMILIES[family]
    config_class = f"{name}TextConfig" if name == "Gemma3" else f"{name}Config"
    # A name that is not registered yet when a config is made is an error.
    config = getattr(transformers, config_class)(**(config | changes))
    config._attn_implementation = implementation
    torch.manual_seed(0)
    model = getattr(transformers, f"{name}ForCausalLM")(config)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            # The attention of weights as they are initialized is nearly uniform.
            if parameter_name.endswith(("q_proj.weight", "k_proj.weight")):
                parameter.mul_(10)
    return model.to(device, dtype_on(device)).eval()


def dtype_on(device):
    return torch.float32 if torch.device(device).type == "cpu" else torch.bfloat16


def tokens(device, batch=2, length=40):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(3, 128, (batch, length), generator=generator).to(device)


def assert_close(actual, expected):
    """Relative to the largest: kernels round otherwise than eager attention does. In
    bfloat16, a token in ten may be sent to another expert for that."""
    actual, expected = actual.double(), expected.double()
    errors = (actual - expected).abs().amax(-1).flatten() / expected.abs().max()
    if expected.device.type == "cpu":
        assert errors.max() < 1e-4, float(errors.max())
    else:
        assert errors.quantile(0.9) < 3e-2, float(errors.quantile(0.9))


def distances(queries, keys):
    return torch.arange(queries)[:, None] + keys - queries - torch.arange(keys)


def exclusive(head, heads, queries, keys):
    d = distances(queries, keys)
    width, rest = divmod(keys, heads)
    start = head * width + min(head, rest)
    return (d >= start) & (d < start + width + (head < rest))


def local_band(head, heads, queries, keys):
    d = distances(queries, keys)
    width = keys // heads + (head < keys % heads)
    return exclusive(head, heads, queries, keys) | ((d >= 0) & (d <= width))


def sink_window(head, heads, queries, keys):
    d = distances(queries, keys)
    return (d >= 0) & ((d < 5) | (torch.arange(keys) < 2))


def fixed_bands(head, heads, queries, keys):
    d = distances(queries, keys)
    return (d >= 8 * head) & (d < 8 * head + 8)


STRUCTURES = {
    exclusive: lambda: spattn.exclusive_bands(),
    local_band: lambda: spattn.local_band(),
    sink_window: lambda: spattn.sink(2) | spattn.window(5),
    fixed_bands: lambda: spattn.exclusive_bands(length=32),
}


def by_definition(*layers):
    """An attention implementation with a mask for each layer, from the definition."""

    def attention(module, query, key, value, attention_mask, scaling=None, **kwargs):
        heads, queries = query.shape[1:3]
        groups = heads // key.shape[1]
        key, value = (t.repeat_interleave(groups, 1) for t in (key, value))
        definition = layers[module.layer_idx]
        sizes = (heads, queries, key.shape[2])
        mask = torch.stack([definition(h, *sizes) for h in range(heads)])
        mask = mask.to(query.device)
        scores = (query.double() @ key.double().transpose(-1, -2)) * scaling
        weights = scores.masked_fill(~mask, -torch.inf).softmax(-1).nan_to_num(0)
        out = weights @ value.double()
        return out.to(query.dtype).transpose(1, 2).contiguous(), None

    name = "-".join(layer.__name__ for layer in layers)
    transformers.AttentionInterface.register(name, attention)
    return name


def gradients(model):
    return torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize("family", FAMILIES)
def test_own_structure_equals_eager(family, device):
    """Causal, windows by layer, grouped heads and sinks, from the model's config."""
    ids = tokens(device)
    results = []
    for implementation in ("spattn", "eager"):
        model = make(family, device, implementation)
        out = model(input_ids=ids, labels=ids)
        out.loss.backward()
        results.append((out.logits, gradients(model)))
    for actual, expected in zip(*results, strict=True):
        assert_close(actual, expected)


@pytest.mark.parametrize("family", ["olmoe", "llama"])
def test_structures_by_layer(family, device):
    ids = tokens(device, length=42)  # Not a multiple of the heads.
    model = make(family, device)
    spattn.configure(model, spattn.exclusive_bands(), layers=[0])
    spattn.configure(model, STRUCTURES[sink_window](), layers=[1])
    expected = make(family, device, by_definition(exclusive, sink_window))
    for each in (model, expected):
        each(input_ids=ids, labels=ids).loss.backward()
    assert_close(model(ids).logits, expected(ids).logits)
    assert_close(gradients(model), gradients(expected))


def test_structures_by_head(device):
    def mixture(head, heads, queries, keys):
        if head < 2:
            return exclusive(head, 2, queries, keys)
        return sink_window(head, heads, queries, keys)

    model = make("olmoe", device)
    spattn.configure(
        model,
        spattn.per_head(
            (2, spattn.exclusive_bands()), (2, spattn.sink(2) | spattn.window(5))
        ),
    )
    expected = make("olmoe", device, by_definition(mixture, mixture))
    ids = tokens(device)
    assert_close(model(ids).logits, expected(ids).logits)


def test_config_keeps_structures(tmp_path, device):
    model = make("olmoe", device)
    spattn.configure(model, spattn.local_band(), layers=[1])
    ids = tokens(device)
    model.save_pretrained(tmp_path)
    loaded = transformers.OlmoeForCausalLM.from_pretrained(
        tmp_path, attn_implementation="spattn", dtype=dtype_on(device)
    )
    assert loaded.config.spattn_structure == [None, spattn.local_band().text]
    assert_close(loaded.to(device)(ids).logits, model(ids).logits)

    # One text is for all layers.
    for_all = make("olmoe", device, spattn_structure="#spattn.partition<exclusive>")
    spattn.configure(model, spattn.exclusive_bands())
    assert_close(for_all(ids).logits, model(ids).logits)

    # Without one, the layers are causal again.
    causal = make("olmoe", device)
    assert_close(spattn.configure(model)(ids).logits, causal(ids).logits)


def test_configure_switches_a_model_to_spattn(device):
    model = make("llama", device, "eager")
    assert spattn.configure(model, spattn.local_band()) is model
    assert model.config._attn_implementation == "spattn"
    expected = make("llama", device, by_definition(local_band, local_band))
    ids = tokens(device)
    assert_close(model(ids).logits, expected(ids).logits)


def generate(model, ids, **options):
    out = model.generate(
        ids,
        **{"attention_mask": torch.ones_like(ids)} | options,
        max_new_tokens=12,
        min_new_tokens=12,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    return out.sequences, torch.stack(out.logits)


@pytest.mark.parametrize("family", FAMILIES)
def test_generation_equals_eager(family, device):
    """Through prefill and single tokens, past the end of the windows."""
    ids = tokens(device, length=11)
    sequences, logits = generate(make(family, device), ids)
    expected, expected_logits = generate(make(family, device, "eager"), ids)
    assert_close(logits[0], expected_logits[0])
    # In 16 bits the first two tokens may be as likely as each other.
    if device == "cpu":
        assert torch.equal(sequences, expected)
        assert_close(logits, expected_logits)


@pytest.mark.parametrize("definition", STRUCTURES, ids=lambda d: d.__name__)
def test_steps_with_a_cache(definition, device):
    """Each step is the attention of new queries at the end of all keys so far."""
    model = spattn.configure(make("olmoe", device), STRUCTURES[definition]())
    expected = make("olmoe", device, by_definition(definition, definition))
    ids = tokens(device, length=30)
    steps = [(0, 17), (17, 18), (18, 19), (19, 26), (26, 30)]
    caches = [transformers.DynamicCache(), transformers.DynamicCache()]
    with torch.no_grad():
        for begin, end in steps:
            actual, reference = (
                each(ids[:, begin:end], past_key_values=cache).logits
                for each, cache in zip((model, expected), caches, strict=True)
            )
            assert_close(actual, reference)


@pytest.mark.parametrize("definition", [sink_window, fixed_bands])
def test_cache_equals_no_cache(definition, device):
    """If structures do not depend on the length."""
    model = spattn.configure(make("olmoe", device), STRUCTURES[definition]())
    ids = tokens(device, length=9)
    sequences, logits = generate(model, ids)
    if device == "cpu":
        without, logits_without = generate(model, ids, use_cache=False)
        assert torch.equal(sequences, without)
        assert_close(logits, logits_without)
    whole = model(sequences[:, :-1]).logits[:, ids.shape[1] - 1 :]
    assert_close(logits.transpose(0, 1), whole)


def left_padding(ids):
    mask = torch.ones_like(ids)
    mask[0, :7] = 0
    return mask


def right_padding(ids):
    return left_padding(ids).flip(-1)


def padding_on_both_sides(ids):
    return left_padding(ids) * right_padding(ids)


@pytest.mark.parametrize(
    "padding", [left_padding, right_padding, padding_on_both_sides]
)
@pytest.mark.parametrize("family", FAMILIES)
def test_padding_equals_eager(family, padding, device):
    ids = tokens(device, length=20)
    mask = padding(ids)
    model, eager = make(family, device), make(family, device, "eager")
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    valid = mask.bool()
    actual, expected = (
        m(ids, attention_mask=mask, position_ids=positions).logits[valid]
        for m in (model, eager)
    )
    assert_close(actual, expected)


def test_generation_with_left_padding(device):
    ids = tokens(device, length=20)
    mask = left_padding(ids)
    ids[~mask.bool()] = 0
    model, eager = make("llama", device), make("llama", device, "eager")
    (sequences, logits), (expected, expected_logits) = (
        generate(m, ids, attention_mask=mask) for m in (model, eager)
    )
    if device == "cpu":
        assert torch.equal(sequences, expected)
        assert_close(logits, expected_logits)


# transformers' gpt_oss does not look for packed documents in positions.
@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"gpt_oss"}))
def test_packed_documents_equal_eager(family, device):
    """By positions that start again, and by what collators prepare."""
    ids = tokens(device, batch=1, length=40)
    ends = [0, 5, 6, 27, 40]
    positions = torch.cat(
        [torch.arange(b - a) for a, b in zip(ends[:-1], ends[1:], strict=True)]
    )
    positions = positions[None].to(device)
    model, eager = make(family, device), make(family, device, "eager")
    expected = eager(ids, position_ids=positions, use_cache=False).logits
    assert_close(model(ids, position_ids=positions, use_cache=False).logits, expected)
    cumulative = torch.tensor(ends, dtype=torch.int32, device=device)
    actual = model(
        ids,
        position_ids=positions,
        use_cache=False,
        cu_seq_lens_q=cumulative,
        cu_seq_lens_k=cumulative,
    ).logits
    assert_close(actual, expected)


def test_documents_have_bands_of_their_own(device):
    """As if each were alone."""
    model = spattn.configure(make("olmoe", device), spattn.exclusive_bands())
    ids = tokens(device, batch=2, length=40)
    rows = [[0, 17, 40], [0, 33, 40]]
    positions = torch.stack(
        [torch.cat((torch.arange(b), torch.arange(40 - b))) for _, b, _ in rows]
    ).to(device)
    actual = model(ids, position_ids=positions, use_cache=False).logits
    for row, (_, middle, _) in enumerate(rows):
        for part in (slice(0, middle), slice(middle, 40)):
            alone = model(ids[row : row + 1, part], use_cache=False).logits
            assert_close(actual[row : row + 1, part], alone)


def test_gradients_of_packed_documents(device):
    ids = tokens(device, batch=1, length=40)
    positions = torch.cat((torch.arange(13), torch.arange(27)))[None].to(device)
    results = []
    for implementation in ("spattn", "eager"):
        model = make("llama", device, implementation)
        model(
            input_ids=ids, labels=ids, position_ids=positions, use_cache=False
        ).loss.backward()
        results.append(gradients(model))
    assert_close(*results)


def test_no_mask_is_made(device, monkeypatch):
    """Whatever the length, layers get none, and its memory is not needed."""
    seen = []
    attention = spattn.transformers.attention

    def record(module, query, key, value, attention_mask, **kwargs):
        seen.append(attention_mask)
        return attention(module, query, key, value, attention_mask, **kwargs)

    monkeypatch.setitem(
        transformers.AttentionInterface._global_mapping, "spattn", record
    )
    ids = tokens(device)
    for family in ("llama", "gemma3"):
        model = make(family, device)
        model(ids, attention_mask=torch.ones_like(ids))
        generate(model, ids)
    assert seen and all(mask is None for mask in seen)


def test_compiles_in_one_graph(device):
    ids = tokens(device)
    for family in ("llama", "mistral"):
        model = make(family, device)
        expected = model(ids, use_cache=False).logits
        compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
        assert_close(compiled(ids, use_cache=False).logits, expected)
        padding = torch.ones_like(ids)
        out = compiled(ids, use_cache=False, attention_mask=padding)
        assert_close(out.logits, expected)
        padding[0, :3] = padding[1, 17:] = 0
        valid = padding.bool()
        actual, expected = (
            m(ids, use_cache=False, attention_mask=padding).logits[valid]
            for m in (compiled, model)
        )
        assert_close(actual, expected)
        if device == "cpu":  # On a GPU, this error ends the process's use of it.
            padding[0, 9] = 0
            with pytest.raises(RuntimeError, match="not between their tokens"):
                compiled(ids, use_cache=False, attention_mask=padding)


def test_gradient_checkpointing(device):
    model = spattn.configure(make("olmoe", device), spattn.exclusive_bands())
    ids = tokens(device)
    results = []
    for checkpointing in (False, True):
        if checkpointing:
            model.gradient_checkpointing_enable()
        model.train()
        model.zero_grad()
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        results.append(gradients(model))
    assert_close(*results)


def padding_between(ids):
    mask = torch.ones_like(ids)
    mask[0, 3:5] = 0
    return {"attention_mask": mask}


def square_mask(ids):
    length = ids.shape[1]
    mask = torch.ones(len(ids), 1, length, length, dtype=torch.bool, device=ids.device)
    return {"attention_mask": mask.tril()}


@pytest.mark.parametrize(
    "arguments, structure, message",
    [
        (padding_between, None, "not between their tokens"),
        (square_mask, None, "takes no mask"),
        (lambda ids: {"output_attentions": True}, None, "output_attentions"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_refused_calls(arguments, structure, message, device):
    model = spattn.configure(make("llama", device), structure)
    ids = tokens(device)
    with pytest.raises(UnsupportedError, match=message):
        model(ids, **arguments(ids))


def test_refused_models(device):
    ids = tokens(device)
    model = make("llama", device, attention_dropout=0.5).train()
    with pytest.raises(UnsupportedError, match=r"model\.eval\(\)"):
        model(ids)

    model = make("llama", device)
    with pytest.raises(UnsupportedError, match="dynamic cache"):
        model.generate(ids, max_new_tokens=4, cache_implementation="static")

    mistral = spattn.configure(make("mistral", device), spattn.exclusive_bands())
    with pytest.raises(ArgumentError, match="window of 7 of its own"):
        mistral(ids)


def test_refused_structures(device):
    model = make("llama", device)
    with pytest.raises(ArgumentError, match="layers 0 to 1, not 2"):
        spattn.configure(model, spattn.local_band(), layers=[0, 2])
    with pytest.raises(ArgumentError, match="for 3 heads, and the model has 4"):
        spattn.configure(model, spattn.per_head((3, spattn.causal())))
    with pytest.raises(ValueError):
        spattn.configure(model, "#spattn.cuasal")
    assert getattr(model.config, "spattn_structure", None) is None
    model = make("llama", device, spattn_structure=["#spattn.causal"])
    with pytest.raises(ArgumentError, match="each of the 2 layers"):
        model(tokens(device))
