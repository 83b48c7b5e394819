"""The conducted hour on the local page: some of its people sit at a real browser, the others at the chat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from bot.platforms.local.draw import buttons_of, text_of
from bot.platforms.local.listen import serve
from bot.platforms.local.page import Page as Served
from tests.browser.page import CHROMIUM, FLAGS, PATIENCE
from tests.platforms.conducted_hour import FORMS, Hour, Punctual
from tests.platforms.local_stage import LocalActor, LocalStage

expect.set_options(timeout=PATIENCE)  # the other `expect`, of what is not awaited, has its own

TOKEN = "one-and-the-same-after-each-death"


class AtThePage(LocalActor):
    """Presses what they see with the mouse; forms they fill in as everybody does."""

    stage: OnThePage

    async def presses(self, label: str, on: str = "") -> None:
        if label in FORMS or self.name not in self.stage.seated:
            await super().presses(label, on)
            return
        await self.stage.shows(self.name, self._where(label, on))
        messages = self.stage.page.locator("#messages > li").filter(has_text=on.strip(", ") or label)
        button = messages.get_by_role("button", name=label, exact=True).last
        async with self.stage.page.expect_response("**/api/clicks") as answered:
            await button.click()
        assert (await answered.value).ok, label

    def _where(self, label: str, on: str) -> str:
        """The room in which they see that button."""
        for one in reversed(self.stage.chat.visible_to(self.id)):
            labels = [button["label"] for button, _ in buttons_of(one.payload)]
            if label in labels and on in text_of(one.payload, "UTC"):
                room = self.stage.chat.room(one.room)
                return "Caravan" if room.dm_of is not None else room.name
        raise AssertionError(f"{self.name} sees no {label}")


class OnThePage(Punctual, LocalStage):
    """Its page is served by the process: it goes with it, and comes again at the same address."""

    page: Page
    seated: frozenset[str] = frozenset()

    def __init__(self, folder: Path, *seated: str) -> None:
        super().__init__(folder)
        self.seated = frozenset(seated)
        self.address = ""
        self._port = 0
        self._serving: asyncio.Task[None] | None = None

    async def begins(self) -> None:
        await super().begins()
        ready = asyncio.get_running_loop().create_future()
        page = Served(port=self._port, token=TOKEN, ready=ready.set_result)
        self._serving = asyncio.create_task(serve(self.chat, self.app.doors["local"], self.clock.now, page))
        self.address = await ready
        self._port = int(self.address.split(":")[2].split("/")[0])

    async def leaves(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
            self._serving = None
        await super().leaves()

    def person(self, name: str, zone: str = "Europe/Berlin") -> LocalActor:
        if name not in self._actors:
            self.chat.add_person(name.casefold(), name, zone)
            self._actors[name] = AtThePage(self, name.casefold(), name)
        return self._actors[name]

    async def shows(self, name: str, room: str) -> None:
        """That person's look at that room, as the page has it now."""
        await self.page.goto(self.address)
        welcome = self.page.get_by_role("button", name="Got it")
        person = self.page.get_by_role("navigation", name="Act as").get_by_role("link", name=name)
        await person.click()
        await expect(person).to_have_attribute("aria-current", "true")
        if await welcome.is_visible():
            await welcome.click()
        await self.page.get_by_role("navigation", name="Rooms").get_by_role("link", name=room).first.click()
        await expect(self.page.get_by_role("heading", level=1, name=room)).to_be_visible()


class PicturedHour(Hour):
    """The same hour, with a picture where there is something to see."""

    def __init__(self, stage: OnThePage, pictures: Path) -> None:
        super().__init__(stage)
        self.on = stage
        self.pictures = pictures

    async def photo(self, name: str, who: str, *, room: bool = False) -> None:
        rooms = [one.name for one in self.on.chat.rooms() if one.dm_of is None]
        await self.on.shows(who, rooms[0] if room else "Caravan")
        self.pictures.mkdir(parents=True, exist_ok=True)
        await self.on.page.screenshot(path=self.pictures / f"{name}.png", animations="disabled")

    async def talks_in_pairs(self) -> None:
        await self.photo("hour-stage", "Ana", room=True)
        await super().talks_in_pairs()

    async def passed(self, minute: float) -> None:
        if minute == 10.5:
            await self.photo("hour-round", "Ana", room=True)
            await self.photo("hour-desk", "Fay")
        elif minute == 18.1:
            await self.photo("hour-poll", "Ana", room=True)
        elif minute == 21.1:
            await self.photo("hour-chosen", "Ana", room=True)
        elif minute == 46:
            await self.photo("hour-desk-later", "Fay")
        elif minute == 56:
            await self.photo("hour-next-steps", "Ana", room=True)

    async def is_settled_and_recapped(self) -> None:
        await super().is_settled_and_recapped()
        await self.photo("hour-recap", "Ana", room=True)
        await self.photo("hour-settled", "Fay")


@asynccontextmanager
async def at_the_page(folder: Path, *seated: str, width: int = 1280) -> AsyncIterator[OnThePage]:
    async with async_playwright() as playwright, OnThePage(folder, *seated) as stage:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        stage.page = await chromium.new_page(viewport={"width": width, "height": 1000}, reduced_motion="reduce")
        stage.page.set_default_timeout(PATIENCE)
        yield stage
        await chromium.close()


async def stage_and_desk(folder: Path) -> tuple[Path, Path]:
    """Both while pairs talk, each cut out of its page."""
    made = folder / "hour-stage.png", folder / "hour-desk.png"
    async with at_the_page(folder, width=1000) as stage:
        hour = PicturedHour(stage, folder / "hour")
        await hour.begins_as_a_cohort()
        await hour.begins_by_a_press()
        await hour.until(6)
        for who, words, picture in (("Ana", "Set out · Pair share", made[0]), ("Fay", "Your desk · Set out", made[1])):
            room = next(one.name for one in stage.chat.rooms() if one.dm_of is None) if who == "Ana" else "Caravan"
            await stage.shows(who, room)
            message = stage.page.locator("#messages > li").filter(has_text=words)
            await message.last.screenshot(path=picture, animations="disabled")
    return made
