"""Trains a small model of OLMoE's architecture with each attention of the comparison.

    python benchmarks/training/train.py RUNS.json

The models train on the same sequences in the same order, from the text of Python
packages (text.py). They differ only in their attention: causal by cuDNN, exclusive
bands, local + band, Longformer's, BigBird's and Reformer's by spattn
(comparison.py). RUNS.json gets an object per run: {"structure",
"system", "parameters", "length", "batch", "tokens_per_s", "steps": [...], "loss":
[...], "validation_steps": [...], "validation_loss": [...], ...}; picture.py draws it.
"""

import argparse
import datetime
import json
import math
import statistics
import sys
import time
from pathlib import Path

import olmoe
import torch
from text import Text

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

from comparison import COMPARED  # noqa: E402
from patterns import STRUCTURES  # noqa: E402
from systems import SYSTEMS  # noqa: E402

#: Structures that spattn alone has, by their names in comparison.py.
OTHERS = {
    "longformer": "window, global tokens, causal",
    "bigbird": "random blocks, causal",
    "reformer": "hashed chunks",
}

SMALL = {
    "hidden_size": 512,
    "num_attention_heads": 8,
    "num_hidden_layers": 8,
    "intermediate_size": 512,
    "num_experts": 16,
    "num_experts_per_tok": 4,
    "vocab_size": 16384,
}
#: The number of steps to average for a point of the loss curve.
WINDOW = 10


class Optimizer:
    """AdamW with f32 master weights, for a model with weights of another type."""

    def __init__(self, model: torch.nn.Module, steps: int, rate: float) -> None:
        self.weights = [p for p in model.parameters() if p.requires_grad]
        self.masters = [p.detach().clone().float() for p in self.weights]
        decayed = [m for m in self.masters if m.dim() > 1]
        others = [m for m in self.masters if m.dim() <= 1]
        self.adam = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": 0.1}, {"params": others}],
            lr=rate,
            betas=(0.9, 0.95),
            weight_decay=0.0,
        )
        warmup = max(1, steps // 20)

        def factor(step: int) -> float:
            if step < warmup:
                return (step + 1) / warmup
            done = (step - warmup) / max(1, steps - warmup)
            return 0.1 + 0.45 * (1 + math.cos(math.pi * done))

        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.adam, factor)

    def step(self) -> None:
        for master, weight in zip(self.masters, self.weights, strict=True):
            # Reformer's keys are its queries: it has no weights of keys.
            master.grad = None if weight.grad is None else weight.grad.float()
            weight.grad = None
        torch.nn.utils.clip_grad_norm_(self.masters, 1.0)
        self.adam.step()
        self.schedule.step()
        with torch.no_grad():
            torch._foreach_copy_(self.weights, self.masters)


@torch.no_grad()
def validate(model, rows: torch.Tensor, batch: int, device: str) -> float:
    """The mean loss on the validation text."""
    model.eval()
    losses = [
        model(input_ids=ids, labels=ids).loss.item()
        for ids in (part.long().to(device) for part in rows.split(batch))
    ]
    model.train()
    return statistics.mean(losses)


def attention_of(structure: str, system: str, batch: int, heads: int, length, device):
    """The attention as transformers calls it."""
    if structure not in OTHERS:
        return SYSTEMS[system](structure, batch, heads, length, device)
    (compared,) = (x for x in COMPARED if x.name == OTHERS[structure])
    call = compared.make(length, heads)
    return lambda q, k, v, scale: call(q, k, v).transpose(1, 2).contiguous()


def train(structure: str, system: str, text: Text, sizes: dict, options) -> dict:
    """Trains one model, and returns its record."""
    device, length, batch = options.device, text.length, options.batch
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    heads = sizes["num_attention_heads"]
    olmoe.use(attention_of(structure, system, batch, heads, length, device))
    torch.manual_seed(0)
    model = olmoe.make(device, dtype, output_router_logits=True, **sizes)
    optimizer = Optimizer(model, options.steps, options.rate)
    validation = text.validation[: options.validation]
    run = {
        "structure": structure,
        "system": system,
        "parameters": sum(p.numel() for p in model.parameters()),
        "length": length,
        "batch": batch,
        **{name: [] for name in ("steps", "loss")},
        **{name: [] for name in ("validation_steps", "validation_loss")},
    }
    losses: list[torch.Tensor] = []
    seconds = []
    batches = text.batches(batch)
    begin = time.perf_counter()
    for step in range(1, options.steps + 1):
        ids = next(batches).to(device, non_blocking=True)
        out = model(input_ids=ids, labels=ids)
        out.loss.backward()
        optimizer.step()
        # The next-token loss alone, without the router's auxiliary loss.
        router = model.router_aux_loss_coef * out.aux_loss.detach()
        losses.append(out.loss.detach() - router)
        if step % WINDOW and step != options.steps:
            continue
        # item() synchronizes with the GPU.
        mean = torch.stack(losses).mean().item()
        seconds.append((time.perf_counter() - begin) / len(losses))
        losses.clear()
        run["steps"].append(step)
        run["loss"].append(round(mean, 4))
        if step % options.every < WINDOW or step == options.steps:
            model.config.output_router_logits = False
            loss = validate(model, validation, batch, device)
            model.config.output_router_logits = True
            run["validation_steps"].append(step)
            run["validation_loss"].append(round(loss, 4))
            print(
                f"{structure}: step {step}, loss {mean:.4f}, validation {loss:.4f}, "
                f"{batch * length / seconds[-1]:,.0f} tokens/s",
                flush=True,
            )
        begin = time.perf_counter()
    run["tokens_per_s"] = round(batch * length / statistics.median(seconds))
    run["gpu"] = "cpu" if device == "cpu" else torch.cuda.get_device_name()
    run["torch"] = torch.__version__
    run["commit"] = options.commit
    run["date"] = datetime.date.today().isoformat()
    return run


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, help="JSON, to which runs are added")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--length", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--validation", type=int, default=64, help="sequences")
    parser.add_argument("--every", type=int, default=100, help="steps a validation")
    parser.add_argument(
        "--structures",
        nargs="+",
        choices=(*STRUCTURES, *OTHERS),
        default=(*STRUCTURES, *OTHERS),
    )
    parser.add_argument("--dense", choices=SYSTEMS, default="cudnn")
    parser.add_argument("--text", type=Path, nargs="+", help="folders of text")
    parser.add_argument("--tiny", action="store_true", help="a model for tests")
    parser.add_argument("--commit", default="", help="what is measured, for the runs")
    options = parser.parse_args(arguments)
    sizes = {**olmoe.TINY, "num_hidden_layers": 2} if options.tiny else SMALL
    rows = options.steps * options.batch, options.validation
    needed = tuple(count * options.length for count in rows)
    begin = time.perf_counter()
    text = Text(sizes["vocab_size"], needed, options.length, options.text)
    print(
        f"{text.train.numel():,} tokens to train on and {text.validation.numel():,} to "
        f"validate, in {time.perf_counter() - begin:.0f} s",
        flush=True,
    )
    runs = json.loads(options.runs.read_text()) if options.runs.exists() else []
    for structure in options.structures:
        system = options.dense if structure == "causal" else "spattn"
        runs.append(train(structure, system, text, sizes, options))
        options.runs.write_text(json.dumps(runs) + "\n")


if __name__ == "__main__":
    main()
