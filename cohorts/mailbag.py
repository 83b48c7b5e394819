"""What becomes known in passing, without a plan, and can wait: it goes along with a member's next letter."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from cohorts import graduation, outbox, quiet, touchpoints
from cohorts.bundling import Reader, daytime, in_passing
from cohorts.cohort import Cohort, Membership, among, person_of
from cohorts.facts import Fact
from cohorts.outbox import About, Effect, EffectState, Press
from cohorts.people import Person
from cohorts.store import Db

LOOKS_BACK = timedelta(days=8)
UNSENT = (EffectState.WITHDRAWN, EffectState.EXPIRED, EffectState.FAILED)


def add(
    db: Db,
    cohort: Cohort,
    membership: Membership,
    template: str,
    /,
    *,
    key: str,
    now: datetime,
    now_or_never: bool = False,
    expires: datetime | None = None,
    about: About | None = None,
    presses: Sequence[Press] = (),
    more: Mapping[str, Fact] = outbox.NOTHING,
    **facts: Fact,
) -> None:
    """By day at once, unless a letter is on its way today, was there today, or has been there often enough this week.

    `now_or_never`: what belongs to this day, whatever else it brings, and is left out where it is night.

    Who wants to hear less doesn't get it.
    """
    person = person_of(db, membership)
    at = now if now_or_never else _moment(db, cohort, membership, person, now)
    if now_or_never and daytime(now, person.zone) > now:
        return
    if quiet.holds_back(db, membership, about, zone=person.zone, at=at, now=now):
        return
    outbox.enclose(
        db,
        person,
        template,
        key=key,
        at=at,
        now=now,
        expires=max(expires, at) if expires is not None else None,
        about=about,
        as_=membership.hears,
        presses=presses,
        more={**among(db, membership), **more, **facts},
    )


def _moment(db: Db, cohort: Cohort, membership: Membership, person: Person, now: datetime) -> datetime:
    letters = db.exec(
        select(Effect.due_at).where(
            Effect.person_id == person.id,
            col(Effect.letter).is_not(None),
            col(Effect.template).not_like("applications/%"),  # a decision is no part of anybody's week
            col(Effect.state).not_in(UNSENT),
            col(Effect.due_at) > now - LOOKS_BACK,
        )
    ).all()
    turns = touchpoints.turns(db, cohort, now=now)
    planned = {moments[membership.id] for moments in turns.values() if membership.id in moments}
    reader = Reader(person.zone, touchpoints.meetings(db, cohort))
    told = {at.astimezone(UTC) for at in letters}
    to_come = {at.astimezone(UTC) for at in planned if at > now}
    told_how = graduation.told_how(db, cohort, membership)
    if told_how is not None and told_how > now:
        to_come.add(daytime(told_how, person.zone).astimezone(UTC))
    return in_passing(now, told=told, planned=to_come, reader=reader)
