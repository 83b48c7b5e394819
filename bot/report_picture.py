"""The report as a picture, for a slide or a chat. Its words stand in templates/report/words.toml."""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bot.config import TEMPLATES
from bot.cutting import shortened
from bot.message import File
from bot.words import Words
from cohorts.facts import Fact
from cohorts.reports import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (10, 5.6)  # inches
DENSITY = 150
INK, SOFT, WARM, PAPER = "#2a2633", "#5f586b", "#d9813f", "#faf6ef"
LABEL, TITLE = 26, 60  # characters that fit


def made(page: Report, names: Mapping[int, str], handle: str, zone: str) -> File:
    """Nobody is named or quoted in the picture."""
    return File(f"{handle}-report.png", "image/png", png(page), alt(page))


def png(page: Report) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=SIZE, dpi=DENSITY, facecolor=PAPER, layout=ConstrainedLayoutEngine(w_pad=0.2, h_pad=0.15))
    FigureCanvasAgg(figure)
    title = _said("title", program=shortened(page.program, TITLE))
    figure.suptitle(drawable(title), fontsize=17, fontweight="bold", color=INK, parse_math=False)
    parts = figure.subfigures(2, 1, height_ratios=(5, 1), squeeze=False)
    above, below = parts[0, 0], parts[1, 0]
    left, right = above.subplots(1, 2)
    goals = page.goals if page.goals is not None and page.goals.shown else None
    bars(left, _goals_title(page), [(words, n, str(n)) for words, n in goals.counts] if goals else [])
    meetings = page.attendance.meetings if page.attendance.shown else ()
    shares = [
        (one.title, one.there / (one.expected or 1), _said("of", there=one.there, expected=one.expected))
        for one in meetings
    ]
    bars(right, _attendance_title(page), shares, most=1.0)
    below.set_facecolor(PAPER)
    big, small = _nps_lines(page)
    below.text(0.5, 0.62, big, ha="center", fontsize=15, fontweight="bold", color=INK, parse_math=False)
    below.text(0.5, 0.2, small, ha="center", fontsize=11, color=SOFT, parse_math=False)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a sign that the font lacks is drawn as a box
        figure.savefig(file, format="png", facecolor=PAPER)
    return file.getvalue()


def alt(page: Report) -> str:
    """Every number of the picture, read out."""
    parts = [_goals_title(page)]
    if page.goals is not None and page.goals.shown:
        parts += [f"{words} {count}" for words, count in page.goals.counts]
    parts.append(_attendance_title(page))
    if page.attendance.shown:
        parts += [
            f"{one.title} {_said('of', there=one.there, expected=one.expected)}" for one in page.attendance.meetings
        ]
    parts += [line for line in _nps_lines(page) if line]
    return _said("alt", parts="; ".join(parts))


def bars(axes: Axes, title: str, rows: Sequence[tuple[str, float, str]], most: float | None = None) -> None:
    """A bar for each row, with its words before it and what is told behind it; `most` would fill the width."""
    axes.set_title(drawable(title), loc="left", fontsize=12, color=INK, parse_math=False)
    axes.set_facecolor(PAPER)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xticks([])
    if not rows:
        axes.set_yticks([])
        return
    places = range(len(rows))
    longest = most or max(value for _, value, _ in rows) or 1
    axes.barh(places, [value for _, value, _ in rows], color=WARM, height=0.6)
    axes.set_xlim(0, longest * 1.25)
    axes.set_yticks(places)
    labels = axes.set_yticklabels([drawable(shortened(words, LABEL)) for words, _, _ in rows], color=INK, fontsize=10)
    for label in labels:
        label.set_parse_math(False)
    axes.tick_params(length=0)
    axes.invert_yaxis()
    for place, (_, value, told) in zip(places, rows, strict=True):
        axes.text(value + longest * 0.02, place, told, va="center", fontsize=10, color=SOFT, parse_math=False)


def _goals_title(page: Report) -> str:
    if page.goals is None:
        return f"{_said('goals-asked')}\n{_said('never-asked')}"
    return _said("goals", n=page.goals.n) if page.goals.shown else f"{_said('goals-asked')}\n{_said('too-few')}"


def _attendance_title(page: Report) -> str:
    if not page.attendance.shown:
        return f"{_said('attendance-asked')}\n{_said('too-few')}"
    return _said("attendance", percent=page.attendance.percent)


def _nps_lines(page: Report) -> tuple[str, str]:
    if page.nps is None or not page.nps.shown:
        return _said("nps-asked"), _said("never-asked" if page.nps is None else "too-few")
    scored = page.nps
    return (
        _said("nps", would=scored.promoters, n=scored.n),
        _said("interval", score=scored.score, low=scored.low, high=scored.high),
    )


def _said(name: str, **facts: Fact) -> str:
    return Words([TEMPLATES]).get("report", "picture", name, facts)


def drawable(text: str) -> str:
    """Without what no font draws: control characters and those that nobody has assigned."""
    return "".join(one for one in text if one == "\n" or unicodedata.category(one)[0] != "C")
