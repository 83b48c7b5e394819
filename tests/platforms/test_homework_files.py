"""A file attached in Slack's and in Discord's own form: fetched from there and nowhere else, or said why not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.attached import LARGEST
from bot.config import TEMPLATES
from bot.message import Field, FieldKind, Form
from bot.platforms.discord.files import is_discords
from bot.platforms.discord.forms import Returned, filled, modal, returned
from bot.platforms.discord.shelf import Kept
from bot.platforms.slack.files import is_slacks
from bot.platforms.slack.forms import modal as slack_modal
from bot.platforms.slack.forms import shown_again
from bot.platforms.slack.setup import Mode
from bot.words import Words
from cohorts.attachments import Attachment
from tests.platforms.discord_stage import DiscordActor, DiscordStage, until
from tests.platforms.slack_stage import SlackActor, SlackStage
from tests.platforms.stage import Actor
from tests.platforms.test_transcript import accepted, opened

STAGES: dict[str, Callable[[Path], SlackStage | DiscordStage]] = {
    "slack": lambda folder: SlackStage(folder, Mode.SOCKET),
    "discord": DiscordStage,
}
NOTES = ("notes.pdf", b"%PDF what I found out")
FILM = ("film.mov", b"x" * (LARGEST + 1))
FILE, LINK, WORDS = "A file", "A link to what you made", "Or in your own words"


async def given(stage: SlackStage | DiscordStage) -> Actor:
    """Ana, in a cohort in which homework that takes anything has been given."""
    olu, fay, ana = stage.person("Olu"), stage.person("Fay"), stage.person("Ana")
    await opened(stage, olu, fay)
    await accepted(stage, fay, [ana, stage.person("Ben")])
    await fay.types("/program launch")
    await stage.quiet()
    await fay.presses("Yes, start")
    await stage.until(datetime(2027, 1, 20, 9, 0, tzinfo=UTC))
    return ana


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SlackStage | DiscordStage]:
    async with STAGES[request.param](tmp_path) as made:
        ana = await given(made)
        await ana.types("/submit homework:first-step")
        await until(lambda: is_asked(ana))
        yield made
        assert made.complaints() == []


def is_asked(actor: Actor) -> bool:
    match actor:
        case SlackActor(person=slack):
            return slack.form is not None and "submit" in slack.form.body
        case DiscordActor(person=discord):
            return discord.modal is not None
    raise AssertionError(actor)


async def fills(stage: SlackStage | DiscordStage, actor: Actor, **answers: object) -> None:
    labels = {"file": FILE, "link": LINK, "words": WORDS}
    given = {labels[key]: value for key, value in answers.items()}
    match actor:
        case SlackActor(person=slack):
            assert (await slack.fills(given)).ok
        case DiscordActor(person=discord):
            assert (await discord.fills(given)).responded
    await stage.settle()


def kept(stage: SlackStage | DiscordStage) -> list[tuple[str, str, bytes]]:
    query = select(Attachment).order_by(col(Attachment.id))
    return stage.store.read(lambda db: [(one.name, one.media_type, one.content) for one in db.exec(query).all()])


async def test_a_file_arrives_and_the_facilitator_gets_it(stage: SlackStage | DiscordStage) -> None:
    ana, fay = stage.person("Ana"), stage.person("Fay")
    await fills(stage, ana, file=[NOTES, ("plan.png", b"a drawing")])
    await until(lambda: ana.sees("It's in. Thank you"))
    assert [(name, content) for name, _, content in kept(stage)] == [NOTES, ("plan.png", b"a drawing")]
    await fay.types("/program files")
    await until(lambda: fay.sees("plan.png"))
    await fay.presses("Send them to me")
    await stage.settle()
    assert (fay.file("notes"), fay.file("plan")) == (NOTES[1], b"a drawing")


async def test_one_that_is_too_large_is_said_so_and_nothing_else_is_lost(stage: SlackStage | DiscordStage) -> None:
    ana = stage.person("Ana")
    await fills(stage, ana, file=[FILM], words="See the film")
    await until(lambda: remarked(ana, "has more than 10 MB"))
    assert kept(stage) == []
    await again(stage, ana)
    assert still_there(ana, "See the film")
    await fills(stage, ana, file=[NOTES])
    await until(lambda: ana.sees("It's in. Thank you"))
    assert [name for name, _, _ in kept(stage)] == ["notes.pdf"]


async def test_a_file_stays_while_something_else_is_mended(stage: SlackStage | DiscordStage) -> None:
    ana = stage.person("Ana")
    await fills(stage, ana, file=[NOTES], link="on my desk")
    await until(lambda: remarked(ana, "begins with https://"))
    assert not remarked(ana, "attach yours once more")
    await again(stage, ana)
    await fills(stage, ana, link="https://build.example.com/one")
    await until(lambda: ana.sees("It's in. Thank you"))
    assert [name for name, _, _ in kept(stage)] == ["notes.pdf"]


async def test_what_waits_somewhere_else_is_not_fetched(stage: SlackStage | DiscordStage) -> None:
    """Above all not with our token."""
    ana = stage.person("Ana")
    if isinstance(stage, SlackStage):
        stage.slack.url, mine = stage.slack.url.replace("127.0.0.1", "localhost"), stage.slack.url
    else:
        stage.discord.url, mine = stage.discord.url.replace("127.0.0.1", "localhost"), stage.discord.url
    await fills(stage, ana, file=[NOTES])
    if isinstance(stage, SlackStage):
        stage.slack.url = mine
        assert stage.slack.downloads == []
    else:
        stage.discord.url = mine
    await until(lambda: remarked(ana, "didn't come through"))
    assert kept(stage) == []


async def test_slack_s_page_to_sign_in_is_no_file(tmp_path: Path) -> None:
    async with SlackStage(tmp_path, Mode.SOCKET) as stage:
        ana = await given(stage)
        await ana.types("/submit homework:first-step")
        await until(lambda: is_asked(ana))
        stage.team.take_scope("files:read")
        await fills(stage, ana, file=[NOTES])
        await until(lambda: remarked(ana, "didn't come through"))
        assert kept(stage) == []
        assert [token for _, token in stage.slack.downloads] == [stage.team.bot_token]


async def test_an_app_that_may_not_read_files_yet_still_takes_links_and_words(tmp_path: Path) -> None:
    async with SlackStage(tmp_path, Mode.SOCKET) as stage:
        ana = await given(stage)
        stage.team.take_scope("files:read")
        await ana.types("/submit homework:first-step")
        await until(lambda: is_asked(ana))
        assert not ana.sees(FILE)
        await fills(stage, ana, words="Only words")
        await until(lambda: ana.sees("It's in. Thank you"))


def remarked(actor: Actor, words: str) -> bool:
    match actor:
        case SlackActor(person=slack):
            return any(words in one for one in slack.remarks.values())
        case DiscordActor(person=discord):
            return discord.sees(words)
    raise AssertionError(actor)


async def again(stage: SlackStage | DiscordStage, actor: Actor) -> None:
    """Discord closes a form that is sent; a button opens it as it was."""
    if isinstance(actor, DiscordActor):
        await actor.presses("Fill in again")
        await until(lambda: is_asked(actor))


def still_there(actor: Actor, words: str) -> bool:
    match actor:
        case SlackActor(person=slack):
            assert slack.form is not None
            return any(value.get("value") == words for value in slack.form.values.values())
        case DiscordActor(person=discord):
            assert discord.modal is not None
            return words in str(discord.modal.components)
    raise AssertionError(actor)


API = "https://slack.com/api/"


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://files.slack.com/files-pri/T1-F1/download/a.pdf", True),
        ("https://acme.slack.com/files/F1", True),
        ("http://files.slack.com/a", False),
        ("https://files.slack.com.evil.example/a", False),
        ("https://evilslack.com/a", False),
        ("https://files.slack.com@evil.example/a", False),
        ("https://evil.example\\@files.slack.com/a", False),
        ("https://files.slack.com:8443/a", False),
        ("https://[::1/a", False),
        ("", False),
    ],
)
def test_the_token_goes_to_slack_alone(url: str, right: bool) -> None:
    assert is_slacks(url, API) is right


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://cdn.discordapp.com/ephemeral-attachments/1/2/a.pdf?ex=1", True),
        ("https://media.discordapp.net/attachments/1/2/a.png", True),
        ("http://cdn.discordapp.com/a", False),
        ("https://cdn.discordapp.com.evil.example/a", False),
        ("https://cdn.discordapp.com@evil.example/a", False),
        ("https://169.254.169.254/latest", False),
        ("", False),
    ],
)
def test_attachments_come_from_discord_alone(url: str, right: bool) -> None:
    assert is_discords(url, "https://discord.com/api/v10") is right


def test_a_file_of_the_first_sheet_is_still_there_at_the_last() -> None:
    words = Words([TEMPLATES])
    lines = tuple(Field(f"line-{number}", FieldKind.LINE, f"Line {number}") for number in range(6))
    form = Form("demo/long", "Tell us", (Field("file", FieldKind.FILE, "A file", required=True), *lines), "Send")
    kept = Kept(form, introduced=True)

    def sends(kept: Kept, sheet: int, component: dict[str, object], **more: object) -> Returned:
        id = modal(kept, words, key="k", sheet=sheet).json()["custom_id"]
        return returned({"custom_id": id, "components": [{"type": 18, "component": component}], **more}, kept, words)

    file = {"id": "9", "filename": "notes.pdf", "size": 5, "url": "https://cdn.discordapp.com/9", "content_type": "x/y"}
    upload: dict[str, object] = {"type": 19, "custom_id": "f:file", "values": ["9"]}
    first = sends(kept, 1, upload, resolved={"attachments": {"9": file}})
    assert first.more == 2
    last = sends(replace(kept, attached=first.attached), 2, {"type": 4, "custom_id": "t:line-5", "value": "x"})
    assert last.more is None
    (there,) = last.attached["file"]
    assert (there.name, there.size, there.media_type) == ("notes.pdf", 5, "x/y")
    again = modal(replace(kept, form=filled(form, {}, last.attached)), words, key="k").json()
    label = again["components"][0]
    assert label["component"]["required"] is False
    assert label["description"] == "Here already: notes.pdf. What you add takes its place."


def test_a_form_that_slack_shows_anew_says_that_its_file_is_gone() -> None:
    form = Form("demo/file", "Tell us", (Field("file", FieldKind.FILE, "A file"),), "Send")
    view = slack_modal(form, Words([TEMPLATES]))
    given = {"type": "file_input", "files": [{"id": "F1", "name": "notes.pdf"}]}
    sent = {**view, "state": {"values": {"field:file": {"value": given}}}}
    again = json.dumps(shown_again(sent, {"file": "Attach it once more."}))
    assert again.index('"file_input"') < again.index("Attach it once more.")
    assert "notes.pdf" not in again
