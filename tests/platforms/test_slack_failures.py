"""Whatever breaks between Caravan and Slack, nothing is lost and nothing is there twice.

Each story of a whole cohort is compared with the same one undisturbed, as every person reads it; and the rows of the
database with the keys that Slack keeps.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bot.platforms.slack.setup import Mode
from cohorts.applications import Application
from cohorts.homework import Submission
from tests.platforms.fakes.slack import Ack
from tests.platforms.fakes.slack.delivery import Connection
from tests.platforms.fakes.slack.trouble import Switch
from tests.platforms.mortal import (
    LINK,
    NAMES,
    PAUSED,
    evening,
    no_bugs_in_the_log,
    running,
    states,
    told,
    told_and_kept,
    told_with_a_death_at_every,
    told_with_a_death_where,
)
from tests.platforms.slack_mortal import NORMS, QUICK, Mortal, everything_is_there_once, seen
from tests.platforms.slack_stage import SlackActor
from tests.platforms.stage import until
from tests.support.crash_story import contents

OUT = (
    "chat.postMessage",
    "conversations.create",
    "conversations.invite",
    "files.completeUploadExternal",
    "bookmarks.add",
)


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Counter[str]]:
    """What everybody reads when nothing breaks."""

    async def play() -> Mapping[str, Counter[str]]:
        async with Mortal(tmp_path_factory.mktemp("calm")) as world:
            await told(world)
            everything_is_there_once(world)
            return seen(world)

    return asyncio.run(play())


@pytest.fixture(autouse=True)
def no_bugs() -> Iterator[None]:
    with no_bugs_in_the_log():
        yield


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Mortal]:
    async with Mortal(tmp_path) as made:
        yield made


@pytest.fixture(params=list(Mode), ids=lambda mode: mode.value)
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mortal]:
    """By sockets, and over HTTP."""
    async with Mortal(tmp_path, request.param) as made:
        yield made


def nothing_lost_nothing_double(world: Mortal, calm: Mapping[str, Counter[str]]) -> None:
    everything_is_there_once(world)
    assert seen(world) == calm
    assert sorted(world.room.members) == sorted(
        [world.team.bot.id, *(world.member(name).person.id for name in ("Fay", *NAMES))]
    )


# -- the way out -----------------------------------------------


@pytest.mark.parametrize("method", OUT)
async def test_every_answer_of_slack_is_lost(world: Mortal, calm: Mapping[str, Counter[str]], method: str) -> None:
    # Somebody who is in the room already can only be told so.
    world.slack.trouble.switches.append(Switch("lose_answer", method, 6 if method == "conversations.invite" else None))
    await told(world)
    assert [call for call in world.slack.calls if call.method == method and not call.answered]
    nothing_lost_nothing_double(world, calm)


@pytest.mark.parametrize("method", OUT)
async def test_slack_answers_500_and_did_nothing(world: Mortal, calm: Mapping[str, Counter[str]], method: str) -> None:
    world.slack.fail(method, times=4)
    await told(world)
    assert [call for call in world.slack.calls if call.method == method and call.error == "status 500"]
    nothing_lost_nothing_double(world, calm)


@pytest.mark.parametrize("method", OUT)
async def test_slack_answers_500_and_did_it_all_the_same(
    world: Mortal, calm: Mapping[str, Counter[str]], method: str
) -> None:
    world.slack.fail(method, times=4, after=True)
    await told(world)
    assert not [one for one in world.slack.trouble.switches if one.times == 4]
    nothing_lost_nothing_double(world, calm)


# -- the process is killed -------------------------------------


def a_message_is_there(world: Mortal) -> bool:
    return any("You are in" in text or "begins" in text for text in world.person("Ana").person.messages())


def the_room_is_there(world: Mortal) -> bool:
    return bool(world.rooms())


def a_member_is_in_the_room(world: Mortal) -> bool:
    return any(world.member("Ana").person.id in room.members for room in world.rooms())


def the_file_is_there(world: Mortal) -> bool:
    return any(file.complete for file in world.team.files.values())


def the_link_is_there(world: Mortal) -> bool:
    return any(room.bookmarks for room in world.rooms())


@pytest.mark.parametrize(
    "there", [a_message_is_there, the_room_is_there, a_member_is_in_the_room, the_file_is_there, the_link_is_there]
)
async def test_the_process_is_killed_between_sending_and_recording(
    world: Mortal, calm: Mapping[str, Counter[str]], there: Callable[[Mortal], bool]
) -> None:
    await told_with_a_death_where(lambda: there(world), world)
    nothing_lost_nothing_double(world, calm)


async def test_the_process_is_killed_after_every_third_thing_that_it_sends(
    world: Mortal, calm: Mapping[str, Counter[str]]
) -> None:
    await told_with_a_death_at_every(3, world)
    nothing_lost_nothing_double(world, calm)


async def test_the_process_is_killed_between_two_parts_of_a_long_post(tmp_path: Path) -> None:
    async with Mortal(tmp_path, norms=NORMS) as world:
        parts_then: list[int] = []

        def parts() -> int:
            return sum(key.startswith("cohort:1/launched#") for key in world.arrived())

        def dies(boundary: str) -> bool:
            if world.deaths or boundary != "waits" or not 1 <= parts() <= 2:
                return False
            parts_then.append(parts())
            return True

        world.dies = dies
        await running(world)
        assert world.deaths == 1
        assert parts_then == [1]
        assert parts() > 3
        everything_is_there_once(world)
        for name in NAMES:
            told_norms = "\n".join(world.member(name).person.messages(world.room))
            assert [told_norms.count(f"Norm {n}:") for n in range(len(NORMS))] == [1] * len(NORMS)
        (pinned,) = world.room.pins
        assert world.room.messages[0].ts == pinned


# -- the way in ------------------------------------------------


async def test_what_people_do_while_the_sockets_are_away_comes_again_or_is_done_again_once(world: Mortal) -> None:
    await running(world)
    ana, ben = world.member("Ana"), world.member("Ben")
    world.slack.retry_waits = (0.1, 1.0, 3.0)  # Slack's own: at once, a minute, five minutes
    world.slack.drop_sockets(for_seconds=0.7)
    refused = await ana.person.types("/cohort pause")
    said = await ben.person.says("pause me")
    assert not refused.ok
    assert said is not None
    assert not said.ok
    await world.connected()
    await world.settle()
    assert states(world) == {"Ana": "active", "Ben": "paused", "Chi": "active"}
    assert answers_to(ben, PAUSED) == 1
    await ana.types("/cohort pause")
    await world.settle()
    assert states(world)["Ana"] == "paused"
    assert answers_to(ana, PAUSED) == 1
    everything_is_there_once(world)


async def test_the_web_server_is_away_for_a_while(tmp_path: Path) -> None:
    async with Mortal(tmp_path, Mode.HTTP) as world:
        await running(world)
        await world.passes(minutes=1)
        ana, ben = world.member("Ana"), world.member("Ben")
        await world.leaves()
        refused = await ana.person.types("/cohort pause")
        said = await ben.person.says("pause me")
        assert not refused.ok
        assert said is not None
        assert not said.ok
        await world.begins()
        await world.settle()
        assert states(world) == {"Ana": "active", "Ben": "paused", "Chi": "active"}
        assert answers_to(ben, PAUSED) == 1
        await ana.types("/cohort pause")
        assert states(world)["Ana"] == "paused"
        everything_is_there_once(world)


async def test_sockets_that_look_alive_and_deliver_nothing_are_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    world = Mortal(tmp_path)
    world.patience = replace(QUICK, silence=0.6)
    world.slack.retry_waits = (0.1, 1.0, 3.0)
    async with world:
        await running(world)
        ana, ben = world.member("Ana"), world.member("Ben")
        world.slack.ack_timeout = 0.4
        dead = list(world.slack.delivery.connections)
        world.slack.half_open_sockets()
        refused = await ana.person.types("/cohort pause")
        said = await ben.person.says("pause me")
        assert refused.error == "operation_timeout"
        assert said is not None
        await world.connected()
        world.slack.ack_timeout = 60.0  # a machine under load is no fault of the sockets
        await world.settle()
        assert not set(dead) & set(world.slack.delivery.connections)
        assert states(world) == {"Ana": "active", "Ben": "paused", "Chi": "active"}
        assert answers_to(ben, PAUSED) == 1
        await ana.types("/cohort pause")
        assert states(world)["Ana"] == "paused"
        everything_is_there_once(world)


async def test_the_sockets_break_after_it_was_done_and_before_slack_hears_of_it(world: Mortal) -> None:
    await about_to_act(world)
    ana, ben = world.member("Ana"), world.member("Ben")
    world.slack.ack_timeout = 0.5
    world.cuts = 1
    lost = await ana.person.types(f"/submit {LINK} It went well")
    assert lost.error == "operation_timeout"
    assert world.rows(Submission) == 1
    await world.connected()
    await ana.types(f"/submit {LINK} It went well")
    world.cuts = 1
    said = await ben.person.says("pause me")
    assert said is not None
    assert said.error == "operation_timeout"
    assert states(world)["Ben"] == "paused"
    await world.connected()
    await world.settle()
    assert world.rows(Submission) == 1
    assert world.slack.acks[-1].ok
    assert answers_to(ben, PAUSED) == 1
    everything_is_there_once(world)


Act = Callable[[Mortal, SlackActor], Awaitable[object]]


async def types_a_command_that_commits(world: Mortal, ana: SlackActor) -> None:
    await ana.types("/cohort pause")


async def presses_a_button(world: Mortal, ana: SlackActor) -> None:
    await ana.presses("I'm here")


async def submits_a_form(world: Mortal, ana: SlackActor) -> None:
    await ana.types("/submit")
    await ana.answers()


async def writes_words(world: Mortal, ana: SlackActor) -> None:
    await ana.says("pause me")


ACTS = pytest.mark.parametrize(
    "act", [types_a_command_that_commits, presses_a_button, submits_a_form, writes_words], ids=lambda one: one.__name__
)


@ACTS
@pytest.mark.parametrize("together", [True, False], ids=["together", "one-after-the-other"])
async def test_an_envelope_sent_three_times_is_done_once(world: Mortal, act: Act, together: bool) -> None:
    await about_to_act(world)
    await adds(world, world.member("Chi"), act)  # the first who hands something in begins the wall as well
    once = await adds(world, world.member("Ana"), act)
    world.slack.redeliver(3, together=together)
    sent = len(world.slack.acks)
    thrice = await adds(world, world.member("Ben"), act)
    assert thrice == once
    assert sum(once) > 1
    assert Counter(map(id_of, world.slack.acks[sent:])).most_common(1)[0][1] == 3
    assert all(ack.ok for ack in world.slack.acks[sent:])
    everything_is_there_once(world)


async def adds(world: Mortal, actor: SlackActor, act: Act) -> tuple[int, ...]:
    return await told_and_kept(world, lambda: reads(actor), lambda: act(world, actor))


def id_of(ack: Ack) -> str:
    return str(ack.payload.get("event_id") or ack.payload.get("trigger_id"))


@ACTS
@pytest.mark.parametrize("over", ["the-same-connection", "both-connections"])
async def test_an_envelope_that_comes_again_over_any_connection_changes_nothing(
    world: Mortal, act: Act, over: str
) -> None:
    ana = await about_to_act(world)
    began = len(world.slack.acks)
    await act(world, ana)
    await world.settle()
    before, page = contents(world.file), reads(ana)
    first, second = world.slack.delivery.connections
    for connection in (first, first) if over == "the-same-connection" else (first, second):
        for ack in world.slack.acks[began:]:
            await comes_again(world, ack, connection)
    await world.settle()
    assert contents(world.file) == before
    assert reads(ana) == page


@ACTS
async def test_what_comes_again_after_a_restart_changes_nothing(either: Mortal, act: Act) -> None:
    world = either
    ana = await about_to_act(world)
    began = len(world.slack.acks)
    await act(world, ana)
    await world.settle()
    before, page = contents(world.file), reads(ana)
    acks = world.slack.acks[began:]
    assert acks
    await world.restarts()
    for ack in acks:
        if world.mode is Mode.HTTP:
            assert await posted_again(world, ack) == 200
        else:
            for connection in list(world.slack.delivery.connections):
                await comes_again(world, ack, connection)
    await world.settle()
    assert contents(world.file) == before
    assert reads(ana) == page


async def test_an_event_that_slack_takes_for_lost_comes_with_retry_headers_and_changes_nothing(tmp_path: Path) -> None:
    async with Mortal(tmp_path, Mode.HTTP) as world:
        ana = await about_to_act(world)
        world.slack.ack_timeout = 0.001  # sooner than anybody can answer: Slack gives up and tries again
        said = await ana.person.says("pause me")
        assert said is not None
        assert said.error == "operation_timeout"
        world.slack.ack_timeout = 6.0
        await world.settle()
        again = [ack for ack in world.slack.acks if ack.payload.get("event_id") == said.payload["event_id"]]
        assert len(again) > 1
        assert again[-1].ok
        assert states(world)["Ana"] == "paused"
        assert answers_to(ana, PAUSED) == 1
        before = contents(world.file)
        assert await posted_again(world, said, retry=3) == 200
        await world.restarts()
        assert await posted_again(world, said, retry=3) == 200
        await world.settle()
        assert contents(world.file) == before
        assert answers_to(ana, PAUSED) == 1
        everything_is_there_once(world)


async def test_everything_at_once_in_a_bad_hour(either: Mortal) -> None:
    """Lost answers, 500s, 429s and copies from the first application to the launch."""
    world = either
    world.slack.redeliver(2)
    for method in ("chat.postMessage", "conversations.invite", "conversations.open", "conversations.create"):
        world.slack.lose_answer(method)
        world.slack.fail(method)
        world.slack.rate_limit(method, 3)
    await running(world)
    await world.passes(minutes=10)
    left = [(one.kind, one.method) for one in world.slack.trouble.switches]
    assert left == []
    everything_is_there_once(world)
    assert world.rows(Application) == len(NAMES)
    assert all(answers_to(world.member(name), "You are in") == 1 for name in NAMES)


# -- what there is to see --------------------------------------


async def about_to_act(world: Mortal) -> SlackActor:
    """The evening begins: everybody is asked whether they are here, and may hand in."""
    await running(world)
    await evening(world)
    return world.member("Ana")


def reads(actor: SlackActor) -> list[str]:
    """All that one person has in sight."""
    person = actor.person
    return [*person.messages(), *person.ephemerals, person.modal, person.home, *person.errors]


def answers_to(actor: SlackActor, words: str) -> int:
    return sum(words in text for text in reads(actor))


async def comes_again(world: Mortal, ack: Ack, connection: Connection) -> None:
    """Slack sends what it sent before over one of its connections, acknowledged or not."""
    envelope = str(uuid.uuid4())
    world.slack.delivery.known_envelopes.add(envelope)
    kind = "interactive" if ack.payload.get("type") in ("block_actions", "view_submission") else ack.kind
    kind = "events_api" if "event" in ack.payload else kind
    late = world.slack.late_acks
    await connection.ws.send_json(
        {"envelope_id": envelope, "type": kind, "payload": ack.payload, "accepts_response_payload": False}
    )
    await until(lambda: world.slack.late_acks > late)


async def posted_again(world: Mortal, ack: Ack, retry: int = 1) -> int:
    """Over HTTP, signed anew, with the headers of a repetition. The status."""
    app = world.team.app
    if "event" in ack.payload:
        body, kind = json.dumps(ack.payload), "application/json"
    elif "command" in ack.payload:
        body, kind = urlencode(ack.payload), "application/x-www-form-urlencoded"
    else:
        body, kind = urlencode({"payload": json.dumps(ack.payload)}), "application/x-www-form-urlencoded"
    headers = {"Content-Type": kind, "X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
    assert app.request_url is not None
    async with world.slack.session.post(app.request_url, data=body, headers=headers | app.signed(body)) as response:
        return response.status
