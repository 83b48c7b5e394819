"""A poll in the room, on Slack with buttons and on Discord as one of its own: how it is posted, counted and ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.message import Message as NeutralMessage
from bot.message import Paragraph, Text
from bot.message import Poll as NeutralPoll
from bot.platforms.base import Kind, Parcel
from bot.platforms.discord import polls as discords
from bot.platforms.discord.limits import length
from bot.platforms.discord.permissions import ASKED
from bot.platforms.slack.setup import Mode
from cohorts import polls
from cohorts.outbox import EffectKind, EffectState
from cohorts.polls import Poll, Vote
from cohorts.store import Db
from tests.platforms.discord_stage import DiscordStage
from tests.platforms.fakes.discord import Message
from tests.platforms.fakes.discord import polls as natively
from tests.platforms.fakes.discord.limits import check_message
from tests.platforms.fakes.discord.permissions import Permission
from tests.platforms.fakes.discord.posting import post
from tests.platforms.mortal import programs, running
from tests.platforms.slack_stage import SlackStage
from tests.platforms.stage import until

QUESTION = "What first, *import* or <sharing>?"
CHOICES = ("Import", "Sharing", "Something else")
POSTED = "POST /channels/{channel}/messages"

OnEither = SlackStage | DiscordStage
STAGES: dict[str, Callable[[Path], OnEither]] = {
    "slack": lambda folder: SlackStage(folder, Mode.SOCKET, programs(folder)),
    "discord": lambda folder: DiscordStage(folder, programs(folder)),
}


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OnEither]:
    """A cohort of three that Fay conducts."""
    async with STAGES[request.param](tmp_path) as made:
        await running(made)
        yield made


@pytest.fixture
async def discord(tmp_path: Path) -> AsyncIterator[DiscordStage]:
    async with DiscordStage(tmp_path, programs(tmp_path)) as made:
        await running(made)
        yield made


async def asks(stage: OnEither) -> None:
    await stage.person("Fay").types(f'/session poll choices:"{"; ".join(CHOICES)}" question:{QUESTION}')
    await stage.settle()
    assert stage.person("Ana").sees(QUESTION)


async def votes(stage: OnEither, name: str, choice: str) -> None:
    """As their client lets them."""
    if isinstance(stage, DiscordStage):
        await stage.person(name).person.votes(choice, on=QUESTION)
    else:
        await stage.person(name).presses(choice, on=QUESTION)


async def takes_back(stage: OnEither, name: str) -> None:
    if isinstance(stage, DiscordStage):
        await stage.person(name).person.votes()
    else:
        await stage.person(name).presses("Take my vote back")


def counts(stage: OnEither) -> tuple[int, ...]:
    def found(db: Db) -> tuple[int, ...]:
        return polls.counts(db, db.exec(select(Poll)).one())

    return stage.store.read(found)


async def counted(stage: OnEither, *wanted: int) -> None:
    await until(lambda: counts(stage) == wanted, 60)
    await stage.settle()


def closed(stage: OnEither) -> bool:
    return stage.store.read(lambda db: db.exec(select(Poll)).one()).closed_at is not None


def native(stage: DiscordStage) -> list[Message]:
    return [one for one in stage.bot_messages() if one.poll is not None]


async def test_it_is_voted_on_changed_taken_back_and_closed(stage: OnEither) -> None:
    fay, chi = stage.person("Fay"), stage.person("Chi")
    await asks(stage)
    await votes(stage, "Ana", "Import")
    await votes(stage, "Ben", "Import")
    await votes(stage, "Chi", "Something else")
    await votes(stage, "Fay", "Sharing")
    await counted(stage, 2, 1, 1)
    assert chi.sees("Import · 2")
    await votes(stage, "Ben", "Sharing")
    await counted(stage, 1, 2, 1)
    assert chi.sees("Sharing · 2")
    await takes_back(stage, "Chi")
    await counted(stage, 1, 2, 0)

    await fay.presses("Close the poll")
    await stage.settle()
    assert fay.sees("Sharing it is, with 2 of 3 votes.")
    shown = "(final results)" if isinstance(stage, DiscordStage) else "This poll is closed. Sharing it is"
    assert chi.sees(shown) and chi.sees("Sharing · 2")
    assert list(stage.complaints()) == []
    assert [one.key for one in stage.effects(EffectState.FAILED)] == []
    assert len([one for one in stage.arrived() if one.startswith("poll:")]) == 1


async def test_a_vote_that_comes_twice_is_one(stage: OnEither) -> None:
    await asks(stage)
    fake = stage.discord if isinstance(stage, DiscordStage) else stage.slack
    fake.redeliver(2)
    await votes(stage, "Ana", "Sharing")
    await counted(stage, 0, 1, 0)
    assert stage.rows(Vote) == 1
    assert stage.store.read(lambda db: db.exec(select(Poll)).one()).revision == 1


async def test_a_vote_on_a_poll_from_before_a_restart_counts(stage: OnEither) -> None:
    await asks(stage)
    await votes(stage, "Ana", "Import")
    await counted(stage, 1, 0, 0)
    await stage.restarts()
    await votes(stage, "Ben", "Import")
    await counted(stage, 2, 0, 0)
    await stage.passes(hours=25)
    assert closed(stage)
    assert stage.person("Chi").sees("(final results)" if isinstance(stage, DiscordStage) else "with 2 of 2 votes")


async def test_it_closes_by_itself(stage: OnEither) -> None:
    await asks(stage)
    await stage.passes(hours=24)
    assert closed(stage)
    assert [one.key for one in stage.effects(EffectState.FAILED)] == []


# Discord's own.


async def test_discord_shows_one_of_its_own_and_lets_nobody_be_pinged(discord: DiscordStage) -> None:
    await asks(discord)
    (message,) = native(discord)
    assert message.poll is not None
    assert message.poll["question"]["text"] == QUESTION
    assert [one["poll_media"]["text"] for one in message.poll["answers"]] == list(CHOICES)
    assert message.components == [] and "One vote each, until" in message.content
    assert message.mentions == () and not message.mention_everyone
    await votes(discord, "Ana", "Import")
    await counted(discord, 1, 0, 0)
    assert [one.key for one in discord.effects() if one.kind is EffectKind.EDIT] == []


@pytest.mark.parametrize("how", ["lost answer", "error after it was done", "error before"])
async def test_a_poll_whose_answer_was_lost_is_there_once(discord: DiscordStage, how: str) -> None:
    match how:
        case "lost answer":
            discord.discord.lose_answer(POSTED)
        case "error after it was done":
            discord.discord.fail_after(POSTED, 502)
        case _:
            discord.discord.fail(POSTED, 500)
    await discord.person("Fay").types(f'/session poll choices:"{"; ".join(CHOICES)}" question:{QUESTION}')
    await discord.settle()
    await discord.passes(minutes=10)
    (message,) = native(discord)
    (effect,) = (one for one in discord.effects(EffectState.SENT) if one.key.startswith("poll:"))
    assert effect.receipt == f"{message.channel_id}:{message.id}"


async def test_long_after_a_crash_a_poll_is_found_by_what_it_asks(discord: DiscordStage) -> None:
    """The nonce is forgotten by then."""
    discord.discord.lose_answer(POSTED)
    await discord.person("Fay").types(f'/session poll choices:"{"; ".join(CHOICES)}" question:{QUESTION}')
    await discord.quiet()
    await discord.app.delivery.drain()
    await discord.leaves()
    discord.clock.forward(timedelta(hours=1))
    await discord.begins()
    await discord.settle()
    assert len(native(discord)) == 1
    await votes(discord, "Ana", "Sharing")
    await counted(discord, 0, 1, 0)


@pytest.fixture
async def without(tmp_path: Path) -> AsyncIterator[DiscordStage]:
    """A server in which the bot may not ask in a poll of Discord's own."""
    async with DiscordStage(tmp_path, programs(tmp_path)) as made:
        made.guild.everyone.permissions &= ~Permission.SEND_POLLS
        made.guild.deny_bot(Permission.SEND_POLLS)
        await running(made)
        yield made


async def test_without_the_permission_there_are_buttons(without: DiscordStage) -> None:
    await asks(without)
    assert native(without) == []
    ana, chi = without.person("Ana"), without.person("Chi")
    await ana.presses("Import", on=QUESTION)
    await counted(without, 1, 0, 0)
    assert chi.sees("Import · 1")
    await without.person("Fay").presses("Close the poll")
    await without.settle()
    assert chi.sees("This poll is closed.")
    assert [one.key for one in without.effects(EffectState.FAILED)] == []


def test_the_permission_is_asked_for_with_its_reason() -> None:
    (asked,) = (one for one in ASKED if one.name == "send_polls")
    assert "poll" in asked.reason


async def test_who_is_not_in_the_cohort_has_no_vote(discord: DiscordStage) -> None:
    await asks(discord)
    (message,) = native(discord)
    stranger = discord.person("Zoe").person
    for person in (stranger, discord.person("Olu").person, discord.person("Ana").person):
        natively.vote(discord.discord, message, person.user, {1})
    await counted(discord, 2, 0, 0)  # the owner may do what facilitators do
    assert discord.rows(Vote) == 2


async def test_a_poll_of_somebody_else_is_none_of_ours(discord: DiscordStage) -> None:
    await asks(discord)
    (ours,) = native(discord)
    body = {"poll": {"question": {"text": "Lunch?"}, "answers": [{"poll_media": {"text": one}} for one in "ab"]}}
    room, author = discord.guild.channels[ours.channel_id], discord.person("Chi").person.user
    theirs = post(discord.discord, room, author, body)
    natively.vote(discord.discord, theirs, discord.person("Ana").person.user, {1})
    await votes(discord, "Ben", "Sharing")
    await counted(discord, 0, 1, 0)


async def test_what_discord_has_ended_already_is_ended(discord: DiscordStage) -> None:
    await asks(discord)
    natively.end(discord.discord, native(discord)[0])
    await discord.person("Fay").presses("Close the poll")
    await discord.settle()
    assert closed(discord)
    assert list(discord.complaints()) == []
    assert [one.key for one in discord.effects(EffectState.FAILED)] == []


ENDS = datetime(2027, 1, 12, 15, 0, tzinfo=UTC)


def parcel(question: str, choices: tuple[str, ...], *, words: str = "Until four.", room: str | None = "1") -> Parcel:
    poll = NeutralPoll("polls/vote", question, choices, (0,) * len(choices), ENDS)
    message = NeutralMessage(blocks=(Paragraph((Text(words),)),), poll=poll)
    return Parcel("poll:1", Kind.POST, "1", room=room, message=message)


def test_what_is_as_long_as_we_let_it_be_fits_even_in_letters_that_discord_counts_twice() -> None:
    asked = discords.asked(parcel("🦓" * 300, tuple(f"{n}{'🦓' * 54}" for n in range(10))), ENDS - timedelta(days=40))
    assert asked is not None
    body = asked.poll._to_dict()
    check_message({"poll": body, "content": asked.words}, {})
    assert body["duration"] == 768
    assert length(str(body["question"].get("text"))) <= 300


@pytest.mark.parametrize(("left", "hours"), [(1, 1), (59, 1), (60, 1), (61, 2), (24 * 60, 24), (-5, 1)])
def test_discord_keeps_it_open_at_least_until_we_end_it(left: int, hours: int) -> None:
    asked = discords.asked(parcel("What?", ("a", "b")), ENDS - timedelta(minutes=left))
    assert asked is not None and asked.poll.duration == timedelta(hours=hours)


@pytest.mark.parametrize("choices", [("a", "\u200b"), ("\u2060\u2060", "b")])
def test_a_choice_that_nobody_could_see_is_a_button_instead(choices: tuple[str, ...]) -> None:
    assert discords.asked(parcel("What?", choices), ENDS - timedelta(hours=1)) is None


def test_in_a_direct_message_there_are_buttons() -> None:
    assert discords.asked(parcel("What?", ("a", "b"), room=None), ENDS - timedelta(hours=1)) is None


async def test_a_vote_by_command_counts_too(discord: DiscordStage) -> None:
    """Discord shows only those that were cast in its own poll."""
    await asks(discord)
    await discord.person("Ana").types("/cohort vote 3")
    await counted(discord, 0, 0, 1)
    assert list(discord.complaints()) == []
