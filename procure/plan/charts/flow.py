"""The flow from workloads over accelerators to providers, as a Sankey diagram."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from procure.plan.charts.colours import GREY, INK, colour, shades
from procure.plan.charts.house import WIDTH, Empty
from procure.plan.report.words import amount, percent
from procure.plan.view.flow import STAGES


def chart(frame: pd.DataFrame, width: int | None = WIDTH, height: int | None = None) -> Any:
    """Return the links of `view.flow.flow` as a plotly figure, in chip-hours.

    Raises
    ------
    Empty
        When nothing runs.
    """
    if frame.empty:
        raise Empty("there is nothing to draw")
    nodes = _nodes(frame)
    number = {key: at for at, key in enumerate(nodes)}
    tones = _tones(frame, nodes)
    of_link = [
        tones["accelerator", row["target" if row["target_stage"] == "accelerator" else "source"]]
        for row in frame.to_dict("records")
    ]
    sankey = go.Sankey(
        arrangement="snap",
        textfont={"color": INK, "size": 12, "shadow": "none"},
        node={
            "label": [name for _, name in nodes], "color": [tones[key] for key in nodes], "pad": 12, "thickness": 14,
            "line": {"width": 0},
            "hovertemplate": "%{label}: %{value:,.0f} chip-hours<extra></extra>",
        },
        link={
            "source": [number[key] for key in zip(frame["source_stage"], frame["source"], strict=True)],
            "target": [number[key] for key in zip(frame["target_stage"], frame["target"], strict=True)],
            "value": frame["chip_hours"].tolist(), "color": [_faded(tone) for tone in of_link],
            "customdata": frame["share"].tolist(),
            "hovertemplate": "%{source.label} → %{target.label}: %{value:,.0f} chip-hours, %{customdata:.1%}"
                             "<extra></extra>",
        },
    )  # fmt: skip
    rows = max(sum(stage == each for stage, _ in nodes) for each in STAGES)
    return go.Figure(sankey).update_layout(
        width=width, height=height or max(280, 34 * rows + 60), margin={"l": 8, "r": 8, "t": 30, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", font={"color": INK, "size": 12},
        annotations=[
            {"text": f"{stage.capitalize()}s (chip-hours)", "x": place, "y": 1.0, "yanchor": "bottom",
             "xanchor": ("left", "center", "right")[at], "showarrow": False, "font": {"color": INK, "size": 12}}
            for at, (stage, place) in enumerate(zip(STAGES, (0.0, 0.5, 1.0), strict=True))
        ],
    )  # fmt: skip


def _nodes(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Return (stage, name) of each node, the largest of a stage first, joined ones last."""
    ends = [
        frame[[f"{end}_stage", end, "chip_hours"]].set_axis(["stage", "name", "size"], axis=1)
        for end in ("source", "target")
    ]
    sizes = pd.concat(ends).groupby(["stage", "name"], as_index=False)["size"].max()
    last = sizes["name"].str.startswith("other ")
    sizes = sizes.assign(last=last).sort_values(["last", "size"], ascending=[True, False])
    return [(stage, str(name)) for stage in STAGES for name in sizes.loc[sizes["stage"] == stage, "name"]]


def _tones(frame: pd.DataFrame, nodes: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the colour of each node: tones of its vendor for an accelerator, a provider's own, grey for work."""
    makers: dict[str, str] = {}
    for row in frame.to_dict("records"):
        makers[str(row["target" if row["target_stage"] == "accelerator" else "source"])] = str(row["vendor"])
    chips = shades({name: makers[name] for name in sorted(makers)})
    return {
        (stage, name): chips[name] if stage == "accelerator" else colour(name) if stage == "provider" else GREY
        for stage, name in nodes
    }


def _faded(tone: str) -> str:
    red, green, blue = (int(tone[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.4)"


def alt_text(frame: pd.DataFrame) -> str:
    """Return the chart in words."""
    if frame.empty:
        return "Nothing runs."
    total = float(frame.loc[frame["source_stage"] == "workload", "chip_hours"].sum())
    parts = []
    for stage in ("accelerator", "provider"):
        sizes = frame[frame["target_stage"] == stage].groupby("target")["chip_hours"].sum().sort_values(ascending=False)
        first = ", ".join(f"{name} {percent(float(value) / total)}" for name, value in sizes.head(3).items())
        parts.append(f"most on {stage} {first}" if stage == "accelerator" else f"at {first}")
    return f"Flow of {amount(round(total))} chip-hours of work: {'; '.join(parts)}."
