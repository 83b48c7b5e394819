"""What a survey brought, as a picture for a room: bars for each question. Its words stand in templates/results."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.config import TEMPLATES
from bot.cutting import shortened
from bot.message import File
from bot.report_picture import DENSITY, INK, PAPER, bars, drawable
from bot.words import Words
from cohorts.facts import Fact
from cohorts.program_answers import MY

WIDTH = 10  # inches
HEAD, QUESTION, ROW = 0.9, 0.8, 0.42  # inches of the title, of a question, of each of its bars
MOST = 5  # questions that fit and can still be read from afar
TITLE, ASK = 60, 80  # characters that fit


@dataclass(frozen=True, slots=True)
class Panel:
    """One question: each bar with its words, its length and what is told at its end. `most` is a full bar."""

    ask: str
    rows: Sequence[tuple[str, float, str]]
    most: float | None


def made(found: Mapping[str, Fact], name: str) -> File:
    """From the facts of `survey_results.results`; nobody is named or quoted in the picture."""
    title = _said("title", survey=str(found["name"]), count=found["count"])
    panels = _panels(found)
    return File(f"{name}.png", "image/png", _png(title, panels), _alt(title, panels))


def _panels(found: Mapping[str, Fact]) -> list[Panel]:
    questions = found["questions"]
    made = (_panel(one) for one in questions if isinstance(one, Mapping)) if isinstance(questions, Sequence) else ()
    return list(made)[:MOST]


def _panel(question: Mapping[str, Fact]) -> Panel:
    """What quotes the reader's own answer quotes nobody's before everybody."""
    ask = " ".join(MY.sub("…", str(question["ask"])).split())
    average, choices = question["average"], question["choices"]
    if isinstance(choices, Sequence) and choices:
        counted = [(str(one["label"]), _number(one["count"])) for one in choices if isinstance(one, Mapping)]
        return Panel(ask, [(label, count, f"{count:g}") for label, count in counted], None)
    high = _number(question["high"])
    told = _said("of", average=f"{_number(average):g}", high=f"{high:g}") if high else f"{_number(average):g}"
    return Panel(ask, [(_said("average"), _number(average), told)], high or None)


def _number(value: Fact) -> float:
    return value if isinstance(value, (int, float)) else 0


def _png(title: str, panels: Sequence[Panel]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    rows = [len(one.rows) for one in panels]
    layout = ConstrainedLayoutEngine(w_pad=0.2, h_pad=0.15)
    figure = Figure(
        figsize=(WIDTH, HEAD + QUESTION * len(panels) + ROW * sum(rows)), dpi=DENSITY, facecolor=PAPER, layout=layout
    )
    FigureCanvasAgg(figure)
    head = drawable(shortened(title, TITLE))
    figure.suptitle(head, fontsize=17, fontweight="bold", color=INK, parse_math=False)
    if panels:
        grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=rows)
        for axes, one in zip(grid[:, 0], panels, strict=True):
            bars(axes, shortened(one.ask, ASK), one.rows, one.most)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a sign that the font lacks is drawn as a box
        figure.savefig(file, format="png", facecolor=PAPER)
    return file.getvalue()


def _alt(title: str, panels: Sequence[Panel]) -> str:
    """Every number of the picture, read out."""
    told = [f"{one.ask} {', '.join(f'{words} {number}' for words, _, number in one.rows)}" for one in panels]
    return _said("alt", parts="; ".join([title, *told]))


def _said(name: str, **facts: Fact) -> str:
    return Words([TEMPLATES]).get("results", "picture", name, facts)
