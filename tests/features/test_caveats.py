"""What was done, but not as it should be: facilitators hear of it once, with the mend, and one press does it again."""

from __future__ import annotations

import re

import pytest
from sqlmodel import col, select

from bot import claims, notices
from bot.config import TEMPLATES
from bot.message import Mention, Paragraph, RoomMention, plain
from bot.platforms.base import Kind, Parcel, Receipt, SendError
from bot.platforms.local.send import LocalPlatform
from bot.render import Directory, Renderer
from cohorts import retries
from cohorts.facts import Fact, PersonRef, RoomRef
from cohorts.outbox import Effect, EffectKind, EffectState
from tests.support.chat import World
from tests.support.stories import accepted, running

CAVEAT = "Done, but one thing is missing"
FAILED = "Something could not be delivered"
ROLE_ORDER = ("role-order", "Small Circle")


class Halfway(LocalPlatform):
    """Does what it is asked to, and says what was missing, by kind; or refuses it, and says why."""

    def __init__(self, inner: LocalPlatform) -> None:
        super().__init__(inner.chat, inner.clock)
        self.missing: dict[Kind, tuple[str, str]] = {}
        self.refusing: dict[Kind, SendError] = {}
        self.sent: list[Parcel] = []

    async def send(self, parcel: Parcel) -> Receipt:
        if parcel.kind in self.refusing:
            raise self.refusing[parcel.kind]
        receipt = await super().send(parcel)
        self.sent.append(parcel)
        return Receipt(receipt.id, *self.missing.get(parcel.kind, ()))

    def of(self, kind: Kind) -> list[Parcel]:
        return [one for one in self.sent if one.kind is kind]


@pytest.fixture
def halfway(chat: World) -> Halfway:
    made = Halfway(chat.platform)
    chat.app.delivery._platforms = {"local": made}
    return made


def told(chat: World, words: str = CAVEAT) -> list[str]:
    return [text for text in chat.fay.texts() if words in text]


def effects(chat: World, kind: EffectKind) -> list[Effect]:
    query = select(Effect).where(Effect.kind == kind).order_by(col(Effect.id))
    return chat.store.read(lambda db: list(db.exec(query).all()))


# Told once, with the mend.


def test_facilitators_hear_once_whoever_it_concerns_and_whenever(chat: World, halfway: Halfway) -> None:
    halfway.missing[Kind.INVITE] = ROLE_ORDER
    running(chat, 3)
    (notice,) = told(chat)
    assert "Whoever follows gets in all the same" in notice
    assert "below Small Circle" in notice
    assert "drag mine above it" in notice
    assert told(chat, FAILED) == []
    chat.passes(days=3)
    chat.ana.says("/cohort pause").says("/cohort resume")
    seats = effects(chat, EffectKind.INVITE)
    assert len(seats) == 5
    assert {(one.state, one.reason) for one in seats} == {(EffectState.SENT, "role-order Small Circle")}
    assert len(told(chat)) == 1
    assert not chat.ana.sees(CAVEAT)


def test_what_can_only_be_better_the_next_time_has_no_button(chat: World, halfway: Halfway) -> None:
    halfway.missing[Kind.ROOM] = ("roles-server-full", "")
    accepted(chat, 3)
    (notice,) = told(chat)
    assert "without roles of its own" in notice
    assert "the next cohort gets all of its roles" in notice
    assert not any("Try again" in text for text in chat.fay.texts())


def test_who_is_out_without_losing_the_role_is_told_of_and_never_put_out_again(chat: World, halfway: Halfway) -> None:
    running(chat, 3)
    halfway.missing[Kind.REMOVE] = ROLE_ORDER
    chat.chi.says("/cohort leave").presses("Yes, leave")
    (notice,) = told(chat)
    assert "still has its role" in notice
    assert "Chi" in notice
    (removal,) = effects(chat, EffectKind.REMOVE)
    assert chat.store.write(lambda db: retries.send_again(db, db.get_one(Effect, removal.id))) == 0


def test_nothing_is_said_of_what_went_well(chat: World, halfway: Halfway) -> None:
    running(chat, 3)
    assert told(chat) == []
    assert {one.reason for one in effects(chat, EffectKind.INVITE)} == {None}


# The mend.


def test_after_the_mend_one_press_seats_all_of_them_again(chat: World, halfway: Halfway) -> None:
    halfway.missing[Kind.INVITE] = ROLE_ORDER
    running(chat, 3)
    halfway.missing.clear()
    before = len(halfway.of(Kind.INVITE))
    chat.fay.presses("Try again", on=CAVEAT)
    again = halfway.of(Kind.INVITE)[before:]
    assert {one.account for one in again} == {"ana", "ben", "chi", "fay"}
    assert len(again) == 4
    assert chat.fay.sees("I'm trying again")
    assert {one.reason for one in effects(chat, EffectKind.INVITE)} == {None}
    assert told(chat) == []  # the notice has become the answer


def test_a_press_that_did_not_help_is_told_once_more(chat: World, halfway: Halfway) -> None:
    halfway.missing[Kind.INVITE] = ROLE_ORDER
    running(chat, 3)
    for _ in range(2):
        chat.fay.presses("Try again", on=CAVEAT)
        assert len(told(chat)) == 1
    assert len(halfway.of(Kind.INVITE)) == 12


def test_a_press_that_did_not_help_is_told_once_more_of_what_failed_too(chat: World, halfway: Halfway) -> None:
    halfway.refusing[Kind.INVITE] = SendError("missing-permission", permanent=True, detail="Manage Roles")
    running(chat, 3)
    assert len(told(chat, FAILED)) == 1
    chat.fay.presses("Try again", on=FAILED)
    assert len(told(chat, FAILED)) == 1
    halfway.refusing.clear()
    chat.fay.presses("Try again", on=FAILED)
    assert told(chat, FAILED) == []
    assert len(halfway.of(Kind.INVITE)) == 4


def test_what_failed_and_what_was_done_halfway_for_the_same_reason_are_mended_together(
    chat: World, halfway: Halfway
) -> None:
    halfway.missing[Kind.INVITE] = ROLE_ORDER
    accepted(chat, 2)
    halfway.refusing[Kind.INVITE] = SendError("role-order", permanent=True, detail="Small Circle")
    chat.ana.says("/cohort pause").says("/cohort resume")
    assert (len(told(chat)), len(told(chat, FAILED))) == (1, 1)
    halfway.refusing.clear()
    halfway.missing.clear()
    chat.fay.presses("Try again", on=FAILED)
    assert {one.reason for one in effects(chat, EffectKind.INVITE) if one.state is EffectState.SENT} <= {
        None,
        "role-order Small Circle",  # of Ana's first seat, which is hers no more
    }
    assert {one.account for one in halfway.of(Kind.INVITE)[-3:]} == {"ana", "ben", "fay"}


def test_whoever_has_left_meanwhile_is_not_seated_again(chat: World, halfway: Halfway) -> None:
    halfway.missing[Kind.INVITE] = ROLE_ORDER
    running(chat, 3)
    chat.chi.says("/cohort leave").presses("Yes, leave")
    before = len(halfway.of(Kind.INVITE))
    chat.fay.presses("Try again", on=CAVEAT)
    assert "chi" not in {one.account for one in halfway.of(Kind.INVITE)[before:]}
    assert len(halfway.of(Kind.INVITE)) == before + 3


def test_a_room_is_completed_by_one_press(chat: World, halfway: Halfway) -> None:
    halfway.missing[Kind.ROOM] = ("voice-missing-permission", "Manage Channels")
    running(chat, 3)
    (notice,) = told(chat)
    assert "without its voice channel" in notice
    assert "the permission Manage Channels" in notice
    halfway.missing.clear()
    where = chat.ana.room()
    chat.fay.presses("Try again", on=CAVEAT)
    assert len(halfway.of(Kind.ROOM)) == 2
    assert chat.ana.room() == where
    assert told(chat) == []


# Who conducts.


def test_whoever_is_brought_to_conduct_is_told_from_those_who_take_part(chat: World, halfway: Halfway) -> None:
    running(chat, 3)
    assert {one.account: one.leads for one in halfway.of(Kind.INVITE)} == {
        "fay": True,
        "ana": False,
        "ben": False,
        "chi": False,
    }
    assert not any(one.leads for one in halfway.sent if one.kind is not Kind.INVITE)


# Long names.


def test_a_long_name_in_a_reason_is_told_all_the_same(chat: World, halfway: Halfway) -> None:
    """A key has 200 characters, and what differs at their end is told apart."""
    long = "Permission " * 30
    for kind, slug in ((Kind.INVITE, "role-order"), (Kind.ROOM, "voice-missing-permission")):
        halfway.missing[kind] = (slug, long)
    halfway.refusing[Kind.REMOVE] = SendError("missing-permission", permanent=True, detail=long)
    running(chat, 3)
    chat.chi.says("/cohort leave").presses("Yes, leave")
    assert len(told(chat)) == 2
    assert len(told(chat, FAILED)) == 1
    keys = chat.store.read(lambda db: db.exec(select(Effect.key).where(col(Effect.template).like("delivery/%"))).all())
    assert len(keys) == 3
    assert max(map(len, keys)) <= 200
    assert all(len(one.reason or "") <= 200 for one in effects(chat, EffectKind.INVITE))


def test_causes_that_differ_in_their_last_letter_are_told_apart() -> None:
    one, other = (notices._bounded("x" * 300 + end) for end in "ab")
    assert one != other
    assert len(one) == len(other) == notices.LONGEST_CAUSE
    assert notices._bounded("short") == "short"


# The words.

SLUGS = ("role-order", "missing-permission", "nobody-knows")
OF_A_ROOM = (
    *("roles-missing-permission", "roles-server-full", "leads-missing-permission", "leads-server-full"),
    *("voice-missing-permission", "voice-server-full", "voice-room-full", "voice-bug"),
)
ALL = [
    *((what, slug) for what in ("invite", "remove") for slug in SLUGS),
    ("post", "nobody-knows"),
    *(("room", slug) for slug in OF_A_ROOM),
]


@pytest.mark.parametrize(("what", "slug"), ALL)
@pytest.mark.parametrize("known", [True, False])
def test_every_caveat_says_what_is_done_and_what_to_mend(what: str, slug: str, known: bool) -> None:
    directory = Directory({2: Mention("Ben", "B2")}, {1: RoomMention("value", "R1")})
    facts: dict[str, Fact] = {
        "what": what,
        "reason": slug,
        "detail": "Manage Roles" if known else "",
        "person": PersonRef(2) if known and what != "room" else None,
        "room": RoomRef(1) if known else None,
    }
    shown = Renderer([TEMPLATES]).message("delivery/caveat", facts, directory=directory)
    said = [plain(one.inlines) for one in shown.blocks if isinstance(one, Paragraph)]
    assert plain(shown.title) == CAVEAT
    assert len(said) == 2
    assert not any(re.search(r"  |`| [.,:]|below\.", one) for one in said), said
    assert "not be delivered" not in " ".join(said)
    assert any(word in said[1] for word in ("Ask an administrator", "Whoever runs Caravan"))
    helps = what in ("invite", "room") and slug not in (*notices.ONLY_FOR_THE_NEXT, "nobody-knows", "voice-bug")
    assert ("press the button" in said[1]) == helps


# What delivery keeps.


def test_a_reason_is_a_slug_and_what_the_mend_names() -> None:
    assert claims.reason_of("role-order", "Small Circle") == "role-order Small Circle"
    assert claims.reason_of("room-gone", "") == "room-gone"
    assert len(claims.reason_of("other", "x" * 500)) == claims.LONGEST_REASON
