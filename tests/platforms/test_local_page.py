"""The page over a real socket: who is let in, what one person sees, and what happens live."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import aiohttp
import pytest

from bot.message import (
    Answers,
    Button,
    Card,
    Choice,
    Field,
    FieldKind,
    File,
    Form,
    Message,
    Paragraph,
    Text,
    Unread,
)
from bot.platforms.base import (
    CommandInfo,
    Deed,
    Filled,
    Inbound,
    Kind,
    Outcome,
    Parcel,
    Picked,
    Pressed,
    Profile,
    ShortcutInfo,
    Typed,
    Wrote,
)
from bot.platforms.local.chat import Chat
from bot.platforms.local.draw import draw_words
from bot.platforms.local.page import Page
from bot.platforms.local.send import LocalPlatform
from bot.platforms.local.state import Upcoming

NOON = datetime(2027, 1, 11, 12, tzinfo=UTC)
EVERY_KIND = Form(
    "every",
    "Every kind",
    tuple(Field(kind.value, kind, kind.value.title(), choices=(Choice("a", "A"),), high=5) for kind in FieldKind),
    "Send",
    args={"secret": 7},
)


class FakeDoor:
    """Answers every kind of deed in its own way."""

    def __init__(self) -> None:
        self.heard: list[Inbound] = []

    async def __call__(self, inbound: Inbound) -> Outcome:
        self.heard.append(inbound)
        match inbound.deed:
            case Typed(text="/form"):
                return Outcome(form=EVERY_KIND)
            case Typed(text="/queue"):
                cards = tuple(
                    Card((Paragraph((Text(who, literal=True),)),), (Button("pick", "Pick", {"who": who}),))
                    for who in ("Ana", "<script>alert(1)</script>")
                )
                return Outcome(message=Message(cards=cards))
            case Filled(answers=answers) if not answers.get("line"):
                return Outcome(errors={"line": "Something, please"})
            case Pressed(args=args):
                return Outcome(message=said(f"Picked {args['who']}"), replaces=True)
            case Typed(text=text) | Wrote(text=text):
                return Outcome(message=said(f"Heard {text}"))
            case _:
                return Outcome(message=said("Thanks"))

    def commands(self) -> Sequence[CommandInfo]:
        return (CommandInfo("queue", "Who waits", ("which",)), CommandInfo("form", "Every kind", ()))

    def shortcuts(self) -> Sequence[ShortcutInfo]:
        return (ShortcutInfo("kudos", "Kudos"),)

    def only_reads(self, deed: Deed) -> bool:
        return False

    async def complete(self, inbound: Inbound, option: str, typed: str) -> Sequence[Choice]:
        return [Choice(f"{option}-{n}", f"Number {n}") for n in (1, 2)]


class FakeKeeper:
    def __init__(self) -> None:
        self.at, self.speed = NOON, 0.0

    def now(self) -> datetime:
        return self.at

    def pace(self) -> float:
        return self.speed

    def set_pace(self, pace: float) -> None:
        self.speed = pace

    def next_thing(self) -> Upcoming | None:
        return Upcoming(self.at + timedelta(hours=3), "Tea", "to Ana")

    async def forward(self, by: timedelta) -> None:
        self.at += by

    async def to_next(self, shown: datetime | None = None) -> None:
        self.at = shown or self.at + timedelta(hours=3)


def said(text: str) -> Message:
    return Message(blocks=(Paragraph((Text(text, literal=True),)),))


@dataclass
class Served:
    """A running page, and a browser that was let in."""

    chat: Chat
    door: FakeDoor
    keeper: FakeKeeper
    platform: LocalPlatform
    url: str
    browser: aiohttp.ClientSession
    csrf: str = ""

    @property
    def base(self) -> str:
        parts = urlsplit(self.url)
        return f"http://{parts.netloc}"

    async def state(self, person: str = "ana") -> dict[str, object]:
        async with self.browser.get(f"{self.base}/api/state", params={"as": person}) as response:
            assert response.status == 200
            state: dict[str, object] = await response.json()
            return state

    async def messages(self, person: str = "ana", room: str | None = None) -> list[dict[str, object]]:
        rooms = (await self.state(person))["rooms"]
        assert isinstance(rooms, list)
        (found,) = [each for each in rooms if each["id"] == (room or f"dm-{person}")]
        listed: list[dict[str, object]] = found["messages"]
        return listed

    async def post(
        self, path: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        given = {"X-Csrf-Token": self.csrf} if headers is None else headers
        async with self.browser.post(self.base + path, json=dict(body), headers=given) as response:
            return response.status, await response.text()


@asynccontextmanager
async def serving(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Served]:
    chat, door, keeper = Chat(), FakeDoor(), FakeKeeper()
    chat.add_person("ana", "Ana", "Europe/Berlin", "guest")
    chat.add_person("ben", "Ben", "America/New_York", "host")
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    page = Page(host, port, token="let-me-in", timekeeper=keeper, ready=ready.set_result)
    platform = LocalPlatform(chat, keeper.now, page)
    listening = asyncio.create_task(platform.listen(door))
    try:
        await asyncio.wait_for(ready, timeout=60)
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(20)) as browser:
            served = Served(chat, door, keeper, platform, ready.result(), browser)
            async with browser.get(served.url) as response:
                html = await response.text()
            served.csrf = html.split('name="csrf" content="')[1].split('"')[0]
            yield served
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


@pytest.fixture
async def page() -> AsyncIterator[Served]:
    async with serving() as served:
        yield served


# Who is let in.


async def test_the_printed_address_lets_a_browser_in_and_hides_the_token(page: Served) -> None:
    async with aiohttp.ClientSession() as stranger, stranger.get(page.url, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/")
        cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert "let-me-in" not in cookie


@pytest.mark.parametrize("path", ["/", "/?token=wrong", "/?token=ü", "/api/state", "/static/chat.css", "/files/file-1"])
async def test_without_the_token_there_is_only_a_sentence(page: Served, path: str) -> None:
    async with aiohttp.ClientSession() as stranger, stranger.get(page.base + path) as response:
        assert response.status == 403
        assert "address" in await response.text()
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:{port}"])
async def test_a_foreign_host_is_refused_even_with_the_token(page: Served, host: str) -> None:
    named = {"Host": host.format(port=urlsplit(page.base).port)}
    for url in (page.url, f"{page.base}/api/state"):
        async with page.browser.get(url, headers=named, allow_redirects=False) as response:
            assert response.status == 403
            assert "Set-Cookie" not in response.headers


async def test_localhost_is_the_same_house(page: Served) -> None:
    port = urlsplit(page.base).port
    async with page.browser.get(f"{page.base}/api/state", headers={"Host": f"localhost:{port}"}) as response:
        assert response.status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
async def test_a_post_from_another_site_is_refused(page: Served, origin: str) -> None:
    headers = {"X-Csrf-Token": page.csrf, "Origin": origin}
    status, _ = await page.post("/api/says", {"as": "ana", "text": "hello"}, headers)
    assert status == 403
    assert page.door.heard == []


async def test_our_own_origin_is_welcome(page: Served) -> None:
    headers = {"X-Csrf-Token": page.csrf, "Origin": page.base}
    assert (await page.post("/api/says", {"as": "ana", "text": "hello"}, headers))[0] == 200


@pytest.mark.parametrize("headers", [{}, {"X-Csrf-Token": ""}, {"X-Csrf-Token": "let-me-in"}])
@pytest.mark.parametrize("act", ["says", "clicks", "fills", "complete", "read", "clock"])
async def test_every_post_wants_the_pages_own_mark(page: Served, act: str, headers: dict[str, str]) -> None:
    status, _ = await page.post(f"/api/{act}", {"as": "ana", "text": "hello", "do": "next"}, headers)
    assert status == 403
    assert page.door.heard == []
    assert page.keeper.at == NOON


async def test_nothing_may_run_that_the_page_did_not_bring(page: Served) -> None:
    async with page.browser.get(page.base + "/") as response:
        policy, html = response.headers["Content-Security-Policy"], await response.text()
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy
    assert " style=" not in html and "<style" not in html and "onclick" not in html
    for name in ("../chat.html", "..%2f..%2fpyproject.toml", "nothing.js"):
        async with page.browser.get(f"{page.base}/static/{name}") as response:
            assert response.status in (403, 404)


async def test_every_part_that_the_page_loads_is_there(page: Served) -> None:
    seen, todo = set(), ["chat.js", "chat.css", "favicon.svg"]
    while todo:
        name = todo.pop()
        seen.add(name)
        async with page.browser.get(f"{page.base}/static/{name}") as response:
            assert response.status == 200, name
            text = await response.text()
        assert "innerHTML" not in text and "document.write" not in text
        found = {part.split('"')[0] for part in text.split('from "./')[1:]}
        todo += sorted(found - seen - set(todo))
    assert {"form.js", "composer.js", "drawing.js"} <= seen


async def test_a_taken_port_makes_way_for_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with serving(port=port) as served:
            assert (urlsplit(served.base).port or 0) > port


# What one sees and does.


async def test_a_person_sees_their_own_rooms_and_nobody_elses(page: Served) -> None:
    room = page.chat.create_room("garden", "Plants")
    page.chat.invite(room, "ben")
    page.chat.post(room, draw_words("for ben"), at=NOON)
    state = await page.state("ben")
    assert state["clock"] == {
        "now": "2027-01-11T12:00:00+00:00",
        "pace": 0,
        "next": {"at": "2027-01-11T15:00:00+00:00", "what": "Tea", "whom": "to Ana"},
        "movable": True,
    }
    assert "for ben" in json.dumps(state)
    assert "for ben" not in json.dumps(await page.state("ana"))
    async with page.browser.get(f"{page.base}/api/state", params={"as": "nobody"}) as response:
        assert response.status == 404


HOSTILE = [
    "<!channel>",
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "\u202eright to left\u2069",
    "nul \0 inside",
    "private \ue000\uf8ff use",
    "x" * 10_000,
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_whatever_is_typed_is_one_text_node_again(page: Served, text: str) -> None:
    assert (await page.post("/api/says", {"as": "ana", "text": text}))[0] == 200
    mine, answer = await page.messages()
    assert mine["payload"] == draw_words(text)
    assert page.door.heard[0].deed == Wrote(text)
    assert json.dumps(f"Heard {text}") in json.dumps(answer["payload"])


async def test_half_a_surrogate_pair_becomes_a_question_mark(page: Served) -> None:
    await page.post("/api/says", {"as": "ana", "text": "a\ud83d"})
    assert page.door.heard[0].deed == Wrote("a?")


async def test_a_button_is_pressed_once_it_is_seen_and_by_nobody_else(page: Served) -> None:
    await page.post("/api/says", {"as": "ana", "text": "/queue"})
    queue = (await page.messages())[-1]
    payload = queue["payload"]
    assert isinstance(payload, dict)
    button = payload["cards"][1]["buttons"][0]
    refused = [
        await page.post("/api/clicks", {"as": "ben", "message": queue["id"], "button": button}),
        await page.post("/api/clicks", {"as": "ana", "message": 999, "button": button}),
        await page.post(
            "/api/clicks",
            {"as": "ana", "message": queue["id"], "button": button | {"args": {"who": "Ben"}}},
        ),
    ]
    assert [status for status, _ in refused] == [403, 403, 403]
    assert len(page.door.heard) == 1
    status, _ = await page.post("/api/clicks", {"as": "ana", "message": queue["id"], "button": button})
    assert status == 200
    changed = (await page.messages())[-1]
    assert (changed["id"], changed["edited"]) == (queue["id"], True)
    assert "Picked <script>" in json.dumps(changed)


async def test_a_shortcut_is_chosen_on_a_message_that_one_sees(page: Served) -> None:
    room = page.chat.create_room("garden")
    page.chat.invite(room, "ben")
    message = page.chat.post(room, draw_words("I asked five people"), at=NOON, author="ben")
    assert (await page.state())["shortcuts"] == [{"action": "kudos", "label": "Kudos"}]
    pick = {"as": "ana", "message": message, "shortcut": "kudos"}
    assert (await page.post("/api/picks", pick))[0] == 403
    page.chat.invite(room, "ana")
    assert (await page.post("/api/picks", pick | {"shortcut": "no/such"}))[0] == 403
    assert page.door.heard == []
    assert (await page.post("/api/picks", pick))[0] == 200
    (heard,) = page.door.heard
    assert (heard.deed, heard.room) == (Picked("kudos", "I asked five people", author="ben"), room)
    assert heard.mentioned == {"ben": Profile("Ben", "America/New_York")}
    assert "Thanks" in json.dumps((await page.messages("ana", room))[-1])
    assert "Thanks" not in json.dumps(await page.messages("ben", room))


async def test_a_form_is_remarked_on_filled_in_and_gone(page: Served) -> None:
    await page.post("/api/says", {"as": "ana", "text": "/form"})
    form = (await page.state())["form"]
    assert isinstance(form, dict)
    assert (await page.state("ben"))["form"] is None
    given: Answers = {"line": "", "choices": ["a"], "nps": 9, "yes_no": False, "number": 1.5, "date": None}
    _, answer = await page.post("/api/fills", {"as": "ana", "form": form["id"], "answers": given})
    assert json.loads(answer) == {"errors": {"line": "Something, please"}}
    shown = (await page.state())["form"]
    assert isinstance(shown, dict)
    assert (shown["id"], shown["answers"]) == (form["id"], given)

    full = dict(given) | {"line": "here"}
    assert (await page.post("/api/fills", {"as": "ana", "form": form["id"], "answers": full}))[0] == 200
    assert page.door.heard[-1].deed == Filled("every", full, {"secret": 7})
    assert (await page.state())["form"] is None
    again = await page.post("/api/fills", {"as": "ana", "form": form["id"], "answers": full})
    assert again[0] == 409


async def test_files_come_with_a_form_and_what_is_too_large_is_only_named(page: Served) -> None:
    await page.post("/api/says", {"as": "ana", "text": "/form"})
    form = (await page.state())["form"]
    assert isinstance(form, dict)
    sent = {"as": "ana", "form": form["id"], "answers": {"line": "here"}}
    notes = {"name": "notes.pdf", "type": "application/pdf", "content": base64.b64encode(b"%PDF").decode()}
    wrong = ({"file": notes}, {"file": [notes | {"content": "no base64"}]}, {"file": ["notes.pdf"]}, [notes])
    for files in wrong:
        assert (await page.post("/api/fills", sent | {"files": files}))[0] == 400
    assert not any(isinstance(one.deed, Filled) for one in page.door.heard)
    assert (await page.post("/api/fills", sent | {"files": {"file": [notes], "line": [notes]}}))[0] == 200
    given = {"file": (File("notes.pdf", "application/pdf", b"%PDF"),)}
    assert page.door.heard[-1].deed == Filled("every", {"line": "here"}, {"secret": 7}, files=given)
    await page.post("/api/says", {"as": "ana", "text": "/form"})
    form = (await page.state())["form"]
    assert isinstance(form, dict)
    large = {"name": "film.mov", "type": "video/quicktime", "content": None}
    await page.post("/api/fills", sent | {"form": form["id"], "files": {"file": [large]}})
    unread = {"file": Unread("too-large", "film.mov")}
    assert page.door.heard[-1].deed == Filled("every", {"line": "here"}, {"secret": 7}, unread=unread)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("says", {"text": 7}),
        ("says", {"text": "   "}),
        ("clicks", {"message": "1", "button": {}}),
        ("clicks", {"message": 1, "button": {"action": "x"}}),
        ("picks", {"shortcut": 1, "message": 1}),
        ("picks", {"shortcut": "kudos", "message": "1"}),
        ("fills", {"form": 1, "answers": {"line": {"deep": 1}}}),
        ("read", {"room": "dm-ana"}),
        ("clock", {"do": "backward"}),
        ("clock", {"do": "forward", "hours": -1}),
        ("clock", {"do": "forward", "hours": 10**30}),
    ],
)
async def test_nonsense_is_refused_in_a_sentence(page: Served, path: str, body: Mapping[str, object]) -> None:
    status, text = await page.post(f"/api/{path}", {"as": "ana", **body})
    assert (status, text[-1]) == (400, ".")
    assert page.door.heard == []


async def test_a_line_completes_itself(page: Served) -> None:
    _, commands = await page.post("/api/complete", {"as": "ana", "text": "/"})
    assert [each["line"] for each in json.loads(commands)["suggestions"]] == ["/queue ", "/form"]
    _, choices = await page.post("/api/complete", {"as": "ana", "text": "/queue w"})
    assert json.loads(choices)["suggestions"][0] == {
        "line": "/queue which-1",
        "label": "Number 1",
        "help": "which-1",
    }


async def test_reading_clears_the_mark(page: Served) -> None:
    message = page.chat.post("dm-ana", draw_words("hello"), at=NOON)
    assert page.chat.unread("ana", "dm-ana") == 1
    await page.post("/api/read", {"as": "ana", "room": "dm-ana", "upto": message})
    assert page.chat.unread("ana", "dm-ana") == 0
    assert (await page.post("/api/read", {"as": "ana", "room": "dm-ben", "upto": 1}))[0] == 403


async def test_a_file_comes_as_a_download_and_only_to_those_who_see_it(page: Served) -> None:
    file = File('page "1"\r\nX: y ü.html', "text/html\r\nX-Evil: 1", b"<script>alert(1)</script>")
    await page.platform.send(Parcel("up", Kind.UPLOAD, "local", account="ana", file=file))
    sent = (await page.messages())[-1]["file"]
    assert isinstance(sent, dict)
    async with page.browser.get(f"{page.base}/files/{sent['id']}", params={"as": "ana"}) as response:
        assert await response.read() == file.content
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''page%20%221%22")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "X-Evil" not in response.headers and "X" not in response.headers
    async with page.browser.get(f"{page.base}/files/{sent['id']}", params={"as": "ben"}) as response:
        assert response.status == 404


async def test_the_clock_is_moved_from_the_page(page: Served) -> None:
    await page.post("/api/clock", {"do": "forward", "hours": 24})
    await page.post("/api/clock", {"do": "next", "at": "2027-01-12T15:00:00+00:00"})
    status, view = await page.post("/api/clock", {"do": "pace", "pace": 10080})
    assert (status, page.keeper.at) == (200, NOON + timedelta(hours=27))
    assert json.loads(view)["pace"] == 10080


# Live.


class Ear:
    """One tab's stream of changes."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self, *kinds: str) -> dict[str, object]:
        async for line in self.response.content:
            if line.startswith(b"data: "):
                change: dict[str, object] = json.loads(line[6:])
                if change["kind"] in kinds:
                    return change
        raise AssertionError("the stream ended")


@asynccontextmanager
async def listening(page: Served, person: str) -> AsyncIterator[Ear]:
    async with page.browser.get(f"{page.base}/api/events", params={"as": person}) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        ear = Ear(response)
        await ear.next("refresh")
        yield ear


async def test_two_tabs_hear_live_what_is_theirs(page: Served) -> None:
    room = page.chat.create_room("garden")
    for person in ("ana", "ben"):
        page.chat.invite(room, person)
    async with listening(page, "ana") as ana, listening(page, "ben") as ben:
        await page.post("/api/says", {"as": "ben", "text": "hello all", "room": room})
        for ear in (ana, ben):
            assert "hello all" in json.dumps(await ear.next("message"))
        receipt = await page.platform.send(
            Parcel("k", Kind.POST, "local", account="ana", message=said("for ana alone"))
        )
        assert "for ana alone" in json.dumps(await ana.next("message"))
        assert await ben.next("message", "elsewhere") == {"kind": "elsewhere", "person": "ana", "unread": 1}
        await page.platform.send(Parcel("e", Kind.EDIT, "local", target=receipt.id, message=said("changed in place")))
        change = await ana.next("message")
        assert isinstance(change["message"], dict)
        assert (change["message"]["id"], change["message"]["edited"]) == (int(receipt.id), True)


async def test_a_form_opens_and_closes_live_for_one_person(page: Served) -> None:
    async with listening(page, "ana") as ana, listening(page, "ben") as ben:
        await page.post("/api/says", {"as": "ana", "text": "/form"})
        opened = (await ana.next("form"))["form"]
        assert isinstance(opened, dict)
        await page.post("/api/fills", {"as": "ana", "form": opened["id"], "answers": {}, "close": True})
        assert (await ana.next("form"))["form"] is None
        page.chat.create_room("after")
        assert (await ben.next("form", "refresh"))["kind"] == "refresh"


async def test_everybody_hears_the_clock_move(page: Served) -> None:
    async with listening(page, "ben") as ben:
        await page.post("/api/clock", {"do": "forward", "hours": 1})
        clock = (await ben.next("clock"))["clock"]
        assert isinstance(clock, dict)
        assert clock["now"] == "2027-01-11T13:00:00+00:00"


async def test_a_closed_tab_is_forgotten(page: Served) -> None:
    async with listening(page, "ana"):
        pass
    await page.platform.send(Parcel("k", Kind.POST, "local", account="ana", message=said("still running")))
    assert "still running" in json.dumps(await page.messages())
