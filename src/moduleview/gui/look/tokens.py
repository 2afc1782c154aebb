"""Every colour of the program, as a name for what it is for; no hex stands anywhere else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme, ``#RRGGBB``."""

    is_dark: bool
    window: str
    panel: str
    raised: str
    inset: str
    hover: str
    border: str
    strong: str
    text: str
    muted: str
    faint: str
    accent: str
    on_accent: str
    selection: str
    on_selection: str
    success: str
    warning: str
    warning_tint: str
    error: str
    hook_forward: str
    on_hook_forward: str
    hook_backward: str
    on_hook_backward: str
    non_finite: str
    not_measured: str
    grid: str
    series: tuple[str, ...]


LIGHT = Tokens(
    is_dark=False,
    window="#E9EBEE",
    panel="#FFFFFF",
    raised="#F4F5F7",
    inset="#FFFFFF",
    hover="#EFF2F5",
    border="#D3D7DC",
    strong="#7A828B",
    text="#1A1E22",
    muted="#59626B",
    faint="#7A828B",
    accent="#1565B3",
    on_accent="#FFFFFF",
    selection="#D6E6F7",
    on_selection="#1A1E22",
    success="#19733F",
    warning="#925600",
    warning_tint="#FBF0DC",
    error="#B3261E",
    hook_forward="#0072B2",
    on_hook_forward="#FFFFFF",
    hook_backward="#A0447F",
    on_hook_backward="#FFFFFF",
    non_finite="#FF5CF0",
    not_measured="#DDE1E5",
    grid="#ECEEF1",
    series=("#0072B2", "#C85400", "#007F5C", "#A8508A", "#9A6A00", "#2F8FCC", "#1A1E22"),
)

DARK = Tokens(
    is_dark=True,
    window="#141619",
    panel="#1C1F23",
    raised="#25292E",
    inset="#15171A",
    hover="#23272C",
    border="#32373D",
    strong="#757E88",
    text="#E4E7EA",
    muted="#A0A8B0",
    faint="#757E88",
    accent="#5AA9F0",
    on_accent="#0E1114",
    selection="#23415F",
    on_selection="#F2F5F7",
    success="#5CC98A",
    warning="#F0B04A",
    warning_tint="#33290F",
    error="#FF8178",
    hook_forward="#56B4E9",
    on_hook_forward="#0E1114",
    hook_backward="#DE92C0",
    on_hook_backward="#0E1114",
    non_finite="#FF5CF0",
    not_measured="#2B3036",
    grid="#282C31",
    series=("#56B4E9", "#F07F35", "#2FBF93", "#DE92C0", "#E69F00", "#A9C7FF", "#E4E7EA"),
)
