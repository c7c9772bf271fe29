"""Times attention with documents, sinks, global tokens and wide heads.

    python benchmarks/gpu/features.py OUT.json [--only NAME ...]

All systems are called through torch, forward and backward by autograd; those that are
not installed, or cannot compute a workload, are left out. spattn is compared with
float64 at a small size first. measure.py describes times and rows.
"""

import argparse
import math
from pathlib import Path

import torch
from feature_cases import CASES, SMALL_DOCUMENTS, Case
from feature_systems import SYSTEMS, Absent
from measure import Report


def reference(case: Case) -> list[torch.Tensor]:
    """The output and its gradients by queries, keys and values, in float64."""
    *inputs, grad = (x.double().transpose(1, 2) for x in case.tensors)
    q, k, v = (x.requires_grad_() for x in inputs)
    group = case.heads // case.key_heads
    many = [x.repeat_interleave(group, 1) for x in (k, v)]
    i = torch.arange(case.length, device="cuda")
    h = torch.arange(case.heads, device="cuda")[:, None, None]
    mask = case.allows()(0, h, i[:, None], i[None])
    scores = (q @ many[0].transpose(2, 3) / math.sqrt(case.dim)).masked_fill(
        ~mask, -math.inf
    )
    empty = ~mask.any(-1)[None, :, :, None]
    if case.sinks is not None:
        extra = case.sinks.double()[None, :, None, None].expand(*scores.shape[:3], 1)
        p = torch.softmax(torch.cat((scores, extra), -1), -1)[..., :-1]
    else:
        p = torch.softmax(scores.masked_fill(empty, 0), -1).masked_fill(empty, 0)
    out = p @ many[1]
    return [out, *torch.autograd.grad(out, (q, k, v), grad)]


def verify(case: Case, make) -> float:
    """A system's greatest relative error, output and gradients, at a small size."""
    documents = tuple(SMALL_DOCUMENTS) if case.documents else ()
    small = Case(case.name, case.heads, case.key_heads, case.dim, 1, 1024, documents)
    leaves = [x.detach().requires_grad_() for x in small.tensors[:3]]
    out = make(small)(*leaves)
    found = [out, *torch.autograd.grad(out, leaves, small.tensors[3])]
    errors = [
        ((a.transpose(1, 2).double() - b).norm() / b.norm()).item()
        for a, b in zip(found, reference(small), strict=True)
    ]
    assert max(errors) < 1e-2, f"{case.label}: errors {errors}"
    return max(errors)


def time_case(case: Case, report: Report) -> None:
    forward, backward, errors = {}, {}, {}
    for name, make in SYSTEMS.items():
        leaves = [x.detach().requires_grad_() for x in case.tensors[:3]]
        try:
            if name == "torch":
                errors[name] = verify(case, make)
            function = make(case)
            with torch.no_grad():
                function(*leaves)
            torch.cuda.synchronize()
        except Absent as why:
            print(f"{case.label}: {name} left out: {why}", flush=True)
            continue
        except Exception as error:  # One system must not stop the others.
            text = str(error)[:300]
            print(f"{case.label}: {name}: {type(error).__name__}: {text}", flush=True)
            continue

        def attend(function=function, leaves=leaves):
            with torch.no_grad():
                return function(*leaves)

        forward[name] = attend
        try:
            out = function(*leaves)

            def gradients(out=out, leaves=leaves):
                torch.autograd.grad(out, leaves, case.tensors[3], retain_graph=True)

            gradients()
            torch.cuda.synchronize()
            backward[name] = gradients
        except Exception as error:
            text = str(error)[:300]
            print(f"{case.label}: {name}, gradients: {text}", flush=True)
    work = case.work()
    report.time(case.label, "forward", work["forward"], forward, errors, {})
    report.time(case.label, "backward", work["backward"], backward, errors, {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path, help="JSON, to which rows are added")
    parser.add_argument("--only", nargs="+", choices=[case.name for case in CASES])
    arguments = parser.parse_args()
    report = Report(arguments.target)
    for case in CASES:
        if arguments.only is None or case.name in arguments.only:
            time_case(case, report)


if __name__ == "__main__":
    main()
