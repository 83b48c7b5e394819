"""What one person is told at one moment is one message, and its parts share its fate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select

from bot import claims
from bot.platforms.base import Parcel, Receipt, SendError
from bot.platforms.local.send import LocalPlatform
from cohorts import outbox, people, retries
from cohorts.cohort import Membership
from cohorts.outbox import Effect, EffectState, Press
from cohorts.store import Db
from tests.support.chat import World
from tests.support.stories import running

AT = datetime(2027, 1, 13, 9, 0, tzinfo=UTC)


@pytest.fixture
def circle(chat: World) -> Iterator[World]:
    running(chat, 3)
    chat.clock.move_to(AT)
    yield chat


def enclosed(chat: World, *keys: str, at: datetime = AT, expires: datetime | None = None) -> None:
    """Something for Ana, by each key."""

    def put(db: Db) -> None:
        place = people.workspace(db, "local", "local")
        ana = people.find(db, place.id, "@ana")
        for key in keys:
            outbox.enclose(
                db,
                ana,
                "prompts/say",
                key=key,
                at=at,
                now=chat.clock.now(),
                expires=expires,
                presses=[Press("cohort/home", {"cohort": 1})],
                text=f"This is {key}.",
            )

    chat.store.write(put)


def rows(chat: World, *keys: str) -> list[Effect]:
    return chat.store.read(
        lambda db: list(db.exec(select(Effect).where(col(Effect.key).in_(keys)).order_by(col(Effect.id))).all())
    )


def heard(chat: World) -> list[str]:
    return [text for text in chat.person("ana").texts() if "This is" in text]


def test_what_has_one_moment_is_one_message_with_all_its_parts_and_buttons(circle: World) -> None:
    enclosed(circle, "one", "two", "three")
    circle.settle()
    (letter,) = heard(circle)
    assert letter.index("This is one.") < letter.index("This is two.") < letter.index("This is three.")
    assert letter.startswith("Three things for you")
    assert {row.state for row in rows(circle, "one", "two", "three")} == {EffectState.SENT}
    assert len({row.receipt for row in rows(circle, "one", "two", "three")}) == 1


def test_one_thing_alone_is_itself(circle: World) -> None:
    enclosed(circle, "one")
    circle.settle()
    (alone,) = heard(circle)
    assert "things for you" not in alone


def test_another_moment_is_another_message_and_comes_at_its_time(circle: World) -> None:
    enclosed(circle, "one")
    enclosed(circle, "two", at=AT + timedelta(hours=2))
    circle.settle()
    assert len(heard(circle)) == 1
    circle.until(AT + timedelta(hours=2))
    assert len(heard(circle)) == 2


def test_what_cannot_wait_never_waits_for_a_letter(circle: World) -> None:
    enclosed(circle, "one", at=AT + timedelta(hours=2))

    def put(db: Db) -> None:
        ana = people.find(db, people.workspace(db, "local", "local").id, "@ana")
        outbox.tell(db, ana, "prompts/say", key="urgent", now=AT, text="At once.")

    circle.store.write(put)
    circle.settle()
    assert circle.person("ana").sees("At once.")
    assert heard(circle) == []


def test_a_thank_you_goes_along_with_the_letter_of_the_day(circle: World) -> None:
    enclosed(circle, "one", at=AT + timedelta(hours=2))
    circle.person("ben").says("/cohort kudos @ana For the notes")
    assert not circle.person("ana").sees("For the notes")
    circle.until(AT + timedelta(hours=2))
    (letter,) = heard(circle)
    assert "For the notes" in letter


def test_a_second_thank_you_of_a_day_waits_until_the_next(circle: World) -> None:
    circle.person("ben").says("/cohort kudos @ana For the notes")
    circle.person("chi").says("/cohort kudos @ana For the tea")
    assert circle.person("ana").sees("For the notes") and not circle.person("ana").sees("For the tea")
    circle.until(AT + timedelta(days=1, hours=7))
    assert circle.person("ana").sees("For the tea")


def test_a_letter_begins_with_what_is_due_soonest_and_says_no_title_twice(circle: World) -> None:
    circle.settle()
    enclosed(circle, "one", at=AT + timedelta(hours=1))
    enclosed(circle, "later", at=AT + timedelta(hours=1), expires=AT + timedelta(days=2))
    enclosed(circle, "soon", at=AT + timedelta(hours=1), expires=AT + timedelta(days=1))
    circle.until(AT + timedelta(hours=1))
    (letter,) = heard(circle)
    assert letter.startswith("Three things for you")
    assert letter.index("This is soon.") < letter.index("This is later.") < letter.index("This is one.")
    assert letter.count("From your program") == 1


def test_a_part_that_has_expired_is_left_out_and_the_rest_is_sent(circle: World) -> None:
    enclosed(circle, "one", at=AT + timedelta(hours=1))
    enclosed(circle, "two", at=AT + timedelta(hours=1), expires=AT + timedelta(minutes=5))
    circle.clock.move_to(AT + timedelta(hours=1))
    circle.settle()
    (letter,) = heard(circle)
    assert "This is one." in letter and "This is two." not in letter
    assert [row.state for row in rows(circle, "one", "two")] == [EffectState.SENT, EffectState.EXPIRED]


def test_paused_in_between_nobody_hears_a_part_of_it(circle: World) -> None:
    """Each part is still spoken to the member that it was meant for."""

    def put(db: Db) -> None:
        member = db.exec(select(Membership)).first()
        assert member is not None
        person = db.get_one(people.Person, member.person_id)
        for key in ("one", "two"):
            outbox.enclose(
                db,
                person,
                "prompts/say",
                key=key,
                at=AT + timedelta(hours=1),
                now=AT,
                as_=member.hears,
                text=f"This is {key}.",
            )

    circle.store.write(put)
    circle.person("ana").says("/cohort pause")
    circle.until(AT + timedelta(hours=2))
    assert heard(circle) == []
    assert {row.state for row in rows(circle, "one", "two")} == {EffectState.WITHDRAWN}


class Stumbling(LocalPlatform):
    """Refuses, or loses the answer to, the first letters that it is given."""

    def __init__(self, like: LocalPlatform, error: Exception | None, *, arrives: bool, times: int = 1) -> None:
        super().__init__(like.chat, like.clock)
        self.error, self.arrives, self.left = error, arrives, times

    async def send(self, parcel: Parcel) -> Receipt:
        if parcel.key in ("one", "two") and self.left and self.error is not None:
            self.left -= 1
            if self.arrives:
                await super().send(parcel)
            raise self.error
        return await super().send(parcel)


def stumbles(chat: World, error: Exception, *, arrives: bool) -> None:
    platform = chat.app.platforms["local"]
    assert isinstance(platform, LocalPlatform)
    chat.app.delivery._platforms = {"local": Stumbling(platform, error, arrives=arrives)}


@pytest.mark.parametrize("arrives", [True, False])
def test_a_letter_whose_answer_was_lost_is_there_once_and_whole(circle: World, arrives: bool) -> None:
    stumbles(circle, OSError("the answer was lost"), arrives=arrives)
    enclosed(circle, "one", "two")
    circle.until(AT + timedelta(minutes=10))
    (letter,) = heard(circle)
    assert "This is one." in letter and "This is two." in letter
    assert {row.state for row in rows(circle, "one", "two")} == {EffectState.SENT}


def test_a_letter_that_has_to_wait_goes_out_whole(circle: World) -> None:
    stumbles(circle, SendError("rate-limited", permanent=False, retry_after=30.0), arrives=False)
    enclosed(circle, "one", "two")
    circle.settle()
    assert heard(circle) == []
    circle.until(AT + timedelta(minutes=5))
    (letter,) = heard(circle)
    assert "This is one." in letter and "This is two." in letter


def test_a_letter_that_is_refused_fails_whole_and_the_facilitator_hears_of_it_once(circle: World) -> None:
    stumbles(circle, SendError("dm-closed", permanent=True), arrives=False)
    enclosed(circle, "one", "two")
    circle.settle()
    assert {row.state for row in rows(circle, "one", "two")} == {EffectState.FAILED}
    told = [text for text in circle.fay.texts() if "direct messages are closed" in text]
    assert len(told) <= 1
    circle.app.delivery._platforms = circle.app.platforms
    circle.store.write(lambda db: retries.send_again(db, db.exec(select(Effect).where(Effect.key == "one")).one()))
    circle.settle()
    (letter,) = heard(circle)
    assert "This is one." in letter and "This is two." in letter


def test_a_crash_while_sending_leaves_one_letter(circle: World) -> None:
    enclosed(circle, "one", "two")
    jobs = circle.store.write(
        lambda db: claims.claim(db, now=AT, lease=timedelta(seconds=60), held=frozenset(), most=64)
    )
    assert [len(job.enclosed) for job in jobs if job.parcel.key == "one"] == [1]
    circle.until(AT + timedelta(minutes=5))  # the lease ends: it is looked for, and sent
    (letter,) = heard(circle)
    assert "This is one." in letter and "This is two." in letter
