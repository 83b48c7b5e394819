"""`caravan preview`: what a member of a program will get, week by week, from its file alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import available_timezones

import typer

from bot.cli.errors import BadInput
from bot.cli.settings import settings_of


def preview(
    ctx: typer.Context,
    program: Annotated[str, typer.Argument(metavar="FILE", help="A program file, or the key of a known program.")],
    zone: Annotated[str, typer.Option(metavar="ZONE", help="Whose clock it shows.")] = "Europe/Berlin",
) -> None:
    """Show everything a member will get, week by week, without running anything.

    \b
    Example: caravan preview value-accelerator
    """
    from bot.app import template_roots
    from bot.cli.rehearse import program_of
    from bot.features.preview import facts_of
    from bot.platforms.local.draw import draw_message, text_of
    from bot.render import Renderer
    from cohorts import preview as previews

    listed = program_of(ctx, program)
    if zone not in available_timezones():
        raise BadInput(f"--zone is {zone!r}; it is a time zone such as Europe/Berlin")
    seen = previews.preview(listed.program, listed.toml, now=datetime.now(UTC), zone=zone)
    renderer = Renderer(template_roots(settings_of(ctx)))
    typer.echo(text_of(draw_message(renderer.message("preview/weeks", facts_of(listed.program, seen))), zone))
