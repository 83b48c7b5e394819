"""The hour of thirteen, at the page in a real browser: whoever presses there sees what comes of it, as it happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.hour_page import PicturedHour, at_the_page
from tests.platforms.conducted_hour import LATE

pytestmark = pytest.mark.browser


async def test_an_hour_is_conducted_at_the_page(tmp_path: Path) -> None:
    async with at_the_page(tmp_path, "Fay", "Ana", "Eve", LATE) as stage:
        hour = PicturedHour(stage, tmp_path / "pictures")
        broken: list[str] = []
        stage.page.on("pageerror", lambda error: broken.append(str(error)))
        await hour.is_told()
        log = stage.page.get_by_role("log", name="Conversation")
        room = next(one.name for one in stage.chat.rooms() if one.dm_of is None)
        await stage.shows("Ana", room)
        await expect(log).to_contain_text("Set out is over")
        await expect(log).to_contain_text("The number, with 9 of 11")
        await stage.shows("Fay", "Caravan")
        await expect(log).to_contain_text("The desk is closed")
        assert stage.deaths == 2 and not broken
