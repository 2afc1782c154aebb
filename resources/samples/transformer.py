"""A small character transformer that learns to write Python from Python's own standard library.

Nothing is downloaded: the text is the source of this very Python. Reading ``blocks.N`` beside the loss shows what makes
such a net trainable: normalised inputs, residual additions, and a head that shares its matrix with the embedding.
"""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from moduleview import TrainingTask

N_CHARACTERS = 128  # ASCII
CONTEXT = 64
BATCH_SIZE = 12


def load_text(n_characters: int = 2_000_000) -> torch.Tensor:
    """The first so many ASCII characters of the standard library's modules, as int64 codes."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    parts: list[str] = []
    n_read = 0
    for path in sorted(folder.glob("*.py")):
        parts.append(path.read_text(encoding="ascii", errors="ignore"))
        n_read += len(parts[-1])
        if n_read >= n_characters:
            break
    text = "".join(parts)[:n_characters]
    return torch.frombuffer(bytearray(text, "ascii"), dtype=torch.uint8).long()


class TextBatches:
    """Random windows of a text and the same windows one character later, without end."""

    def __init__(self, text: torch.Tensor, seed: int = 0) -> None:
        self.text = text
        self.generator = torch.Generator().manual_seed(seed)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while True:
            starts = torch.randint(len(self.text) - CONTEXT, (BATCH_SIZE, 1), generator=self.generator)
            windows = self.text[starts + torch.arange(CONTEXT + 1)]
            yield windows[:, :-1], windows[:, 1:]


class Attention(nn.Module):
    """Each character looks at those before it."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, length, width) in and out."""
        heads = [part.unflatten(2, (self.n_heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=2)]
        seen = F.scaled_dot_product_attention(*heads, is_causal=True)
        return self.proj(seen.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and a small net for each character, both added to what came in."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, n_heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, length, width) in and out."""
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class CharTransformer(nn.Module):
    """Predicts the next character; its head and its embedding are one matrix."""

    def __init__(self, n_blocks: int = 6, width: int = 128, n_heads: int = 4) -> None:
        super().__init__()
        self.tok_emb = nn.Embedding(N_CHARACTERS, width)
        self.pos_emb = nn.Embedding(CONTEXT, width)
        self.blocks = nn.ModuleList(Block(width, n_heads) for _ in range(n_blocks))
        self.ln_f = nn.LayerNorm(width)
        self.head = nn.Linear(width, N_CHARACTERS, bias=False)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
        self.head.weight = self.tok_emb.weight

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Logits (batch, length, characters) of codes (batch, length)."""
        positions = torch.arange(codes.shape[1], device=codes.device)
        x = self.tok_emb(codes) + self.pos_emb(positions)
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))


def next_character_loss(logits: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy in nats a character."""
    return F.cross_entropy(logits.flatten(0, 1), codes.flatten())


def task() -> TrainingTask:
    """What moduleview opens: the model, its optimizer, its data and its loss."""
    torch.manual_seed(0)
    model = CharTransformer()
    return TrainingTask(
        model=model,
        optimizer=torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1),
        batches=TextBatches(load_text()),
        loss=next_character_loss,
        title="CharTransformer",
    )
