"""A round in pairs or small groups, for whoever is in it: nobody stays alone because somebody isn't there."""

from __future__ import annotations

from bot import whose
from bot.ask import Ask, Reply
from bot.registry import button, words
from cohorts import breakouts, rounds, sessions
from cohorts.breakouts import Breakout
from cohorts.cohort import Cohort, Membership, people_of
from cohorts.errors import Refused
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.rounds import Place
from cohorts.sessions import Session


@button("pairing/not-here", role=Role.MEMBER)
def not_here(ask: Ask, session_id: int, breakout_id: int, as_of: int) -> Reply:
    session, cohort, membership = sessions.attended_by(ask.db, ask.person, session_id)
    on = _on(ask, session, breakout_id)
    if rounds.out_of_date(ask.db, on, membership, as_of):
        return _placed(ask, session, on)
    return _missing(ask, cohort, session, membership, on)


@words(
    "not here",
    "isn t here",
    "my partner isn t here",
    "my partner is not here",
    "nobody is here",
    "i m alone",
    name="not here",
    role=Role.MEMBER,
)
def not_here_said(ask: Ask) -> Reply:
    cohort, membership = whose.mine(ask)
    coming = sessions.the_next(ask.db, cohort, now=ask.now)
    return _missing(ask, cohort, coming, membership, _on(ask, coming))


@button("pairing/missing", role=Role.MEMBER)
def missing(ask: Ask, session_id: int, breakout_id: int, membership_id: int) -> Reply:
    session, cohort, membership = sessions.attended_by(ask.db, ask.person, session_id)
    on = _on(ask, session, breakout_id)
    rounds.not_here(ask.db, cohort, session, membership, missing=membership_id, now=ask.now)
    return _placed(ask, session, on)


def _on(ask: Ask, session: Session, breakout_id: int | None = None) -> Breakout:
    """The round that is on, and that was meant."""
    on = rounds.current(ask.db, session, ask.now)
    if on is None or breakout_id not in (None, on.id):
        raise Refused("pairing/no-round")
    return on


def _missing(ask: Ask, cohort: Cohort, session: Session, membership: Membership, on: Breakout) -> Reply:
    if rounds.not_here(ask.db, cohort, session, membership, missing=None, now=ask.now) is not None:
        return _placed(ask, session, on)
    seated = next(group for group in breakouts.groups(ask.db, on).values() if membership.id in group)
    others = [ask.db.get_one(Membership, one) for one in seated if one != membership.id]
    names = people_of(ask.db, others)
    ids = {"session_id": session.id, "breakout_id": on.id}
    return Reply(
        "pairing/who-is-missing",
        presses=[
            Press("pairing/missing", {**ids, "membership_id": one.id}, facts={"name": names[one.id].name[:12]})
            for one in others
        ],
        others=[names[one.id].ref for one in others],
    )


def _placed(ask: Ask, session: Session, on: Breakout) -> Reply:
    place = rounds.place_of(ask.db, session, ask.person)
    return Reply(
        "pairing/re-paired",
        presses=_presses(session, on, place),
        number=place.number if place is not None and place.numbered else 0,
        others=list(place.people) if place is not None else [],
        prompt=place.prompt if place is not None else "",
        link=place.link if place is not None else "",
    )


def _presses(session: Session, on: Breakout, place: Place | None) -> list[Press]:
    if place is None or place.odd or not place.people:
        return []
    ids = {"session_id": session.id, "breakout_id": on.id, "as_of": on.revision}
    return [Press("pairing/not-here", ids)]
