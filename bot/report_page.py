"""The report to print: one self-contained page without a script. Its words stand in templates/web/report.html."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.config import TEMPLATES
from bot.message import File
from cohorts import reports
from cohorts.measures import SHOWN_FROM
from cohorts.reports import Report


def made(page: Report, names: Mapping[int, str], handle: str, zone: str) -> File:
    """`names` of those who are quoted, by membership."""
    return File(f"{handle}-report.html", "text/html; charset=utf-8", html(page, names, zone).encode())


def html(page: Report, names: Mapping[int, str], zone: str) -> str:
    pages = Environment(
        loader=FileSystemLoader(TEMPLATES / "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"excerpt": reports.excerpt, "hours": reports.hours, "percent": _percent}
    ended = page.ends_at.astimezone(ZoneInfo(zone)).date() if page.ends_at is not None else None
    return pages.get_template("report.html").render(
        page=page,
        names=names,
        ended=ended,
        least=SHOWN_FROM,
        preparing=reports.PREPARING,
        reading=reports.READING,
        style=(TEMPLATES / "web" / "report.css").read_text("utf-8"),
    )


def _percent(part: int, whole: int) -> int:
    return reports.percent(part, whole)
