"""The fake Discord: driven by the real discord.py, and asked over plain HTTP for what it must refuse."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import aiohttp
import discord
import discord.gateway
import discord.http
import pytest
import yarl
from discord import app_commands, ui

from .fakes.discord import CannotDo, FakeDiscord, FakeGuild, Permission, Person
from .fakes.discord.interactions import begin

Rest: TypeAlias = Callable[..., Awaitable[tuple[int, Any]]]
V2 = 1 << 15

COLOURS = ["red", "green", "blue"]


class Vote(ui.DynamicItem[ui.Button[ui.LayoutView]], template=r"vote:(?P<number>\d+)"):
    """A button that outlives the process that made it."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(ui.Button(label=f"Vote {number}", custom_id=f"vote:{number}"))

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: re.Match[str], /) -> Vote:
        return cls(int(match["number"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message(f"You voted {self.number}.", ephemeral=True)


class Survey(ui.Modal, title="How was it?"):
    goal: ui.Label[Any] = ui.Label(text="Your goal", component=ui.TextInput(custom_id="goal", max_length=20))
    rating: ui.Label[Any] = ui.Label(
        text="Rating",
        component=ui.RadioGroup(
            custom_id="rating",
            options=[discord.RadioGroupOption(label=each, value=each[0]) for each in ("good", "bad")],
        ),
    )
    topics: ui.Label[Any] = ui.Label(
        text="Topics",
        component=ui.CheckboxGroup(
            custom_id="topics",
            required=False,
            options=[discord.CheckboxGroupOption(label=each, value=each) for each in COLOURS],
        ),
    )

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        found = [self.goal.component.value, self.rating.component.value, *self.topics.component.values]  # type: ignore[attr-defined]
        await interaction.response.send_message("|".join(map(str, found)), ephemeral=True)


class Bot(discord.Client):
    """A small bot without privileged intents."""

    def __init__(self, **more: Any) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, voice_states=True)
        super().__init__(intents=more.pop("intents", intents), guild_ready_timeout=0.05, **more)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[str] = []
        self.events: list[str] = []
        self.add_dynamic_items(Vote)
        cohort = app_commands.Group(name="cohort", description="Your cohort")

        @cohort.command(name="kudos", description="Thank somebody")
        async def kudos(it: discord.Interaction[Any], person: discord.Member, words: str) -> None:
            await it.response.send_message(f"{person.mention}: {words}", ephemeral=False)

        @cohort.command(name="colour", description="Pick a colour")
        async def colour(it: discord.Interaction[Any], colour: str) -> None:
            await it.response.defer(ephemeral=True, thinking=True)
            await it.edit_original_response(content=f"It is {colour}.")
            await it.followup.send("And more.", ephemeral=True)

        @colour.autocomplete("colour")
        async def colours(it: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=each.title(), value=each) for each in COLOURS if typed in each]

        @cohort.command(name="survey", description="Say how it was")
        async def survey(it: discord.Interaction[Any]) -> None:
            await it.response.send_modal(Survey())

        @cohort.command(name="silent", description="Says nothing")
        async def silent(it: discord.Interaction[Any]) -> None:
            self.events.append("silent")

        @app_commands.command(name="manage", description="For facilitators")
        @app_commands.default_permissions(manage_guild=True)
        async def manage(it: discord.Interaction[Any]) -> None:
            await it.response.send_message("managed", ephemeral=True)

        @app_commands.context_menu(name="Submit")
        async def submit(it: discord.Interaction[Any], message: discord.Message) -> None:
            await it.response.send_message(f"Submitted: {message.content}", ephemeral=True)

        self.tree.add_command(cohort)
        self.tree.add_command(manage)
        self.tree.add_command(submit)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without the five seconds that discord.py waits before it identifies again."""

    async def on_ready(self) -> None:
        self.events.append("ready")

    async def on_resumed(self) -> None:
        self.events.append("resumed")

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.append(message.content)


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as made:
        monkeypatch.setattr(discord.http.Route, "BASE", made.api_url)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(made.gateway_url))
        yield made


@asynccontextmanager
async def running(fake: FakeDiscord, bot: Bot | None = None, sync: bool = True) -> AsyncIterator[Bot]:
    async with bot or Bot() as bot:
        await bot.login(fake.token)
        if sync:
            await bot.tree.sync()
        task = asyncio.create_task(bot.connect())
        await fake.connected()
        await bot.wait_until_ready()
        try:
            yield bot
        finally:
            await bot.close()
            await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool], within: float = 60.0) -> None:
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.fixture
def guild(fake: FakeDiscord) -> FakeGuild:
    return fake.add_guild("Acme")


@pytest.fixture
def ana(guild: FakeGuild) -> Person:
    return guild.add_person("Ana Lima", zone="Europe/Madrid")


@pytest.fixture
def ben(guild: FakeGuild) -> Person:
    return guild.add_person("Ben")


async def test_a_command_is_typed_and_answered_where_everybody_sees_it(
    fake: FakeDiscord, ana: Person, ben: Person
) -> None:
    async with running(fake):
        await ana.uses("/cohort kudos", person=ben, words="thanks")
    assert ben.messages()[-1] == "@Ben: thanks"
    assert [kind for kind, _ in fake.acks] == ["command"]
    assert [each.content for each in ben.pings] == [f"<@{ben.id}>: thanks"]
    assert not ana.pings


async def test_a_deferred_answer_is_filled_in_and_followed_up(fake: FakeDiscord, ana: Person, ben: Person) -> None:
    async with running(fake):
        await ana.uses("/cohort colour", colour="red")
        await fake.quiet()
    assert ana.ephemerals == ["It is red.", "And more."]
    assert not ben.sees("It is red.")


async def test_suggestions_come_from_the_bot(fake: FakeDiscord, ana: Person) -> None:
    async with running(fake):
        assert await ana.autocompletes("/cohort colour", "colour", "re") == [("Red", "red"), ("Green", "green")]


async def test_a_form_is_opened_and_filled_in(fake: FakeDiscord, ana: Person) -> None:
    async with running(fake):
        await ana.uses("/cohort survey")
        assert ana.sees("How was it?")
        with pytest.raises(CannotDo, match="must be filled in"):
            await ana.fills(rating="good")
        with pytest.raises(CannotDo, match="21"):
            await ana.fills(goal="x" * 21, rating="good")
        await ana.fills({"Your goal": "ship"}, rating="good", topics=["red", "blue"])
    assert ana.modal is None
    assert ana.ephemerals == ["ship|g|red|blue"]


async def test_a_button_from_before_a_restart_works(fake: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with running(fake) as bot:
        room = bot.get_channel(guild.general.id)
        assert isinstance(room, discord.TextChannel)
        view = ui.LayoutView(timeout=None)
        box: ui.Container[Any] = ui.Container(ui.TextDisplay("**Lunch** at <t:1795000000:t>"), id=77)
        box.add_item(ui.ActionRow(Vote(3)))
        view.add_item(box)
        await room.send(view=view, nonce="a")
    async with running(fake, sync=False):
        await ana.presses("Vote 3", on="Lunch")
    assert ana.ephemerals == ["You voted 3."]
    assert ana.message("Lunch").components[0]["id"] == 77
    assert not fake.faults


async def test_words_in_a_dm_arrive_and_words_in_a_room_come_empty(fake: FakeDiscord, ana: Person) -> None:
    async with running(fake) as bot:
        await ana.says("hello")
        await ana.says("secret", in_="general")
        await until(lambda: len(bot.heard) == 2)
    assert bot.heard == ["hello", ""]


async def test_a_context_menu_brings_the_words(fake: FakeDiscord, ana: Person, ben: Person) -> None:
    async with running(fake):
        message = await ben.says("my homework", in_="general")
        await ana.picks("Submit", message)
    assert ana.ephemerals == ["Submitted: my homework"]


async def test_who_lacks_the_permission_is_not_offered_the_command(
    fake: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    async with running(fake):
        with pytest.raises(CannotDo, match="no /manage"):
            await ana.uses("/manage")
        await guild.owner.uses("/manage")
    assert guild.owner.ephemerals == ["managed"]


async def test_twenty_people_are_answered_at_once(fake: FakeDiscord, guild: FakeGuild) -> None:
    crowd = [guild.add_person(f"Person {number}") for number in range(20)]
    async with running(fake):
        await asyncio.gather(*(each.uses("/cohort colour", colour=each.name) for each in crowd))
        await fake.quiet()
    assert [each.ephemerals for each in crowd] == [[f"It is {each.name}.", "And more."] for each in crowd]
    assert len(fake.acks) == 20


async def test_a_silent_bot_did_not_respond(fake: FakeDiscord, ana: Person) -> None:
    fake.answer_within = 0.2
    async with running(fake) as bot:
        await ana.uses("/cohort silent")
        assert bot.events[-1] == "silent"
    assert ana.sees("did not respond")


@pytest.fixture
async def rest(fake: FakeDiscord) -> AsyncIterator[Rest]:
    async with aiohttp.ClientSession() as session:

        async def call(route: str, body: Any = None, **headers: str) -> tuple[int, Any]:
            method, _, path = route.partition(" ")
            known = {"Authorization": f"Bot {fake.token}", **headers}
            async with session.request(method, fake.api_url + path, json=body, headers=known) as answer:
                return answer.status, await answer.json() if answer.status != 204 else None

        yield call


# Interactions answered by hand.


async def unanswered(fake: FakeDiscord, person: Person) -> str:
    """The path of an interaction's callback that nobody has answered yet."""
    made = begin(fake, person.user, person.place(None), 2, "command", {"id": "1", "name": "x", "type": 1})
    return f"/interactions/{made.id}/{made.token}"


async def test_an_answer_counts_once(fake: FakeDiscord, ana: Person, rest: Rest) -> None:
    path = await unanswered(fake, ana)
    body = {"type": 4, "data": {"content": "one", "flags": 64}}
    assert (await rest(f"POST {path}/callback", body))[0] == 204
    assert (await rest(f"POST {path}/callback", body))[1]["code"] == 40060
    assert ana.ephemerals == ["one"]


async def test_a_bad_answer_may_be_given_again(fake: FakeDiscord, ana: Person, rest: Rest) -> None:
    path = await unanswered(fake, ana)
    status, answer = await rest(f"POST {path}/callback", {"type": 4, "data": {"content": "x" * 2001}})
    assert (status, list(answer["errors"])) == (400, ["data"])
    assert (await rest(f"POST {path}/callback", {"type": 4, "data": {"content": "x"}}))[0] == 204


async def test_a_late_answer_meets_an_unknown_interaction(fake: FakeDiscord, ana: Person, rest: Rest) -> None:
    path = await unanswered(fake, ana)
    fake.passes(3.1)
    assert (await rest(f"POST {path}/callback", {"type": 5}))[1]["code"] == 10062


async def test_a_token_lives_fifteen_minutes(fake: FakeDiscord, ana: Person, rest: Rest) -> None:
    path = await unanswered(fake, ana)
    hook = f"/webhooks/{fake.application_id}/{path.rpartition('/')[2]}"
    assert (await rest(f"POST {hook}", {"content": "early"}))[1]["code"] == 10015
    await rest(f"POST {path}/callback", {"type": 5, "data": {"flags": 64}})
    assert ana.ephemerals == ["Caravan is thinking…"]
    assert (await rest(f"PATCH {hook}/messages/@original", {"content": "done"}))[0] == 200
    assert ana.ephemerals == ["done"]
    fake.passes(15 * 60)
    assert (await rest(f"POST {hook}", {"content": "late"}))[1]["code"] == 50027


async def test_an_ephemeral_stands_in_no_history(fake: FakeDiscord, guild: FakeGuild, ana: Person, rest: Rest) -> None:
    path = await unanswered(fake, ana)
    body = {"type": 4, "data": {"content": "psst", "flags": 64}}
    _, answer = await rest(f"POST {path}/callback?with_response=1", body)
    message = answer["resource"]["message"]
    assert (await rest(f"GET /channels/{guild.general.id}/messages"))[1] == []
    route = f"PATCH /channels/{guild.general.id}/messages/{message['id']}"
    assert (await rest(route, {"content": "x"}))[1]["code"] == 10008


@pytest.mark.parametrize("kind", [6, 7, 8, 99])
async def test_a_command_is_not_answered_as_a_button_is(fake: FakeDiscord, ana: Person, rest: Rest, kind: int) -> None:
    path = await unanswered(fake, ana)
    body = {"type": kind, "data": {"content": "x", "choices": []}}
    assert (await rest(f"POST {path}/callback", body))[1]["code"] == 50035


async def test_twenty_five_suggestions_are_enough(fake: FakeDiscord, ana: Person, rest: Rest) -> None:
    made = begin(fake, ana.user, ana.place(None), 4, "autocomplete", {"id": "1", "name": "x", "type": 1})
    choices = [{"name": f"{each}", "value": f"{each}"} for each in range(26)]
    route = f"POST /interactions/{made.id}/{made.token}/callback"
    assert (await rest(route, {"type": 8, "data": {"choices": choices}}))[1]["code"] == 50035
    assert (await rest(route, {"type": 8, "data": {"choices": choices[:25]}}))[0] == 204
    assert len(made.choices) == 25


def labelled(component: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": 18, "label": "Field", "component": {"custom_id": "f", **component}, **more}


def listed(number: int) -> list[dict[str, str]]:
    return [{"label": f"{each}", "value": f"{each}"} for each in range(number)]


MODALS: dict[str, dict[str, Any]] = {
    "title": {"title": "x" * 46},
    "nothing": {"components": []},
    "six fields": {"components": [labelled({"type": 4, "style": 1, "custom_id": f"{n}"}) for n in range(6)]},
    "label": {"components": [labelled({"type": 4, "style": 1}, label="x" * 46)]},
    "description": {"components": [labelled({"type": 4, "style": 1}, description="x" * 101)]},
    "a bare input": {"components": [{"type": 4, "style": 1, "custom_id": "f"}]},
    "a button": {"components": [labelled({"type": 2, "style": 1, "label": "x"})]},
    "length": {"components": [labelled({"type": 4, "style": 1, "max_length": 4001})]},
    "value": {"components": [labelled({"type": 4, "style": 1, "value": "xxx", "max_length": 2})]},
    "placeholder": {"components": [labelled({"type": 4, "style": 1, "placeholder": "x" * 101})]},
    "26 options": {"components": [labelled({"type": 3, "options": listed(26)})]},
    "one radio": {"components": [labelled({"type": 21, "options": listed(1)})]},
    "eleven radios": {"components": [labelled({"type": 21, "options": listed(11)})]},
    "eleven boxes": {"components": [labelled({"type": 22, "options": listed(11)})]},
    "eleven files": {"components": [labelled({"type": 19, "max_values": 11})]},
    "custom id twice": {"components": [labelled({"type": 4, "style": 1}), labelled({"type": 4, "style": 1})]},
    "required and none": {"components": [labelled({"type": 3, "options": listed(2), "min_values": 0})]},
}


@pytest.mark.parametrize("change", MODALS.values(), ids=MODALS.keys())
async def test_a_form_beyond_a_limit_is_refused(
    fake: FakeDiscord, ana: Person, rest: Rest, change: dict[str, Any]
) -> None:
    path = await unanswered(fake, ana)
    data = {"title": "Form", "custom_id": "form", "components": [labelled({"type": 4, "style": 1})]}
    assert (await rest(f"POST {path}/callback", {"type": 9, "data": {**data, **change}}))[1]["code"] == 50035
    assert ana.modal is None
    assert (await rest(f"POST {path}/callback", {"type": 9, "data": data}))[0] == 204


# The gateway.


async def test_a_gateway_that_is_away_for_a_while_is_found_again(fake: FakeDiscord, ana: Person) -> None:
    async with running(fake) as bot:
        fake.drop_gateway(for_seconds=0.1)
        await ana.says("still there?")
        await until(lambda: bot.heard == ["still there?"])


async def test_a_dropped_gateway_is_resumed_and_nothing_is_lost(fake: FakeDiscord, ana: Person) -> None:
    async with running(fake) as bot:
        fake.drop_gateway()
        await ana.says("while you were away")
        await until(lambda: bot.heard == ["while you were away"])
    assert (fake.gateway.identifies, fake.gateway.resumes) == (1, 1)


async def test_a_refused_resume_begins_anew(fake: FakeDiscord, ana: Person) -> None:
    async with running(fake) as bot:
        fake.refuse_resume()
        fake.drop_gateway()
        await until(lambda: fake.gateway.identifies == 2)
        await ana.says("hello again")
        await until(lambda: bot.heard == ["hello again"])


async def test_asked_to_reconnect_it_resumes(fake: FakeDiscord) -> None:
    async with running(fake) as bot:
        fake.reconnect()
        await until(lambda: "resumed" in bot.events)


async def test_an_invalid_session_that_may_be_resumed_is_resumed(fake: FakeDiscord) -> None:
    async with running(fake):
        fake.invalidate(resumable=True)
        await until(lambda: fake.gateway.resumes == 1)


async def test_a_connection_that_only_looks_alive_is_left(fake: FakeDiscord, ana: Person) -> None:
    fake.heartbeat_interval = 0.2
    async with running(fake, Bot(heartbeat_timeout=0.5)) as bot:
        fake.half_open()
        await ana.says("anybody?")
        await until(lambda: bot.heard == ["anybody?"])
    assert fake.gateway.heartbeats > 1


async def test_a_malformed_event_ends_the_client(fake: FakeDiscord) -> None:
    async with Bot() as bot:
        await bot.login(fake.token)
        task = asyncio.create_task(bot.connect())
        await fake.connected()
        await bot.wait_until_ready()
        fake.send_malformed()
        with pytest.raises((KeyError, ValueError)):
            await asyncio.wait_for(task, 60)


async def test_privileged_intents_are_refused(fake: FakeDiscord) -> None:
    async with Bot(intents=discord.Intents.all()) as bot:
        await bot.login(fake.token)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.connect()
    assert fake.gateway.closed_with == [4014]


async def test_the_same_interaction_may_come_twice(fake: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with running(fake) as bot:
        ids = []

        async def noted(it: discord.Interaction[Any]) -> None:
            ids.append(it.id)

        bot.event(named(noted, "on_interaction"))
        fake.redeliver(2)
        await ana.uses("/cohort survey")
        await until(lambda: len(ids) == 2)
    assert len(set(ids)) == 1


def named(function: Any, name: str) -> Any:
    function.__name__ = name
    return function


async def test_a_guild_that_throws_the_bot_out_is_gone(fake: FakeDiscord, guild: FakeGuild) -> None:
    async with running(fake) as bot:
        other = fake.add_guild("Other")
        await until(lambda: len(bot.guilds) == 2)
        guild.expel_bot()
        await until(lambda: [each.id for each in bot.guilds] == [other.id])
        with pytest.raises(discord.NotFound):
            await bot.fetch_guild(guild.id)


# Routes in trouble.


def general(bot: Bot, guild: FakeGuild) -> discord.TextChannel:
    room = bot.get_channel(guild.general.id)
    assert isinstance(room, discord.TextChannel)
    return room


async def test_an_answer_that_is_lost_leaves_the_message(fake: FakeDiscord, guild: FakeGuild) -> None:
    fake.lose_answer("POST /channels/{channel}/messages")
    async with running(fake) as bot:
        with pytest.raises((aiohttp.ClientError, OSError)):
            await general(bot, guild).send("once", nonce="k")
        again = await general(bot, guild).send("once", nonce="k")
    assert [each.id for each in guild.general.messages] == [again.id]


async def test_a_bad_gateway_is_tried_again(fake: FakeDiscord, guild: FakeGuild) -> None:
    fake.fail_after("POST /channels/{channel}/messages", 502)
    async with running(fake) as bot:
        await general(bot, guild).send("once", nonce="k")
    assert len(guild.general.messages) == 1
    assert [each.status for each in fake.calls if each.method == "POST"] == [502, 200]


async def test_a_rate_limited_route_is_waited_for(fake: FakeDiscord, guild: FakeGuild) -> None:
    fake.rate_limit("POST /channels/{channel}/messages", 0.05, global_=True)
    async with running(fake) as bot:
        await general(bot, guild).send("patience")
    assert (fake.rate_limited, len(guild.general.messages)) == (1, 1)


async def test_a_failing_route_is_that_of_one_room_only(fake: FakeDiscord, guild: FakeGuild, rest: Rest) -> None:
    other = guild.add_channel("other")
    fake.fail(f"/channels/{other.id}/messages", 403, times=None, code=50013)
    assert (await rest(f"POST /channels/{other.id}/messages", {"content": "x"}))[1]["code"] == 50013
    assert (await rest(f"POST /channels/{guild.general.id}/messages", {"content": "x"}))[0] == 200
    fake.mend()
    assert (await rest(f"POST /channels/{other.id}/messages", {"content": "x"}))[0] == 200


# What discord.py makes and reads.


async def test_files_go_up_and_are_shown(fake: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with running(fake) as bot:
        view = ui.LayoutView()
        view.add_item(ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png", description="A chart")))
        view.add_item(ui.File("attachment://b.csv"))
        files = [discord.File(io.BytesIO(each.encode()), each) for each in ("a.png", "b.csv")]
        sent = await general(bot, guild).send(view=view, files=files)
        assert await sent.attachments[0].read() == b"a.png"
        assert await (await general(bot, guild).fetch_message(sent.id)).attachments[1].read() == b"b.csv"
        again = ui.LayoutView()
        again.add_item(ui.TextDisplay("No chart"))
        await sent.edit(view=again, attachments=[])
    assert ana.messages() == ["No chart"]


async def test_rooms_roles_threads_and_events_are_made(fake: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with running(fake) as bot:
        home = bot.get_guild(guild.id)
        assert home is not None
        role = await home.create_role(name="Cohort 1", permissions=discord.Permissions.none())
        member = await home.fetch_member(ana.user.id)
        await member.add_roles(role)
        private: dict[discord.Role | discord.Member | discord.Object, discord.PermissionOverwrite] = {
            home.default_role: discord.PermissionOverwrite(view_channel=False),
            role: discord.PermissionOverwrite(view_channel=True),
            home.me: discord.PermissionOverwrite(view_channel=True),
        }
        category = await home.create_category("Cohort 1", overwrites=private)
        room = await category.create_text_channel("Cohort 1 room", topic="Talk")
        voice = await category.create_voice_channel("Session")
        thread = await room.create_thread(name="Pair", type=discord.ChannelType.private_thread)
        await thread.add_user(member)
        await thread.send("Meet")
        start = datetime(2999, 1, 1, tzinfo=UTC)
        event = await home.create_scheduled_event(
            name="Session 1",
            start_time=start,
            privacy_level=discord.PrivacyLevel.guild_only,
            entity_type=discord.EntityType.voice,
            channel=voice,
        )
        await event.cancel()
        pinned = await room.send("Read me")
        await pinned.pin()
        assert [each.content async for each in room.pins()] == ["Read me"]
        assert [each.name for each in await home.active_threads()] == ["Pair"]
        await ana.joins_voice(guild.room("Session"))
        await until(lambda: list(voice.voice_states) == [ana.user.id])
    ben = guild.add_person("Ben")
    assert guild.has_role(ana, "Cohort 1")
    assert (ana.sees("Meet"), ben.sees("Read me")) == (True, False)
    assert guild.room("cohort-1-room").topic == "Talk"
    assert not fake.faults
    assert not fake.refusals


async def test_a_select_is_chosen_from_and_the_message_changes(
    fake: FakeDiscord, guild: FakeGuild, ana: Person
) -> None:
    class Colours(ui.View):
        @ui.select(placeholder="Colour", options=[discord.SelectOption(label=each) for each in COLOURS])
        async def chosen(self, it: discord.Interaction[Any], select: ui.Select[Any]) -> None:
            await it.response.edit_message(content=f"You like {select.values[0]}.", view=None)

    async with running(fake) as bot:
        await general(bot, guild).send("Which?", view=Colours())
        with pytest.raises(CannotDo, match="pink"):
            await ana.chooses("Colour", "pink")
        await ana.chooses("Colour", "green")
    assert ana.messages() == ["You like green."]


async def test_a_file_is_handed_in_with_a_form(fake: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    read = []

    class Homework(ui.Modal, title="Homework"):
        file: ui.Label[Any] = ui.Label(text="File", component=ui.FileUpload(custom_id="file"))

        async def on_submit(self, it: discord.Interaction[Any]) -> None:
            read.append(await self.file.component.values[0].read())  # type: ignore[attr-defined]
            await it.response.send_message("Got it", ephemeral=True)

    class Ask(ui.View):
        @ui.button(label="Hand in")
        async def hand_in(self, it: discord.Interaction[Any], button: ui.Button[Any]) -> None:
            await it.response.send_modal(Homework())

    async with running(fake) as bot:
        await general(bot, guild).send("Homework?", view=Ask())
        await ana.presses("Hand in")
        await ana.fills(file=("a.txt", b"done"))
    assert read == [b"done"]
    assert ana.ephemerals == ["Got it"]


async def test_a_poll_is_voted_in(fake: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with running(fake) as bot:
        poll = discord.Poll("When?", timedelta(hours=2)).add_answer(text="Monday").add_answer(text="Friday")
        sent = await general(bot, guild).send(poll=poll)
        await ana.votes("Monday")
        await ana.votes("Friday")
        read = (await general(bot, guild).fetch_message(sent.id)).poll
        assert read is not None
        assert [each.vote_count for each in read.answers] == [0, 1]
        assert [each.id async for each in read.answers[1].voters()] == [ana.user.id]


async def test_a_poll_is_ended_once_and_never_changed(fake: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    async with running(fake) as bot:
        poll = discord.Poll("When?", timedelta(hours=2)).add_answer(text="Monday").add_answer(text="Friday")
        sent = await general(bot, guild).send(poll=poll)
        words = await general(bot, guild).send("Only words.")
        for no, code in ((sent.edit(content="Other words"), 520003), (words.end_poll(), 520006)):
            with pytest.raises(discord.HTTPException) as refused:
                await no
            assert refused.value.code == code
        await sent.end_poll()
        with pytest.raises(CannotDo):
            await ana.votes("Monday")
        with pytest.raises(discord.HTTPException) as refused:
            await sent.end_poll()
        assert refused.value.code == 520001


async def test_a_command_works_in_the_direct_message(fake: FakeDiscord, ana: Person) -> None:
    async with running(fake):
        await ana.uses("/cohort colour", in_="dm", colour="red")
    assert "It is red." in ana.ephemerals


async def test_moments_and_names_are_read_in_the_readers_own_way(
    fake: FakeDiscord, guild: FakeGuild, ana: Person, rest: Rest
) -> None:
    far = guild.add_person("Yui", zone="Asia/Tokyo")
    words = f"**Hi** <@{ana.id}>, \\*see\\* [this](https://a.example) at <t:1795000000:t> in <#{guild.lounge.id}>"
    await rest(f"POST /channels/{guild.general.id}/messages", {"content": words})
    assert ana.messages() == ["Hi @Ana Lima, *see* this at 12:06 in #Lounge"]
    assert far.messages() == ["Hi @Ana Lima, *see* this at 20:06 in #Lounge"]


async def test_people_do_only_what_a_client_allows(fake: FakeDiscord, guild: FakeGuild, ana: Person) -> None:
    staff = guild.add_channel("staff", hidden=True)
    async with running(fake):
        for impossible in (
            ana.uses("/cohort"),
            ana.uses("/cohort kudos", words="thanks"),
            ana.uses("/cohort kudos", person="Ben", words="thanks"),
            ana.uses("/cohort kudos", person=ana, words=7),
            ana.uses("/cohort survey", mood="good"),
            ana.uses("/nothing"),
            ana.uses("/cohort survey", in_=staff),
            ana.presses("Nothing"),
            ana.fills(goal="x"),
            ana.says("x" * 2001),
            ana.says("x", in_=staff),
            ana.joins_voice("general"),
        ):
            with pytest.raises(CannotDo):
                await impossible
    assert not fake.acks


# Bodies that are refused.


def text(words: str = "hello", **more: Any) -> dict[str, Any]:
    return {"type": 10, "content": words, **more}


def button(custom_id: str = "a", label: str = "Go", **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": label, "custom_id": custom_id, **more}


def row(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def select(options: int = 2, **more: Any) -> dict[str, Any]:
    listed = [{"label": f"{number}", "value": f"{number}"} for number in range(options)]
    return {"type": 3, "custom_id": "s", "options": listed, **more}


def v2(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"flags": V2, "components": list(components), **more}


MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "too long": ({"content": "x" * 2001}, "content"),
    "nonce too long": ({"content": "x", "nonce": "n" * 26}, "nonce"),
    "41 components": (v2(*[text("x") for _ in range(41)]), "components"),
    "41 components, nested": (v2({"type": 17, "components": [text("x") for _ in range(40)]}), "components"),
    "4001 characters in all": (v2(text("x" * 2000), text("y" * 2001)), "components"),
    "content beside layout": (v2(text(), content="x"), "content"),
    "embeds beside layout": (v2(text(), embeds=[{"title": "x"}]), "embeds"),
    "layout without its flag": ({"components": [text()]}, "components"),
    "six rows": ({"content": "x", "components": [row(button(f"{n}")) for n in range(6)]}, "components"),
    "six buttons in a row": (v2(row(*[button(f"{n}") for n in range(6)])), "components"),
    "a select beside a button": (v2(row(select(), button())), "components"),
    "a button outside a row": (v2(button()), "components"),
    "custom id twice": (v2(row(button("a"), button("a"))), "components"),
    "custom id too long": (v2(row(button("a" * 101))), "components"),
    "label too long": (v2(row(button("a", "x" * 81))), "components"),
    "no label": (v2(row({"type": 2, "style": 1, "custom_id": "a"})), "components"),
    "a link with a custom id": (v2(row({**button(), "style": 5, "url": "https://a.example"})), "components"),
    "a link to nowhere": (v2(row({"type": 2, "style": 5, "label": "x", "url": "javascript:x"})), "components"),
    "26 options": (v2(row(select(26))), "components"),
    "a value twice": (v2(row({**select(), "options": [{"label": "a", "value": "a"}] * 2})), "components"),
    "section without accessory": (v2({"type": 9, "components": [text()]}), "components"),
    "section of four texts": (v2({"type": 9, "components": [text()] * 4, "accessory": button()}), "components"),
    "container in container": (v2({"type": 17, "components": [{"type": 17, "components": [text()]}]}), "components"),
    "id twice": (v2(text(id=7), text(id=7)), "components"),
    "id too big": (v2(text(id=2**31)), "components"),
    "unknown attachment": (v2({"type": 13, "file": {"url": "attachment://a.pdf"}}), "components"),
    "eleven pictures": (v2({"type": 12, "items": [{"media": {"url": "https://a.example"}}] * 11}), "components"),
    "eleven embeds": ({"embeds": [{"title": "x"}] * 11}, "embeds"),
    "embeds of 6001": ({"embeds": [{"description": "x" * 3001}, {"description": "x" * 3000}]}, "embeds"),
    "embed title": ({"embeds": [{"title": "x" * 257}]}, "embeds"),
    "poll with eleven answers": (
        {"poll": {"question": {"text": "?"}, "answers": [{"poll_media": {"text": "a"}}] * 11}},
        "poll",
    ),
    "poll answer": ({"poll": {"question": {"text": "?"}, "answers": [{"poll_media": {"text": "x" * 56}}]}}, "poll"),
    "poll question": ({"poll": {"question": {"text": "?" * 301}, "answers": [{"poll_media": {"text": "x"}}]}}, "poll"),
    "mentions said twice": (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions",
    ),
    "ephemeral": ({"content": "x", "flags": 64}, "flags"),
}


@pytest.mark.parametrize(("body", "field"), MESSAGES.values(), ids=MESSAGES.keys())
async def test_a_message_beyond_a_limit_is_refused(
    fake: FakeDiscord, guild: FakeGuild, rest: Rest, body: dict[str, Any], field: str
) -> None:
    status, answer = await rest(f"POST /channels/{guild.general.id}/messages", body)
    assert (status, answer["code"]) == (400, 50035)
    assert field in answer["errors"]
    assert fake.faults[-1].payload == body
    assert not guild.general.messages


async def test_a_message_at_its_limits_is_taken(guild: FakeGuild, rest: Rest) -> None:
    body = v2({"type": 17, "components": [text("x" * 4000), row(*[button(f"{n}") for n in range(5)])]})
    assert (await rest(f"POST /channels/{guild.general.id}/messages", body))[0] == 200
    assert (await rest(f"POST /channels/{guild.general.id}/messages", {"content": "x" * 2000}))[0] == 200
    many = v2(*[text("x") for _ in range(40)])
    assert (await rest(f"POST /channels/{guild.general.id}/messages", many))[0] == 200


async def test_an_empty_message_is_refused(guild: FakeGuild, rest: Rest) -> None:
    assert (await rest(f"POST /channels/{guild.general.id}/messages", {"tts": False}))[1]["code"] == 50006


def command(name: str = "go", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": 1, "description": "Goes", **more}


def option(name: str = "what", kind: int = 3, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "What", "type": kind, **more}


COMMANDS: dict[str, dict[str, Any]] = {
    "upper case": command("Go"),
    "a space": command("go on"),
    "33 letters": command("x" * 33),
    "no description": {"name": "go", "type": 1},
    "a long description": command(description="x" * 101),
    "26 options": command(options=[option(f"o{n}") for n in range(26)]),
    "26 choices": command(options=[option(choices=[{"name": f"{n}", "value": f"{n}"} for n in range(26)])]),
    "required after optional": command(options=[option("a"), option("b", required=True)]),
    "an option twice": command(options=[option("a"), option("a")]),
    "options beside sub-commands": command(options=[option("a", 1), option("b")]),
    "a group in a group": command(options=[option("a", 2, options=[option("b", 2)])]),
    "choices and autocomplete": command(options=[option(autocomplete=True, choices=[{"name": "a", "value": "a"}])]),
    "a described context menu": {"name": "Go", "type": 3, "description": "x"},
    "more than 8000 characters": command(
        options=[option(f"o{n}", choices=[{"name": f"{m}", "value": "x" * 90} for m in range(25)]) for n in range(4)]
    ),
}


@pytest.mark.parametrize("body", COMMANDS.values(), ids=COMMANDS.keys())
async def test_a_command_beyond_a_limit_is_refused(fake: FakeDiscord, rest: Rest, body: dict[str, Any]) -> None:
    status, answer = await rest(f"PUT /applications/{fake.application_id}/commands", [command("fine"), body])
    assert (status, answer["code"]) == (400, 50035)
    assert "1" in answer["errors"]


async def test_more_than_a_hundred_commands_are_refused(fake: FakeDiscord, rest: Rest) -> None:
    route = f"PUT /applications/{fake.application_id}/commands"
    assert (await rest(route, [command(f"c{n}") for n in range(101)]))[1]["code"] == 30032
    assert (await rest(route, [command(f"c{n}") for n in range(100)]))[0] == 200


async def test_the_two_hundred_and_first_creation_of_a_day_is_refused(fake: FakeDiscord, rest: Rest) -> None:
    route = f"PUT /applications/{fake.application_id}/commands"
    for batch in range(2):
        assert (await rest(route, [command(f"b{batch}-{n}") for n in range(100)]))[0] == 200
    assert (await rest(route, [command("one-more")]))[1]["code"] == 30034
    fake.passes(24 * 3600)
    assert (await rest(route, [command("one-more")]))[0] == 200


async def test_the_same_commands_again_create_nothing(fake: FakeDiscord, rest: Rest) -> None:
    route = f"PUT /applications/{fake.application_id}/commands"
    _, first = await rest(route, [command()])
    _, second = await rest(route, [command()])
    assert first[0]["id"] == second[0]["id"]
    assert len(fake.command_creates[None]) == 1


def event(**more: Any) -> dict[str, Any]:
    return {
        "name": "Session", "privacy_level": 2, "entity_type": 3, "scheduled_start_time": "2999-01-01T10:00:00+00:00",
        "scheduled_end_time": "2999-01-01T11:00:00+00:00", "entity_metadata": {"location": "Here"}, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": "x" * 101}, "name"),
        ({"description": "x" * 1001}, "description"),
        ({"scheduled_start_time": "2001-01-01T10:00:00+00:00"}, "scheduled_start_time"),
        ({"scheduled_end_time": None}, "scheduled_end_time"),
        ({"scheduled_end_time": "2998-01-01T10:00:00+00:00"}, "scheduled_end_time"),
        ({"entity_metadata": None}, "entity_metadata"),
        ({"entity_type": 2}, "channel_id"),
    ],
)
async def test_an_event_against_the_rules_is_refused(
    guild: FakeGuild, rest: Rest, more: dict[str, Any], field: str
) -> None:
    _, answer = await rest(f"POST /guilds/{guild.id}/scheduled-events", event(**more))
    assert (answer["code"], list(answer["errors"])) == (50035, [field])


async def test_an_event_moves_and_is_cancelled_and_then_is_over(guild: FakeGuild, rest: Rest) -> None:
    _, made = await rest(f"POST /guilds/{guild.id}/scheduled-events", event())
    route = f"PATCH /guilds/{guild.id}/scheduled-events/{made['id']}"
    moved = {"scheduled_start_time": "2999-01-02T10:00:00+00:00", "scheduled_end_time": "2999-01-02T11:00:00+00:00"}
    assert (await rest(route, moved))[0] == 200
    assert (await rest(route, {"status": 3}))[1]["code"] == 50035
    assert (await rest(route, {"status": 4}))[0] == 200
    assert (await rest(route, {"name": "Late"}))[1]["code"] == 180000


async def test_a_hundred_events_are_enough(guild: FakeGuild, rest: Rest) -> None:
    for _ in range(100):
        assert (await rest(f"POST /guilds/{guild.id}/scheduled-events", event()))[0] == 200
    assert (await rest(f"POST /guilds/{guild.id}/scheduled-events", event()))[1]["code"] == 30038


async def test_a_guild_has_five_hundred_rooms_and_two_hundred_and_fifty_roles(guild: FakeGuild, rest: Rest) -> None:
    while len(guild.channels) < 500:
        guild.add_channel("more")
    while len(guild.roles) < 250:
        guild.add_role("more")
    assert (await rest(f"POST /guilds/{guild.id}/channels", {"name": "x"}))[1]["code"] == 30013
    assert (await rest(f"POST /guilds/{guild.id}/roles", {"name": "x"}))[1]["code"] == 30005


async def test_a_text_room_is_named_as_discord_names_it(guild: FakeGuild, rest: Rest) -> None:
    _, made = await rest(f"POST /guilds/{guild.id}/channels", {"name": "Cohort One: AI & You", "type": 0})
    assert made["name"] == "cohort-one-ai-you"
    _, voice = await rest(f"POST /guilds/{guild.id}/channels", {"name": "Cohort One", "type": 2})
    assert voice["name"] == "Cohort One"


async def test_a_stage_needs_a_community(fake: FakeDiscord, guild: FakeGuild, rest: Rest) -> None:
    body = {"name": "Stage", "type": 13}
    assert (await rest(f"POST /guilds/{guild.id}/channels", body))[1]["code"] == 50035
    other = fake.add_guild("Open", community=True)
    assert (await rest(f"POST /guilds/{other.id}/channels", body))[0] == 200


async def test_the_bot_gives_no_role_above_its_own(
    fake: FakeDiscord, guild: FakeGuild, ana: Person, rest: Rest
) -> None:
    member = guild.add_role("Member")
    route = f"PUT /guilds/{guild.id}/members/{ana.id}/roles/{member.id}"
    assert (await rest(route))[0] == 204
    guild.lower_bot(below=member)
    assert (await rest(route))[1]["code"] == 50013
    guild.raise_bot()
    assert (await rest(route))[0] == 204
    guild.deny_bot(Permission.MANAGE_ROLES)
    assert (await rest(route))[1]["code"] == 50013
    assert fake.lacking[-1] == ("MANAGE_ROLES", "Acme")


async def test_the_bot_grants_nothing_that_it_lacks(guild: FakeGuild, rest: Rest) -> None:
    guild.deny_bot(Permission.MANAGE_MESSAGES)
    body = {"name": "Power", "permissions": str(int(Permission.MANAGE_MESSAGES))}
    assert (await rest(f"POST /guilds/{guild.id}/roles", body))[1]["code"] == 50013
    overwrite = {"id": str(guild.id), "type": 0, "allow": str(int(Permission.MANAGE_MESSAGES)), "deny": "0"}
    room = {"name": "x", "permission_overwrites": [overwrite]}
    assert (await rest(f"POST /guilds/{guild.id}/channels", room))[1]["code"] == 50013


async def test_a_room_the_bot_cannot_see_is_closed_to_it(guild: FakeGuild, rest: Rest) -> None:
    hidden = guild.add_channel("secret", hidden=True)
    assert (await rest(f"POST /channels/{hidden.id}/messages", {"content": "x"}))[1]["code"] == 50001
    guild.overwrite(guild.general, guild.bot_role, deny=Permission.SEND_MESSAGES)
    assert (await rest(f"POST /channels/{guild.general.id}/messages", {"content": "x"}))[1]["code"] == 50013


async def test_closed_dms_and_strangers_are_not_written_to(guild: FakeGuild, ana: Person, rest: Rest) -> None:
    _, dm = await rest("POST /users/@me/channels", {"recipient_id": ana.id})
    route = f"POST /channels/{dm['id']}/messages"
    assert (await rest(route, {"content": "hello"}))[0] == 200
    ana.closes_dms()
    assert (await rest(route, {"content": "hello"}))[1]["code"] == 50007
    ana.opens_dms()
    await ana.leaves_guild()
    assert (await rest(route, {"content": "hello"}))[1]["code"] == 50278
    assert (await rest(f"GET /guilds/{guild.id}/members/{ana.id}"))[1]["code"] == 10007


async def test_the_same_nonce_posts_once_for_a_while(fake: FakeDiscord, guild: FakeGuild, rest: Rest) -> None:
    route, body = f"POST /channels/{guild.general.id}/messages", {"content": "x", "nonce": "n", "enforce_nonce": True}
    _, first = await rest(route, body)
    _, second = await rest(route, body)
    assert first["id"] == second["id"]
    _, kept = await rest(f"GET /channels/{guild.general.id}/messages")
    assert "nonce" not in kept[0]
    fake.passes(121)
    _, third = await rest(route, body)
    assert third["id"] != first["id"]


async def test_history_goes_back_and_forth(guild: FakeGuild, rest: Rest) -> None:
    route = f"/channels/{guild.general.id}/messages"
    ids = [int((await rest(f"POST {route}", {"content": f"{n}"}))[1]["id"]) for n in range(6)]

    async def shown(query: str) -> list[str]:
        return [each["content"] for each in (await rest(f"GET {route}?{query}"))[1]]

    assert await shown("limit=2") == ["5", "4"]
    assert await shown(f"after={ids[1]}&limit=2") == ["3", "2"]
    assert await shown(f"before={ids[2]}") == ["1", "0"]
    assert await shown(f"around={ids[2]}&limit=3") == ["3", "2", "1"]


async def test_what_is_unknown_is_called_so(guild: FakeGuild, ana: Person, rest: Rest) -> None:
    general = guild.general.id
    for route, code in (
        ("GET /channels/1", 10003),
        ("GET /guilds/1", 10004),
        (f"GET /channels/{general}/messages/1", 10008),
        (f"PUT /guilds/{guild.id}/members/{ana.id}/roles/1", 10011),
        ("GET /users/1", 10013),
        (f"GET /guilds/{guild.id}/scheduled-events/1", 10070),
        ("GET /voice/regions", 0),
    ):
        status, answer = await rest(route)
        assert (status, answer["code"]) == (404, code), route


async def test_a_wrong_token_is_refused_and_counted(fake: FakeDiscord, rest: Rest) -> None:
    assert (await rest("GET /users/@me", Authorization="Bot wrong"))[0] == 401
    assert fake.invalid_requests == 1


async def test_five_messages_in_five_seconds_and_no_more(fake: FakeDiscord, guild: FakeGuild, rest: Rest) -> None:
    fake.enforce_limits = True
    route = f"POST /channels/{guild.general.id}/messages"
    assert [(await rest(route, {"content": "x"}))[0] for _ in range(6)] == [200] * 5 + [429]
    status, answer = await rest(route, {"content": "x"})
    assert (status, answer["global"]) == (429, False)
    assert fake.rate_limited == 2
    fake.passes(5)
    assert (await rest(route, {"content": "x"}))[0] == 200


async def test_fifty_requests_a_second_over_all_routes(fake: FakeDiscord, guild: FakeGuild, rest: Rest) -> None:
    fake.enforce_limits = True
    rooms = [guild.add_channel(f"room-{number}") for number in range(51)]
    fake.stop_clock()
    answers = [await rest(f"POST /channels/{room.id}/messages", {"content": "x"}) for room in rooms]
    assert [status for status, _ in answers] == [200] * 50 + [429]
    assert answers[-1][1]["global"]


async def test_a_room_is_renamed_twice_in_ten_minutes(fake: FakeDiscord, guild: FakeGuild, rest: Rest) -> None:
    fake.enforce_limits = True
    route = f"PATCH /channels/{guild.general.id}"
    assert [(await rest(route, {"name": f"n{each}"}))[0] for each in range(3)] == [200, 200, 429]
    assert (await rest(route, {"user_limit": 0}))[0] == 200


async def test_threads_are_for_their_members(guild: FakeGuild, ana: Person, rest: Rest) -> None:
    ben = guild.add_person("Ben")
    body = {"name": "Pair", "type": 12, "auto_archive_duration": 1440}
    _, thread = await rest(f"POST /channels/{guild.general.id}/threads", body)
    await rest(f"POST /channels/{thread['id']}/messages", {"content": f"Hello <@{ana.id}>"})
    assert ana.sees("Hello @Ana Lima")
    assert not ben.sees("Hello")
    assert (await rest(f"PUT /channels/{thread['id']}/thread-members/{ben.id}"))[0] == 204
    assert ben.sees("Hello")
    hidden = guild.add_channel("staff", hidden=True)
    guild.overwrite(hidden, guild.bot_role, allow=Permission.VIEW_CHANNEL)
    _, other = await rest(f"POST /channels/{hidden.id}/threads", body)
    assert (await rest(f"PUT /channels/{other['id']}/thread-members/{ana.id}"))[1]["code"] == 50001


async def test_only_the_intended_are_pinged(guild: FakeGuild, ana: Person, rest: Rest) -> None:
    ben = guild.add_person("Ben")
    body = {"content": f"<@{ana.id}> and <@{ben.id}> @everyone", "allowed_mentions": {"parse": [], "users": [ana.id]}}
    await rest(f"POST /channels/{guild.general.id}/messages", body)
    assert (len(ana.pings), len(ben.pings), len(guild.owner.pings)) == (1, 0, 0)


async def test_people_in_voice_are_moved_and_others_are_not(guild: FakeGuild, ana: Person, rest: Rest) -> None:
    room = guild.add_channel("Pair", "voice")
    route = f"PATCH /guilds/{guild.id}/members/{ana.id}"
    assert (await rest(route, {"channel_id": str(room.id)}))[1]["code"] == 40032
    await ana.joins_voice("Lounge")
    assert (await rest(route, {"channel_id": str(room.id)}))[0] == 200
    assert ana.voice is room
