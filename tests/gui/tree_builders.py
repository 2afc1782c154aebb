"""A GPT-like model as a snapshot, with tied weights, and a panel over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from builders import add_steps, declare_gradients, opened_store, snapshot_of
from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.theme import Theme
from moduleview.gui.panel import PanelContext
from moduleview.gui.selection import Selection
from moduleview.telemetry.commands import Capability, Command, SetHooks
from moduleview.telemetry.records import CoverageMeasured
from moduleview.telemetry.snapshot import ModelSnapshot, ModuleTrait, NodeCoverage
from moduleview.telemetry.store import SeriesStore

ALL = Capability.CONTROL | Capability.HOOKS | Capability.REPORTS | Capability.INTERVENE


def gpt_spec(n_blocks: int = 6, width: int = 256, vocabulary: int = 20_000) -> list:
    """Modules of a small GPT as ``snapshot_of`` takes them."""
    norm = (("weight", (width,)), ("bias", (width,)))

    def linear(out: int, into: int) -> tuple:
        return (("weight", (out, into)), ("bias", (out,)))

    spec: list = [
        ("", "GPT", ()),
        ("embed", "Embedding", (("weight", (vocabulary, width)),)),
        ("rope", "RotaryEmbedding", ()),
        ("drop", "Dropout", ()),
        ("blocks", "ModuleList", ()),
    ]
    for block in range(n_blocks):
        at = f"blocks.{block}"
        spec += [
            (at, "Block", ()),
            (f"{at}.ln_1", "LayerNorm", norm),
            (f"{at}.attn", "Attention", ()),
            (f"{at}.attn.qkv", "Linear", linear(3 * width, width)),
            (f"{at}.attn.proj", "Linear", linear(width, width)),
            (f"{at}.ln_2", "LayerNorm", norm),
            (f"{at}.mlp", "Sequential", ()),
            (f"{at}.mlp.0", "Linear", linear(4 * width, width)),
            (f"{at}.mlp.1", "GELU", ()),
            (f"{at}.mlp.2", "Linear", linear(width, 4 * width)),
        ]
    return [
        *spec,
        ("ln_f", "LayerNorm", norm),
        ("head", "Linear", (("weight", (vocabulary, width)),)),
        ("aux_head", "Linear", linear(2, width)),
    ]


def gpt_snapshot(n_blocks: int = 6, generation: int = 0) -> ModelSnapshot:
    """The GPT with ``head.weight`` tied to ``embed.weight`` and a scripted ``rope``."""
    snapshot = snapshot_of(gpt_spec(n_blocks), generation)
    alias_of, traits = snapshot.tensors.alias_of.copy(), snapshot.traits.copy()
    head, embed = snapshot.tensor_row_of("head.weight"), snapshot.tensor_row_of("embed.weight")
    alias_of[head] = embed
    traits[snapshot.node_of("rope")] = ModuleTrait.SCRIPT
    return replace(snapshot, traits=traits, tensors=replace(snapshot.tensors, alias_of=alias_of))


def gpt_store(n_steps: int = 0) -> SeriesStore:
    """A store in which the GPT is open and was trained for some steps with made-up gradients."""
    store = opened_store(gpt_snapshot())
    if n_steps:
        add_gradients(store, n_steps)
    return store


def add_gradients(store: SeriesStore, n_steps: int) -> None:
    """Noise around a level a tensor, all modules but ``aux_head`` seen to run; tied and unused ones not measured."""
    keys = declare_gradients(store)
    random = np.random.default_rng(0)
    levels = 10 ** random.uniform(-3, 0, len(keys))
    values = levels * np.exp(random.normal(0, 0.2, (n_steps, len(keys))))
    for column, key in enumerate(keys):
        if key.fqn.startswith(("aux_head", "head")):
            values[:, column] = -1
    add_steps(store, values)
    coverage = np.full(len(store.model), NodeCoverage.EXECUTED, dtype=np.uint8)
    coverage[store.model.node_of("aux_head")] = NodeCoverage.NOT_EXECUTED
    store.apply(CoverageMeasured(store.model.generation, coverage))


@dataclass
class Bench:
    """A panel's context over a store, and what the panel sent."""

    store: SeriesStore
    capabilities: Capability = ALL
    sent: list[Command] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    actions_run: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.theme, self.selection, self.scale = Theme(), Selection(), GradientScale()

    def send(self, command: Command) -> None:
        """As the session does."""
        if isinstance(command, SetHooks):
            self.store.request_hooks(command)
        self.sent.append(command)

    def context(self) -> PanelContext:
        """What a panel is given."""
        notify: Callable[[str], None] = self.notices.append
        return PanelContext(
            store=self.store,
            selection=self.selection,
            theme=self.theme,
            scale=self.scale,
            capabilities=lambda: self.capabilities,
            send=self.send,
            run_action=self.actions_run.append,
            notify=notify,
        )
