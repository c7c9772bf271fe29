"""Training text that every Python installation has: the sources of its packages.

Programs and their documentation are real text, with names that are used thousands of
tokens after their definitions.
"""

import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|end|>"
SUFFIXES = (".py", ".pyi", ".md", ".rst", ".txt")


def files(folders: list[Path] | None = None) -> Iterator[tuple[str, bool]]:
    """The distinct texts, in a fixed pseudorandom order, and whether each is for
    validation."""
    if folders is None:
        paths = sysconfig.get_paths()
        folders = sorted(
            {Path(paths[name]) for name in ("stdlib", "purelib", "platlib")}
        )
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix not in SUFFIXES or not path.is_file():
                continue
            data = path.read_bytes()
            # Short files are mostly empty, and long ones mostly tables.
            if 1000 <= len(data) <= 400_000:
                found.setdefault(hashlib.sha256(data).hexdigest(), data)
    for digest in sorted(found):
        yield found[digest].decode("utf-8", "replace"), int(digest[-4:], 16) < 0x600


def train_tokenizer(texts: list[str], vocabulary: int) -> Tokenizer:
    """Trains a byte-level BPE tokenizer like GPT-2's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


class Text:
    """Training and validation sequences, with up to `tokens` tokens each."""

    def __init__(
        self,
        vocabulary: int,
        tokens: tuple[int, int],
        length: int,
        folders: list[Path] | None = None,
    ) -> None:
        # A token is three to four characters long on average.
        missing = [5 * count for count in tokens]
        parts: tuple[list[str], list[str]] = ([], [])
        for text, is_validation in files(folders):
            if missing[is_validation] > 0:
                parts[is_validation].append(text)
                missing[is_validation] -= len(text)
            elif max(missing) <= 0:
                break
        # The number of characters to train the tokenizer on.
        sample, count = 20_000_000, 0
        while sample > 0 and count < len(parts[False]):
            sample -= len(parts[False][count])
            count += 1
        self.tokenizer = train_tokenizer(parts[False][:count], vocabulary)
        self.length = length
        self.train, self.validation = (self._encode(parts[v]) for v in (False, True))
        for name, part in (("train", self.train), ("validate", self.validation)):
            if not len(part):
                sys.exit(f"too little text to {name} on sequences of {length} tokens")

    def _encode(self, texts: list[str]) -> torch.Tensor:
        end = self.tokenizer.token_to_id(END)
        parts = []
        for begin in range(0, len(texts), 1000):
            encodings = self.tokenizer.encode_batch(texts[begin : begin + 1000])
            ids = [token for encoding in encodings for token in (*encoding.ids, end)]
            parts.append(torch.tensor(ids, dtype=torch.int32))
        ids = torch.cat(parts) if parts else torch.empty(0, dtype=torch.int32)
        # One row per sequence; a text may span several rows.
        rows = len(ids) // self.length
        return ids[: rows * self.length].view(rows, self.length)

    def __iter__(self) -> Iterator[torch.Tensor]:
        """Training sequences, in the same order in every run."""
        epoch = 0
        while True:
            generator = torch.Generator().manual_seed(epoch)
            yield from self.train[torch.randperm(len(self.train), generator=generator)]
            epoch += 1

    def batches(self, size: int) -> Iterator[torch.Tensor]:
        rows = iter(self)
        while True:
            yield torch.stack([next(rows) for _ in range(size)]).long()
