"""I'm stuck: a form, so that nothing private is typed into a room; the room reads it without a name."""

from __future__ import annotations

import secrets

from bot import whose
from bot.ask import Answers, Ask, Asking, Reply, Response
from bot.message import Field, FieldKind
from bot.registry import button, command, form, words
from cohorts import stuck
from cohorts.cohort import room_of
from cohorts.errors import Invalid, Remark
from cohorts.people import Role


# What only opens the form writes nothing down: not even that somebody asked for it.
@command("cohort stuck", help="Say that you are stuck, without your name", role=Role.MEMBER, reads=True)
@words("i m stuck", "i am stuck", "im stuck", "ich stecke fest", name="stuck", role=Role.MEMBER, reads=True)
def open_(ask: Ask) -> Asking:
    cohort, _ = whose.mine(ask)
    about = Field("words", FieldKind.PARAGRAPH, "", required=True, max_length=stuck.WORDS)
    return Asking("stuck/say", [about], args={"cohort_id": cohort.id}, intro="stuck/before")


@form("stuck/say", role=Role.MEMBER, anonymous=True)
def say(ask: Ask, answers: Answers, cohort_id: int) -> Response:
    cohort, _ = whose.mine(ask, cohort_id)
    stuck.say(ask.db, cohort, _words(answers), token=secrets.token_hex(8), now=ask.now)
    return Reply("stuck/said", room=room_of(ask.db, cohort).ref)


@button("stuck/been-there", role=Role.MEMBER, reads=True)
def help_(ask: Ask, cohort_id: int, token: str) -> Asking:
    cohort, _ = whose.mine(ask, cohort_id)
    stuck.asked_in(ask.db, cohort, token)
    helped = Field("helped", FieldKind.PARAGRAPH, "", required=True, max_length=stuck.WORDS)
    return Asking("stuck/answer", [helped], args={"cohort_id": cohort.id, "token": token})


@form("stuck/answer", role=Role.MEMBER)
def answered(ask: Ask, answers: Answers, cohort_id: int, token: str) -> Response:
    cohort, _ = whose.mine(ask, cohort_id)
    words_ = _words(answers, "helped")
    stuck.been_there(ask.db, cohort, token, ask.person, words_, event=ask.event, now=ask.now)
    return Reply("stuck/thanks", room=room_of(ask.db, cohort).ref)


def _words(answers: Answers, key: str = "words") -> str:
    said = str(answers.get(key) or "")
    if not said.strip():
        raise Invalid(**{key: Remark("required")})
    if len(said) > stuck.WORDS:
        raise Invalid(**{key: Remark("too-long", limit=stuck.WORDS, length=len(said))})
    return said
