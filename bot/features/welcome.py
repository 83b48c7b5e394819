"""Day 0, for whoever brought the bot in: three ways to begin, each a button that leads to its command."""

from __future__ import annotations

from bot.ask import Ask, Reply, does
from bot.registry import button, words
from cohorts import welcome
from cohorts.people import Role


@words("first steps", "how do i begin", "get started", "day 0", name="welcome", role=Role.OWNER)
def first(ask: Ask) -> Reply:
    """The first message again."""
    return Reply("welcome/first", presses=welcome.PRESSES)


@button("welcome/rehearse", role=Role.OWNER, reads=True)
def rehearse(ask: Ask) -> Reply:
    return Reply("welcome/rehearse", known=list(ask.catalogue), presses=[does("program preview", "preview")])


@button("welcome/open", role=Role.OWNER, reads=True)
def open_(ask: Ask) -> Reply:
    presses = [does("program open", "open"), does("program preview", "preview")]
    return Reply("welcome/open", known=list(ask.catalogue), presses=presses)


@button("welcome/facilitator", role=Role.OWNER, reads=True)
def facilitator(ask: Ask) -> Reply:
    return Reply("welcome/facilitator", presses=[does("program facilitator", "name")])
