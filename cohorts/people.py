"""Who is who: workspaces, people, their chat accounts, and what they may do."""

from collections.abc import Callable, Collection
from enum import StrEnum
from functools import cache

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from cohorts.errors import Refused
from cohorts.facts import PersonRef, clean
from cohorts.store import Db, choice, link

NOWHERE = "UTC"  # where people live of whom no platform says it


class Role(StrEnum):
    """What a command asks of the person who uses it. Each includes the ones before it."""

    ANYONE = "anyone"
    MEMBER = "member"  # takes part, or took part, in some cohort here
    HOST = "host"  # conducts at least one session here
    FACILITATOR = "facilitator"  # conducts some program here
    OWNER = "owner"


class Workspace(SQLModel, table=True):
    """A Slack workspace, a Discord server, the local chat. Nothing crosses from one to another."""

    __table_args__ = (sa.UniqueConstraint("platform", "external"),)
    id: int = Field(default=None, primary_key=True)
    platform: str = Field(max_length=32)
    external: str = Field(max_length=64)
    name: str = Field(max_length=200)
    zone: str = Field(default=NOWHERE, max_length=64)
    locale: str = Field(default="en", max_length=16)


class Person(SQLModel, table=True):
    """Somebody. There may be an e-mail address and no chat account yet; it is claimed later."""

    id: int = Field(default=None, primary_key=True)
    workspace_id: int = link("workspace.id")
    name: str = Field(max_length=200)
    email: str | None = Field(default=None, max_length=320, index=True)
    zone: str = Field(default=NOWHERE, max_length=64)

    @property
    def ref(self) -> PersonRef:
        return PersonRef(self.id)


class Account(SQLModel, table=True):
    __table_args__ = (sa.UniqueConstraint("workspace_id", "external"),)
    id: int = Field(default=None, primary_key=True)
    workspace_id: int = link("workspace.id", index=False)
    person_id: int = link("person.id")
    external: str = Field(max_length=64)


class Granted(StrEnum):
    FACILITATOR = "facilitator"
    OWNER = "owner"


class Grant(SQLModel, table=True):
    """An owner owns the workspace; a facilitator conducts the cohorts of one program."""

    __table_args__ = (sa.UniqueConstraint("person_id", "role", "program_key"),)
    id: int = Field(default=None, primary_key=True)
    workspace_id: int = link("workspace.id")
    person_id: int = link("person.id", index=False)
    role: Granted = choice(Granted)
    program_key: str = Field(default="", max_length=64)  # "" for owners


def workspace_known(db: Db, platform: str, external: str) -> Workspace | None:
    return db.exec(_workspaces(), params={"platform": platform, "external": external}).one_or_none()


@cache
def _workspaces() -> SelectOfScalar[Workspace]:
    return select(Workspace).where(
        col(Workspace.platform) == sa.bindparam("platform"), col(Workspace.external) == sa.bindparam("external")
    )


def workspace(db: Db, platform: str, external: str, *, name: str = "", zone: str = NOWHERE) -> Workspace:
    """The workspace, made when it is met for the first time."""
    found = workspace_known(db, platform, external)
    if found is None:
        found = Workspace(platform=platform, external=external, name=name or external, zone=zone)
        db.add(found)
        db.flush()
    return found


def known(db: Db, place: Workspace, account: str) -> Person | None:
    """The person behind an account, if they have been met."""
    return db.exec(_accounts(), params={"place": place.id, "account": account}).one_or_none()


@cache
def _accounts() -> SelectOfScalar[Person]:
    return (
        select(Person)
        .join(Account, col(Account.person_id) == col(Person.id))
        .where(col(Account.workspace_id) == sa.bindparam("place"), col(Account.external) == sa.bindparam("account"))
    )


def meet(
    db: Db, place: Workspace, account: str, *, name: str, zone: str | None = None, email: str | None = None
) -> Person:
    """The person behind an account, as the platform describes them today; what it leaves empty stays as it was.

    A person known by e-mail only (a nominee, an applicant from the web page) is claimed by the account that has
    that address.
    """
    name, person = clean(name)[:200].strip(), known(db, place, account)
    if person is None and email:
        person = db.exec(
            select(Person)
            .where(Person.workspace_id == place.id, sa.func.lower(Person.email) == email.lower())
            .where(~sa.exists().where(col(Account.person_id) == col(Person.id)))
        ).first()
        if person is not None:
            db.add(Account(workspace_id=place.id, person_id=person.id, external=account))
    if person is None:
        person = Person(workspace_id=place.id, name=name or account, email=email, zone=zone or place.zone)
        db.add(person)
        db.flush()
        db.add(Account(workspace_id=place.id, person_id=person.id, external=account))
    for field, value in (("name", name), ("zone", zone), ("email", email)):
        if value and getattr(person, field) != value:
            setattr(person, field, value)
    db.flush()
    return person


def lives_by(db: Db, person: Person, zone: str) -> None:
    """Whoever's platform does not say where they live is taken to live where their cohort does."""
    if person.zone == NOWHERE:
        person.zone = zone
        db.flush()


def by_email(db: Db, place: Workspace, email: str, *, name: str) -> Person:
    """Somebody who may have no account yet."""
    found = db.exec(
        select(Person).where(Person.workspace_id == place.id, sa.func.lower(Person.email) == email.lower())
    ).first()
    if found is None:
        found = Person(workspace_id=place.id, name=name, email=email, zone=place.zone)
        db.add(found)
        db.flush()
    return found


def account_of(db: Db, person_id: int) -> str | None:
    """The platform's id of somebody; None while they have no account."""
    return db.exec(select(Account.external).where(Account.person_id == person_id).order_by(col(Account.id))).first()


def find(db: Db, place_id: int, words: str) -> Person:
    """Somebody of this workspace by account id, @handle, name or e-mail; refused when nobody or several fit."""
    wanted = words.strip().lstrip("@")
    found = exactly(db, place_id, words)
    if not found and wanted:
        pattern = wanted.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + " %"
        found = list(
            db.exec(
                select(Person).where(
                    Person.workspace_id == place_id, sa.func.lower(Person.name).like(pattern, escape="\\")
                )
            ).all()
        )
    if len(found) != 1:
        raise Refused("people/who" if not found else "people/which", words=words[:100])
    return found[0]


def exactly(db: Db, place_id: int, words: str) -> list[Person]:
    """Whose account id or @handle it is; else who has that very name or e-mail address."""
    wanted = words.strip().lstrip("@")
    by_account = db.exec(
        select(Person)
        .join(Account, col(Account.person_id) == col(Person.id))
        .where(Account.workspace_id == place_id, sa.func.lower(Account.external) == wanted.lower())
    ).all()
    by_name = db.exec(
        select(Person).where(
            Person.workspace_id == place_id,
            sa.or_(
                col(Person.name) == wanted,  # SQLite's lower() knows ASCII alone
                sa.func.lower(Person.name) == wanted.lower(),
                sa.func.lower(Person.email) == wanted.lower(),
            ),
        )
    ).all()
    return list(by_account) or list(by_name)


def grant(db: Db, person: Person, role: Granted, program_key: str = "") -> bool:
    """Give a role; False when they already have it."""
    had = db.exec(
        select(Grant).where(Grant.person_id == person.id, Grant.role == role, Grant.program_key == program_key)
    ).one_or_none()
    if had is None:
        db.add(Grant(workspace_id=person.workspace_id, person_id=person.id, role=role, program_key=program_key))
        db.flush()
    return had is None


def set_owners(
    db: Db, owners: Collection[str], *, others: Callable[[Db, Workspace, str], bool] = lambda db, place, account: False
) -> list[Person]:
    """Owners are whom the config names and whom `others` says, by account, and nobody else. Those who are new."""
    accounts = db.exec(
        select(Account, Person, Workspace)
        .join(Person, col(Person.id) == col(Account.person_id))
        .join(Workspace, col(Workspace.id) == col(Account.workspace_id))
    ).all()
    named = {
        person.id: person
        for account, person, place in accounts
        if is_named_owner(owners, place, account.external, person.email) or others(db, place, account.external)
    }
    new = [person for person in named.values() if grant(db, person, Granted.OWNER)]
    for had in db.exec(select(Grant).where(Grant.role == Granted.OWNER)).all():
        if had.person_id not in named:
            db.delete(had)
    db.flush()
    return new


def is_named_owner(owners: Collection[str], place: Workspace, account: str, email: str | None) -> bool:
    """Whether the config names somebody: by account id, e-mail address, or workspace and account, "T1/U1"."""
    return bool({account, email, f"{place.external}/{account}"} & set(owners))


def is_owner(db: Db, person: Person) -> bool:
    return _granted(db, person, Grant.role == Granted.OWNER)


def conducts(db: Db, person: Person, program_key: str | None = None) -> bool:
    """Whether somebody facilitates a program (any, when none is named). Owners may do what facilitators do."""
    mine = sa.true() if program_key is None else col(Grant.program_key) == program_key
    return is_owner(db, person) or _granted(db, person, sa.and_(col(Grant.role) == Granted.FACILITATOR, mine))


def _granted(db: Db, person: Person, condition: "sa.ColumnElement[bool] | bool") -> bool:
    query = select(Grant.id).where(Grant.person_id == person.id, Grant.workspace_id == person.workspace_id, condition)
    return db.exec(query).first() is not None


def facilitators(db: Db, workspace_id: int, program_key: str) -> list[Person]:
    """Who conducts a program: those named for it, else the owners."""
    for condition in (
        sa.and_(col(Grant.role) == Granted.FACILITATOR, col(Grant.program_key) == program_key),
        col(Grant.role) == Granted.OWNER,
    ):
        found = db.exec(
            select(Person)
            .join(Grant, col(Grant.person_id) == col(Person.id))
            .where(Grant.workspace_id == workspace_id, condition)
            .order_by(col(Person.id))
        ).all()
        if found:
            return list(found)
    return []
