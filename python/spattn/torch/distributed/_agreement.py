# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the ranks of a group call the same, or fail together.

Ranks that exchange tensors of different sizes wait for each other for ever, or read
what was never sent. So ranks compare what they are about to do before anything
travels, and a rank that cannot go on tells the others.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from ...errors import ArgumentError, DistributedError, SpattnError

T = TypeVar("T")
#: A digest, what a rank has to say, and its number of rows.
_DIGEST, _TEXT = 32, 1024
CHECKS = ("first", "always", "never")


def group_of(mesh: Any) -> Any:
    """The process group of a mesh of one dimension, of a group, or of None: all."""
    if not dist.is_initialized():
        raise DistributedError(
            "there is no process group; call torch.distributed.init_process_group"
        )
    if mesh is None:
        return dist.group.WORLD
    if mesh is dist.GroupMember.NON_GROUP_MEMBER:
        raise ArgumentError("this process is not in the group")
    if hasattr(mesh, "get_group"):
        if mesh.ndim != 1:
            raise ArgumentError(
                f"expected a mesh of one dimension, got {mesh.mesh_dim_names or mesh};"
                " take the one that the sequence is sharded over, such as mesh['cp']"
            )
        return mesh.get_group()
    if not isinstance(mesh, dist.ProcessGroup):
        raise ArgumentError(
            f"expected a DeviceMesh, a process group or None, got {mesh!r}"
        )
    return mesh


@contextmanager
def travelling(group: Any, what: str) -> Iterator[None]:
    """Names what failed where a collective does."""
    try:
        yield
    except SpattnError:
        raise
    except RuntimeError as error:
        rank, ranks = dist.get_rank(group), dist.get_world_size(group)
        raise DistributedError(
            f"rank {rank} of {ranks}: {what} failed; another rank has ended, is late, "
            f"or called something else: {error}"
        ) from error


def device_of(group: Any, device: torch.device) -> torch.device:
    """Where small messages travel: without a GPU if the group can, as they are read
    at once."""
    cpu = torch.device("cpu")
    try:
        group._get_backend(cpu)
    except RuntimeError:
        return device
    return cpu


def _gather(group: Any, message: bytes, device: torch.device) -> list[bytes]:
    device = device_of(group, device)
    own = torch.frombuffer(bytearray(message), dtype=torch.uint8).to(device)
    all_of_them = own.new_empty(dist.get_world_size(group), own.numel())
    with travelling(group, "comparing calls"):
        dist.all_gather(list(all_of_them.unbind()), own, group=group)
    return [bytes(row.tolist()) for row in all_of_them.cpu()]


def check_of(check: str | None, group: Any, device: torch.device) -> str:
    """When to compare calls."""
    if check is None:
        cheap = device_of(group, device).type == "cpu"
        check = "always" if cheap else "first"
    if check not in CHECKS:
        raise ArgumentError(
            f"expected check to be one of {', '.join(CHECKS)}, got {check!r}"
        )
    return "never" if dist.get_world_size(group) == 1 else check


def attempt(group: Any, device: torch.device, work: Callable[[], T], check: str) -> T:
    """What `work` returns, if no rank's raises an exception."""
    if check == "never":
        return work()
    result, error = None, None
    try:
        result = work()
    except Exception as raised:
        error = raised
    text = "" if error is None else f"{type(error).__name__}: {error}"
    _raise_of_others(group, device, error, text)
    return result  # type: ignore[return-value]


def _raise_of_others(
    group: Any, device: torch.device, error: Exception | None, text: str
) -> None:
    encoded = text.encode()[:_TEXT].ljust(_TEXT, b"\0")
    flags = _gather(group, bytes([error is not None]), device)
    if not any(flag[0] for flag in flags):
        return
    texts = _gather(group, encoded, device)
    if error is not None:
        raise error
    rank, message = next(
        (i, x.rstrip(b"\0").decode(errors="replace"))
        for i, x in enumerate(texts)
        if flags[i][0]
    )
    raise DistributedError(f"rank {rank} failed: {message}")


#: Descriptions that all ranks of a group have agreed on, with the rows of all.
_agreed: OrderedDict[tuple, tuple[Any, tuple[int, ...]]] = OrderedDict()
_CAPACITY = 1024


def compare(
    group: Any,
    device: torch.device,
    describe: Callable[[], tuple[str, int]],
    rows: tuple[int, ...] | None,
    check: str,
) -> tuple[str, tuple[int, ...]]:
    """What `describe` says and the rows of all ranks, compared as `check` says. `rows`
    are those of all ranks, if they are known."""
    if check == "always":
        return agree(group, device, describe)
    text, own = describe()
    if check == "never":
        return text, rows or (own,) * dist.get_world_size(group)
    key = id(group), device, text, own
    if key not in _agreed:
        _, found = agree(group, device, lambda: (text, own))
        # The group lives as long as its number is in use.
        _agreed[key] = group, found
        if len(_agreed) > _CAPACITY:
            _agreed.popitem(last=False)
    return text, _agreed[key][1]


def agree(
    group: Any, device: torch.device, describe: Callable[[], tuple[str, int]]
) -> tuple[str, tuple[int, ...]]:
    """Compares what ranks describe: a text that has to be the same on all, and a
    number of rows. Returns the text and the rows of all ranks. An exception of one
    rank, or a difference, raises an exception on all of them."""
    text, rows, error = "", 0, None
    try:
        text, rows = describe()
    except Exception as raised:
        error, text = raised, f"{type(raised).__name__}: {raised}"
    digest = hashlib.sha256(text.encode()).digest()
    message = bytes([error is not None]) + rows.to_bytes(8, "little") + digest
    found = _gather(group, message, device)
    numbers = tuple(int.from_bytes(x[1:9], "little") for x in found)
    if all(x[0] == 0 and x[9:] == digest for x in found):
        return text, numbers
    encoded = text.encode()[:_TEXT].ljust(_TEXT, b"\0")
    texts = [
        x.rstrip(b"\0").decode(errors="replace")
        for x in _gather(group, encoded, device)
    ]
    if error is not None:
        raise error
    for rank, own in enumerate(found):
        if own[0]:
            raise DistributedError(f"rank {rank} failed: {texts[rank]}")
    other = next(i for i, x in enumerate(found) if x[9:] != found[0][9:])
    a, b = texts[0].split("\n"), texts[other].split("\n")
    differences = [(x, y) for x, y in zip(a, b, strict=False) if x != y]
    said = differences[0] if differences else ("one call", "another call")
    raise ArgumentError(
        f"ranks differ: rank 0 has {said[0]}, and rank {other} has {said[1]}"
    )
