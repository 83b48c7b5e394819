"""The one way in: understand, know the person, authorise, one transaction, reply or refuse.

A platform's event id is kept in the handler's own transaction, so that a redelivery changes nothing; the answer is
made after the commit.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from bot import news
from bot.acquaintance import looks_the_same, written_down
from bot.arguments import MOST_CHOICES, checked, field, read_options
from bot.ask import COMMAND, Ask, Asking, Listed, Reply, Response
from bot.bugs import traced
from bot.clock import Clock
from bot.command_text import Kind, UnknownCommand
from bot.directory import look_up
from bot.message import Choice, Field, FieldKind, Scalar
from bot.plain_dates import day_first
from bot.platforms.base import Changed, CommandInfo, Deed, Inbound, Invited, Outcome, ShortcutInfo, Typed
from bot.registry import Declared, Registry
from bot.render import Directory, Renderer, refs
from bot.threads import Busy, Threads
from bot.understanding import CHOOSE, COHORT, FILL, Call, Understanding, told
from cohorts import handmade, hosting, inbox, people, rooms, welcome
from cohorts.cohort import took_part
from cohorts.errors import Invalid, Refused, Remark, Unclear
from cohorts.facts import Fact
from cohorts.people import Granted, Person, Role, Workspace
from cohorts.store import Db

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Answer:
    response: Response = None
    errors: Mapping[str, Remark] | None = None
    attached: Sequence[str] = ()  # fields that came with files
    directory: Directory | None = None  # looked up in the same transaction; None: later


class _Declined(Exception):
    """A handler refused: ends its transaction, and carries what the person hears."""

    def __init__(self, answer: _Answer) -> None:
        super().__init__()
        self.answer = answer


KNOWN = (Refused, Invalid, Unclear)


class Dispatch:
    """The door of one platform. `committed` is called after each commit, to wake delivery and scheduler."""

    def __init__(
        self,
        platform: str,
        *,
        threads: Threads,
        registry: Registry,
        renderer: Renderer,
        clock: Clock,
        catalogue: Mapping[str, Listed],
        committed: Callable[[], None] = lambda: None,
        prefix: str = "",
        languages: tuple[str, ...] = ("en",),
        locale: str = "en",
        owners: frozenset[str] = frozenset(),
        pages: Callable[[], str] = str,
    ) -> None:
        self.platform = platform
        self._threads = threads
        self._registry = registry
        self._renderer = renderer
        self._clock = clock
        self._catalogue = catalogue
        self._committed = committed
        self._prefix = prefix
        self._languages = languages
        self._understanding = Understanding(registry, prefix=prefix, languages=languages)
        self._day_first = day_first(locale)
        self._owners = owners  # account ids and e-mail addresses, from the config
        self._pages = pages

    async def __call__(self, inbound: Inbound) -> Outcome:
        """Never raises for what a person did; a bug is logged with a token, which the person sees."""
        try:
            call = self._understanding.call(inbound.deed)
            if call is None:
                await self._heard(inbound)
                return Outcome()
            inbound = call.concerns(inbound)
            if call.declared.reads:
                return await self._outcome(await self._reading(inbound, call))
            if (ahead := self._registry.handlers("ahead").get(call.declared.name)) is not None:
                await self._threads.read(lambda db: ahead(db, self._clock.now()))
            answer = await self._threads.write_soon(lambda db: self._once(db, inbound, call))
            self._committed()
            return await self._outcome(answer)
        except Refused as refused:
            answer = _Answer(Reply(refused.reason, more=refused.facts))
            return await self._outcome(await self._noted(inbound, answer))
        except Invalid as invalid:
            return await self._outcome(_Answer(errors=invalid.remarks))
        except _Declined as declined:
            return await self._outcome(await self._noted(inbound, declined.answer))
        except Busy:
            return await self._outcome(_Answer(Reply("errors/busy")))
        except Exception as bug:
            token = secrets.token_hex(4)
            log.error("bug", token=token, platform=self.platform, deed=type(inbound.deed).__name__, **traced(bug))
            return await self._outcome(_Answer(Reply("errors/bug", token=token)))

    async def _heard(self, inbound: Inbound) -> None:
        """News of the platform's own: nobody waits for an answer."""
        match inbound.deed:
            case Changed():
                await self._threads.write_soon(lambda db: self._brought_up_to_date(db, inbound))
            case Invited(name=name):
                await self._threads.write_soon(lambda db: self._brought_in(db, inbound, name))
                self._committed()
            case _ if await self._threads.read(lambda db: self._known(db, inbound) is not None):
                with suppress(Refused):
                    await self._threads.write_soon(lambda db: self._told(db, inbound))
                    self._committed()

    def _brought_up_to_date(self, db: Db, inbound: Inbound) -> None:
        """Strangers stay strangers: a workspace has thousands of people, a cohort fifteen."""
        place = self._place(db, inbound)
        if place is not None and people.known(db, place, inbound.account) is not None:
            self._meet(db, inbound, place)

    def _brought_in(self, db: Db, inbound: Inbound, name: str) -> None:
        """Into a room that somebody made by hand, because the bot may not: it may be the one that is waited for."""
        place = self._place(db, inbound)
        if place is not None and inbound.room:
            inviter = people.known(db, place, inbound.account)
            handmade.brought_in(db, place.id, inviter, inbound.room, name, now=self._clock.now())

    def _told(self, db: Db, inbound: Inbound) -> None:
        who = self._known(db, inbound)
        if who is not None:
            news.heard(self._ask(db, inbound, *who), inbound.deed, authorise)

    async def _noted(self, inbound: Inbound, answer: _Answer) -> _Answer:
        """Nothing was done, and whoever asked is known all the same; the same event again is answered no more."""
        try:
            new = await self._threads.write_soon(lambda db: self._met(db, inbound) is not None)
        except Busy:
            new = True
        return answer if new else _Answer()

    async def _reading(self, inbound: Inbound, call: Call) -> _Answer:
        """Whoever is new, or looks different today, is written down first; the command itself can't write."""
        answer = await self._threads.read(lambda db: self._read(db, inbound, call))
        if answer is None:
            if not await self._threads.write_soon(lambda db: self._met(db, inbound) is not None):
                return _Answer()
            self._committed()
            answer = await self._threads.read(lambda db: self._read(db, inbound, call, met=True))
        assert answer is not None
        return answer

    def _read(self, db: Db, inbound: Inbound, call: Call, *, met: bool = False) -> _Answer | None:
        """None when the person is new or has changed."""
        who = self._known(db, inbound)
        if who is None or not (met or looks_the_same(who[1], inbound.profile)):
            return None
        try:
            return self._handled(db, inbound, call, who)
        except KNOWN as known:
            return self._refusal(known, call)

    def commands(self) -> Sequence[CommandInfo]:
        return [
            CommandInfo(
                self._prefix + name,
                declared.help,
                tuple(option.name for option in declared.options),
                tuple(told(option) for option in declared.options),
                declared.role.value if declared.role is not None else "",
            )
            for name, declared in self._registry.commands.items()
        ]

    def shortcuts(self) -> Sequence[ShortcutInfo]:
        words = self._renderer.words
        return [
            ShortcutInfo(name, words.get(declared.feature, "shortcuts", name.partition("/")[2]))
            for name, declared in self._registry.of("shortcut").items()
        ]

    def only_reads(self, deed: Deed) -> bool:
        try:
            call = self._understanding.call(deed)
        except Refused:
            return False  # it is written down that it was answered
        return call is not None and call.declared.reads

    async def complete(self, inbound: Inbound, option: str, typed: str) -> Sequence[Choice]:
        """Choices of one option that begin with, or contain, what is typed."""
        if not isinstance(inbound.deed, Typed):
            return []
        try:
            path, _ = self._understanding.route(inbound.deed.text)
        except UnknownCommand:
            return []
        wanted = next((one for one in self._registry.commands[path].options if one.name == option), None)
        if wanted is None:
            return []
        found = [Choice(one, one) for one in wanted.choices]
        if wanted.complete is not None:
            complete = wanted.complete
            role = self._registry.commands[path].role
            found = list(await self._threads.read(lambda db: self._completed(db, inbound, complete, role)))
        needle = typed.casefold()
        return [one for one in found if needle in one.label.casefold() or needle in one.value.casefold()][:MOST_CHOICES]

    def _completed(
        self, db: Db, inbound: Inbound, complete: Callable[[Ask], Sequence[Choice]], role: Role | None
    ) -> Sequence[Choice]:
        """Nothing for those who may not use the command, or who would be refused."""
        who = self._known(db, inbound)
        if who is None:
            return []
        ask = self._ask(db, inbound, *who)
        try:
            authorise(db, ask.person, role)
            return complete(ask)
        except (Refused, Unclear):
            return []

    def _place(self, db: Db, inbound: Inbound) -> Workspace | None:
        return people.workspace_known(db, self.platform, inbound.workspace)

    def _known(self, db: Db, inbound: Inbound) -> tuple[Workspace, Person] | None:
        place = self._place(db, inbound)
        person = people.known(db, place, inbound.account) if place is not None else None
        return (place, person) if place is not None and person is not None else None

    def _ask(self, db: Db, inbound: Inbound, place: Workspace, person: Person, cohort: int | None = None) -> Ask:
        return Ask(
            db=db,
            now=self._clock.now(),
            person=person,
            place=place,
            event=f"{place.id}/{inbound.event_id}",
            room=rooms.known(db, place.id, inbound.room) if inbound.room else None,
            cohort=cohort,
            catalogue=self._catalogue,
            languages=self._languages,
            day_first=self._day_first,
            registry=self._registry,
            pages=self._pages(),
        )

    def _once(self, db: Db, inbound: Inbound, call: Call) -> _Answer:
        """What is refused is raised, so that the whole transaction leaves no trace."""
        who = self._met(db, inbound)
        if who is None:
            return _Answer()
        try:
            return self._handled(db, inbound, call, who)
        except KNOWN as known:
            raise _Declined(self._refusal(known, call)) from None

    def _met(self, db: Db, inbound: Inbound) -> tuple[Workspace, Person] | None:
        """Note the event and who is behind it; None when it was handled before."""
        place = people.workspace(db, self.platform, inbound.workspace, name=inbound.workspace_name)
        if not inbox.is_new(db, place, inbound.event_id, now=self._clock.now()):
            return None
        for account, profile in inbound.mentioned.items():
            # Whoever is named is somebody, though they have never spoken to us.
            if people.known(db, place, account) is None:
                written_down(db, self._registry, place, account, profile, self._clock.now())
        return place, self._meet(db, inbound, place)

    def _meet(self, db: Db, inbound: Inbound, place: Workspace) -> Person:
        person = written_down(db, self._registry, place, inbound.account, inbound.profile, self._clock.now())
        named = people.is_named_owner(self._owners, place, inbound.account, person.email)
        if named and people.grant(db, person, Granted.OWNER):
            welcome.greet(db, person, now=self._clock.now())
        return person

    def _handled(self, db: Db, inbound: Inbound, call: Call, who: tuple[Workspace, Person]) -> _Answer:
        declared = call.declared
        ask = self._ask(db, inbound, *who, call.cohort)
        authorise(db, ask.person, declared.role)
        args = dict(call.args)
        if declared.sort == "command":
            args = read_options(declared, args, beside=call.filled)
            missing = [option for option in declared.options if option.required and option.name not in args]
            if missing:
                return _Answer(self._fill(ask, declared, args, call.cohort))
            args = self._values(ask, declared, args)
        else:
            args = checked(declared, args)
            if declared.author:
                args["author"] = people.known(db, ask.place, str(args["author"] or ""))
        response = declared.handler(ask, **args)
        if not declared.reads and not declared.anonymous:  # what follows would be written of the one who did it
            for follow in self._registry.handlers("after").values():
                follow(ask)
        return _Answer(response, directory=look_up(db, _facts_of(response)))

    def _values(self, ask: Ask, declared: Declared, args: Mapping[str, object]) -> dict[str, object]:
        """People by their row; everything else as it was typed."""
        kinds = {option.name: option.kind for option in declared.options}
        return {
            name: people.find(ask.db, ask.place.id, str(value)) if kinds[name] is Kind.PERSON else value
            for name, value in args.items()
        }

    def _fill(self, ask: Ask, declared: Declared, args: Mapping[str, object], cohort: int | None) -> Asking:
        """A form for what a command still needs, and for what it may be given."""
        fields = [
            field(option, args.get(option.name), option.complete(ask) if option.complete is not None else ())
            for option in declared.options
        ]
        carried: dict[str, Scalar] = {COMMAND: declared.name} | ({COHORT: cohort} if cohort is not None else {})
        return Asking(FILL, fields, args=carried, command=f"/{self._prefix}{declared.name}")

    def _refusal(self, known: Refused | Invalid | Unclear, call: Call) -> _Answer:
        match known:
            case Refused():
                return _Answer(Reply(known.reason, more=known.facts))
            case Invalid():
                return _Answer(errors=known.remarks, attached=call.attached)
            case Unclear():
                choices = tuple(Choice(str(id_), name) for id_, name in known.choices)
                which = Field("cohort", FieldKind.CHOICE, "", required=True, choices=choices)
                given = {name: value for name, value in call.args.items() if isinstance(value, (str, int, bool))}
                return _Answer(Asking(CHOOSE, [which], args={**given, COMMAND: self._command_of(call.declared)}))

    def _command_of(self, declared: Declared) -> str:
        """The command itself, or the one that plain words stand for."""
        same = (one.name for one in self._registry.commands.values() if one.handler is declared.handler)
        return next(same, declared.name)

    async def _outcome(self, answer: _Answer) -> Outcome:
        response = answer.response
        if answer.errors:
            remarks = {key: self._renderer.remark(remark) for key, remark in answer.errors.items()}
            lost = self._renderer.remark(Remark("attach-again"))
            return Outcome(errors=remarks, lost={key: lost for key in answer.attached if key not in remarks})
        if response is None:
            return Outcome()
        directory = answer.directory
        if directory is None:
            facts = _facts_of(response)
            directory = await self._threads.read(lambda db: look_up(db, facts)) if any(refs(*facts)) else Directory()
        if isinstance(response, Reply):
            message = self._renderer.message(
                response.template, response.facts, response.presses, response.parts, directory
            )
            return Outcome(message=message, replaces=response.replaces, template=response.template)
        return Outcome(form=self._renderer.form(response, directory))


def _facts_of(response: Response) -> list[Fact]:
    """All that a response is made of."""
    if response is None:
        return []
    parts = response.parts if isinstance(response, Reply) else ()
    return [dict(response.facts), *(dict(part.facts) for part in parts)]


def authorise(db: Db, person: Person, role: Role | None) -> None:
    """Refuse whoever has nothing to do here. A handler that declares no role is nobody's."""
    match role:
        case Role.ANYONE:
            return
        case Role.MEMBER:
            if not took_part(db, person):
                raise Refused("people/no-cohort-yet")
        case Role.HOST:
            if not (people.conducts(db, person) or hosting.is_host(db, person)):
                raise Refused("people/another-door")
        case Role.FACILITATOR:
            if not people.conducts(db, person):
                raise Refused("people/another-door")
        case Role.OWNER:
            if not people.is_owner(db, person):
                raise Refused("people/another-door")
        case None:
            raise Refused("people/another-door")
