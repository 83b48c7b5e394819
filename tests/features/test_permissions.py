"""Who may do and see what: generated from the registry × role × whose rows. Below the declared role there is a refusal
and nothing changes; rows of another program or another workspace are not there, whoever forged the button.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col, select
from structlog.testing import capture_logs

from bot import features
from bot.ask import COMMAND
from bot.command_text import Kind
from bot.config import Settings
from bot.message import Answer, Scalar
from bot.platforms.base import Deed, Filled, Inbound, Outcome, Pressed, Profile, Typed, Wrote
from bot.platforms.local.client import Client
from bot.platforms.local.draw import draw_form, draw_message, text_of
from bot.registry import Declared, collect
from bot.understanding import FILL
from cohorts.cohort import Cohort
from cohorts.people import Role, Workspace
from cohorts.store import Db, Store
from tests.support.chat import Person, World
from tests.support.crash_story import contents

OURS = collect(features)
DOORS = [
    (sort, declared) for sort in ("command", "button", "form", "closed", "words") for declared in OURS.of(sort).values()
]
# What a deed may write even when it is refused: that it came, and from whom.
ALWAYS = {"arrival", "person", "account"}

# Everybody, by role: whom the declared role lets in.
LETS_IN: Mapping[Role | None, frozenset[str]] = {
    Role.ANYONE: frozenset({"sam", "pia", "ana", "lou", "hoa", "fay", "gil", "olu"}),
    Role.MEMBER: frozenset({"ana", "lou", "hoa"}),
    Role.HOST: frozenset({"hoa", "fay", "gil", "olu"}),
    Role.FACILITATOR: frozenset({"fay", "gil", "olu"}),
    Role.OWNER: frozenset({"olu"}),
    None: frozenset(),
}
ROLES = {
    "sam": "a stranger",
    "pia": "an applicant",
    "ana": "a member",
    "lou": "a member who left",
    "hoa": "a member who hosts the second session",
    "fay": "the facilitator of this program",
    "gil": "the facilitator of another program",
    "olu": "the owner",
}
REFUSALS = ("This door is somebody else's", "First, join one")


@dataclass(frozen=True)
class Rows:
    """The rows of one place: the ids that a button could carry, and words that only its own people may read."""

    ids: Mapping[str, list[int]]
    words: tuple[str, ...]


class Community:
    """Two programs here, one of them elsewhere too. Names and words tell where they come from."""

    def __init__(self, folder: Path, migrated: Path, packages: tuple[ModuleType, ...] = (features,)) -> None:
        programs = folder / "programs"
        programs.mkdir()
        for key in ("alpha", "beta"):
            (programs / f"{key}.toml").write_text(PROGRAM.replace("KEY", key), "utf-8")
        settings = Settings(owners=("olu", "xolu"))
        self.world = World(folder, template=migrated, programs=programs, settings=settings, packages=packages)
        self.store: Store = self.world.store
        self.number = itertools.count()
        self._program("local", "olu", "alpha", "fay", ["ana", "ben", "lou", "hoa"], "2027-01-11")
        self._program("local", "olu", "beta", "gil", ["mia", "noa"], "2027-02-08")
        self._program("elsewhere", "xolu", "alpha", "xfay", ["xana", "xben"], "2027-03-08")
        self.person("local", "fay").says("/session hand-over 1 @fay").says("/session hand-over 2 @hoa")
        self.world.until(self.world.clock.now().replace(year=2027, month=1, day=11, hour=15))
        self.world.passes(minutes=70)
        for zone, facilitator, program, day in (
            ("local", "fay", "alpha", "2027-05-03"),
            ("local", "gil", "beta", "2027-06-07"),
            ("elsewhere", "xfay", "alpha", "2027-07-05"),
        ):
            self._opens(zone, facilitator, program, day)
        self._applies("local", "pia", "alpha")
        self._applies("local", "bix", "beta")
        self._applies("elsewhere", "xpia", "alpha")
        self.person("local", "lou").says("/cohort leave").presses("Yes, leave")
        self.rows = {
            "own": self._rows("local", "alpha", ("Ana", "Ben", "Pia")),
            "another program": self._rows("local", "beta", ("Mia", "Noa", "Bix")),
            "another workspace": self._rows("elsewhere", "alpha", ("Xana", "Xben", "Xpia", "Xfay")),
        }

    def person(self, workspace: str, id: str) -> Person:
        if id not in {one.id for one in self.world.chat.people()}:
            self.world.chat.add_person(id, f"{id.capitalize()} Secret", "Europe/Berlin")
        door, clock = self.world.app.doors["local"], self.world.clock.now
        ids = (f"story-{next(self.number)}" for _ in itertools.count())
        return Person(self.world, Client(self.world.chat, door, id, workspace, clock=clock, ids=lambda: next(ids)))

    def _program(
        self, workspace: str, owner: str, program: str, facilitator: str, members: list[str], day: str
    ) -> None:
        conducts = self.person(workspace, facilitator)
        conducts.says("/cohort help")
        self.person(workspace, owner).says(f"/program facilitator @{facilitator} program:{program}")
        self._opens(workspace, facilitator, program, day)
        for id in members:
            self._applies(workspace, id, program)
            conducts.says(f"/program decide @{id} accept")
        conducts.presses(f"Send {len(members)} decisions")
        conducts.says("/program launch").presses("Yes, start")

    def _opens(self, workspace: str, facilitator: str, program: str, day: str) -> None:
        who = self.person(workspace, facilitator)
        who.says(f"/program open {program} {day} zone:Europe/Berlin").presses("Open for applications")

    def _applies(self, workspace: str, id: str, program: str) -> None:
        who = self.person(workspace, id)
        who.says(f"/apply {program}").fills(why=f"the secret words of {id}")
        assert not who.errors

    def _rows(self, workspace: str, program: str, names: tuple[str, ...]) -> Rows:
        def read(db: Db) -> Rows:
            cohorts = db.exec(
                select(Cohort)
                .join(Workspace, col(Workspace.id) == col(Cohort.workspace_id))
                .where(Workspace.external == workspace, Cohort.program_key == program)
                .order_by(col(Cohort.id))
            ).all()
            ids = {"cohort_id": [one.id for one in cohorts], "cohort": [one.id for one in cohorts]}
            for name in ("session", "homework", "application", "membership"):
                table = SQLModel.metadata.tables[name].c
                found = db.execute(sa.select(table.id).where(table.cohort_id.in_(ids["cohort"])))
                ids[f"{name}_id"] = list(found.scalars())
            words = tuple(f"{name} Secret" for name in names) + tuple(f"secret words of {n.lower()}" for n in names)
            return Rows(ids, (*words, *(one.handle for one in cohorts)) if workspace != "local" else words)

        return self.store.read(read)

    def ask(self, who: str, deed: Deed, workspace: str = "local") -> Outcome:
        profile = Profile(f"{who.capitalize()} Secret", "Europe/Berlin")
        inbound = Inbound(f"ask-{next(self.number)}", workspace, who, profile, deed)
        outcome = self.world.run(self.world.app.doors["local"](inbound))
        assert outcome is not None
        return outcome

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table as it stands in the file, but for what any deed may write."""
        assert self.store.file is not None
        return {name: rows for name, rows in contents(self.store.file).items() if name not in ALWAYS}


PROGRAM = """
key = "KEY"
name = "Program KEY"
promise = "What KEY is good for."
hosts = "rotate"
place = "https://meet.test/KEY"

[[application.questions]]
key = "why"
ask = "What brings you?"
kind = "paragraph"

[[surveys]]
key = "exit"
when = "session-end"

[[surveys.questions]]
key = "nps"
ask = "Would you recommend it?"
kind = "nps"

[[prompts]]
key = "midweek"
when = "day 40 at 09:00"
ask = "How is it going?"

[[sessions]]
key = "first"
title = "The first hour"
minutes = 60

[[sessions.homework]]
key = "made"
title = "What you made"
ask = "Show it."

[[sessions]]
key = "second"
title = "The second hour"
minutes = 60
"""

# What other arguments may be, by their names in the handlers.
WORDS: Mapping[str, Scalar] = {
    "survey": "exit",
    "prompt": "midweek",
    "page": 1,
    "answer": "yes",
    "decision": "accept",
    "program": "alpha",
    "starts_on": "2027-09-06",
    "zone": "Europe/Berlin",
    "starts": "2027-02-02T10:00:00+00:00",
    "title": "An extra hour",
    "minutes": 60,
    "weeks": 1,
    "revision": 0,
}
OPTIONS: Mapping[Kind, str] = {
    Kind.NUMBER: "1",
    Kind.MOMENT: "2027-02-02 10:00",
    Kind.LINK: "https://build.test/one",
}


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Community]:
    made = Community(tmp_path_factory.mktemp("community"), migrated)
    yield made
    made.world.close()


def parameters(declared: Declared) -> dict[str, type]:
    wanted = inspect.signature(declared.handler, eval_str=True).parameters.values()
    return {one.name: one.annotation for one in list(wanted)[1:] if one.name not in ("answers", "files")}


def optional(declared: Declared) -> set[str]:
    wanted = inspect.signature(declared.handler).parameters.values()
    return {one.name for one in wanted if one.default is not inspect.Parameter.empty}


def is_id(name: str, annotation: type) -> bool:
    return annotation in (int, int | None) and name not in WORDS


def arguments(community: Community, declared: Declared, whose: str) -> Iterator[dict[str, Scalar]]:
    """Every choice of rows of one place; and, where a button carries two ids, one's own beside the foreign one."""
    wanted = parameters(declared)
    ids = [name for name, kind in wanted.items() if is_id(name, kind)]
    rest = {name: WORDS.get(name, "x") for name in wanted if name not in ids}
    for foreign in itertools.product((False, True), repeat=len(ids)):
        if whose != "own" and not any(foreign):
            continue
        if whose == "own" and any(foreign):
            continue
        pools = [
            of(community.rows[whose if is_foreign else "own"], name)
            for name, is_foreign in zip(ids, foreign, strict=True)
        ]
        for values in itertools.product(*pools):
            yield {**rest, **dict(zip(ids, values, strict=True))}


def of(rows: Rows, name: str) -> list[int]:
    """The rows that an argument of this name may mean; for a name nobody has told us of, any small number."""
    return rows.ids.get(name, sorted({one for ids in rows.ids.values() for one in ids}))[:8]


def deeds(community: Community, sort: str, declared: Declared, whose: str) -> Iterator[Deed]:
    if sort == "words":
        yield Wrote(declared.help.split("|")[0])
    elif sort == "command":
        person = {"own": "ben", "another program": "mia", "another workspace": "xana"}[whose]
        key = "beta" if whose == "another program" else "alpha"
        given = {
            one.name: f"@{person}"
            if one.kind is Kind.PERSON
            else key
            if one.name == "program"
            else OPTIONS.get(one.kind, one.choices[0] if one.choices else "x")
            for one in declared.options
        }
        yield Typed(f"/{declared.name}")
        yield Typed(f"/{declared.name} " + " ".join(f'{name}:"{value}"' for name, value in given.items()))
        yield Filled(FILL, given, {COMMAND: declared.name})
    else:
        for args in arguments(community, declared, whose):
            if sort == "button":
                yield Pressed(declared.name, args)
            else:
                answers: dict[str, Answer] = {
                    "why": "because",
                    "nps": 9,
                    "words": "some words",
                    "link": "https://build.test/one",
                }
                yield Filled(declared.name, answers, args, closed=sort == "closed")


def read(outcome: Outcome) -> str:
    """Everything that somebody sees of an answer, buttons and forms too."""
    out = [*outcome.errors.values()]
    if outcome.message is not None:
        drawn = draw_message(outcome.message)
        out += [text_of(drawn), str(drawn)]
    if outcome.form is not None:
        out.append(str(draw_form(outcome.form)))
    return "\n".join(out)


def without_own_words(deed: Deed, text: str) -> str:
    """An answer may repeat what was asked."""
    return text.replace(deed.text, "") if isinstance(deed, Typed) else text


def named(one: tuple[str, Declared]) -> str:
    return f"{one[0]} {one[1].name}"


def test_everything_of_ours_declares_a_role() -> None:
    assert [named(one) for one in DOORS if one[1].role is None] == []
    assert len(DOORS) > 40


@pytest.mark.parametrize("door", DOORS, ids=named)
def test_below_the_declared_role_there_is_a_refusal_and_nothing_changes(
    community: Community, door: tuple[str, Declared]
) -> None:
    sort, declared = door
    before = community.tables()
    with capture_logs() as logs:
        for who in ROLES.keys() - LETS_IN[declared.role]:
            for whose in ("own", "another workspace"):
                for deed in itertools.islice(deeds(community, sort, declared, whose), 3):
                    outcome = community.ask(who, deed)
                    assert outcome.form is None, (ROLES[who], deed)
                    assert any(refusal in read(outcome) for refusal in REFUSALS), (ROLES[who], deed, read(outcome))
    assert community.tables() == before
    assert [one for one in logs if one["log_level"] == "error"] == []


@pytest.mark.parametrize("door", DOORS, ids=named)
def test_what_belongs_to_another_workspace_is_not_there(community: Community, door: tuple[str, Declared]) -> None:
    sort, declared = door
    secrets = community.rows["another workspace"].words
    carries_ids = any(is_id(*one) for one in parameters(declared).items()) and sort in ("button", "form", "closed")
    for who in LETS_IN[declared.role]:
        before = community.tables()
        with capture_logs() as logs:
            if carries_ids:
                for deed in deeds(community, sort, declared, "another workspace"):
                    outcome = community.ask(who, deed)
                    shown = without_own_words(deed, read(outcome))
                    assert not any(secret in shown for secret in secrets), (ROLES[who], deed, shown)
                    assert outcome.form is None or "place" in shown, (ROLES[who], deed, shown)
        assert [one for one in logs if one["log_level"] == "error"] == []
        assert community.tables() == before, ROLES[who]


@pytest.mark.parametrize("door", DOORS, ids=named)
def test_what_belongs_to_another_program_is_not_there(community: Community, door: tuple[str, Declared]) -> None:
    """For whoever belongs to the first one alone. Anybody may apply; an owner may do what any facilitator does."""
    sort, declared = door
    secrets = community.rows["another program"].words
    if declared.role is Role.ANYONE or sort in ("command", "words"):
        return
    for who in LETS_IN[declared.role] - {"olu", "gil"}:
        before = community.tables()
        with capture_logs() as logs:
            for deed in deeds(community, sort, declared, "another program"):
                shown = read(community.ask(who, deed))
                assert not any(secret in shown for secret in secrets), (ROLES[who], deed, shown)
        assert [one for one in logs if one["log_level"] == "error"] == []
        if any(is_id(*one) for one in parameters(declared).items()):
            assert community.tables() == before, ROLES[who]


@pytest.mark.parametrize("door", [one for one in DOORS if one[0] in ("button", "form", "closed")], ids=named)
def test_a_forged_button_or_form_is_refused(community: Community, door: tuple[str, Declared]) -> None:
    """With arguments missing, too many, or of the wrong kind, by somebody whose role is right."""
    sort, declared = door
    who = next(one for one in ("ana", "fay", "olu") if one in LETS_IN[declared.role])
    right = next(arguments(community, declared, "own"))
    before = community.tables()
    with capture_logs() as logs:
        for args, number in forged(declared, right):
            deed = (
                Pressed(declared.name, args) if sort == "button" else Filled(declared.name, {}, args, sort == "closed")
            )
            shown = read(community.ask(who, deed))
            assert shown if number else "That has moved on" in shown, (args, shown)
    assert [one for one in logs if one["log_level"] == "error"] == []
    assert community.tables() == before


STRANGE: tuple[object, ...] = (
    [1],
    {"a": 1},
    None,
    "abc",
    "--5",
    "-",
    "1; drop table person",
    "",
    " ",
    "\x00",
    1.5,
    True,
)
TOO_LARGE: tuple[object, ...] = (10**30, 2**63, "٣")
NUMBERS: tuple[object, ...] = (-1, 0, "9" * 18)


def forged(declared: Declared, right: Mapping[str, Scalar]) -> Iterator[tuple[dict[str, Scalar], bool]]:
    """Arguments, and whether they are at least of the right kind."""
    yield {**right, "surplus": 1}, False
    for name, kind in parameters(declared).items():
        if name not in optional(declared):
            yield {key: value for key, value in right.items() if key != name}, False
        if is_id(name, kind):
            for odd in (*STRANGE, *TOO_LARGE, *NUMBERS):
                yield {**right, name: odd}, odd in NUMBERS  # type: ignore[dict-item]


@pytest.mark.parametrize("door", [one for one in DOORS if one[0] in ("button", "form", "closed")], ids=named)
def test_strange_words_in_a_forged_button_or_form_are_no_bug(community: Community, door: tuple[str, Declared]) -> None:
    sort, declared = door
    right = next(arguments(community, declared, "own"))
    texts = [name for name, kind in parameters(declared).items() if not is_id(name, kind)]
    odd_moments = ("0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2027-02-02")
    with capture_logs() as logs:
        for name in texts:
            for odd in (
                *STRANGE,
                *odd_moments,
                *(NUMBERS + TOO_LARGE if name in ("page", "minutes", "revision") else ()),
            ):
                args: dict[str, Scalar] = {**right, name: odd}  # type: ignore[dict-item]
                for who in ("ana", "fay", "olu"):
                    if sort == "button":
                        community.ask(who, Pressed(declared.name, args))
                    else:
                        community.ask(who, Filled(declared.name, {}, args, sort == "closed"))
        for answers in ({"words": ["a"]}, {"share": {"a": 1}}, {"nps": [9]}, {"why": 5}, {"link": True}, {"": ""}):
            if sort != "button":
                community.ask("ana", Filled(declared.name, answers, right, sort == "closed"))  # type: ignore[arg-type]
                community.ask("ana", Filled(declared.name, {}, {**right, "answers": "forged"}))
    assert [one for one in logs if one["log_level"] == "error"] == []


@pytest.mark.parametrize(
    "deed",
    [
        Pressed("program/export"),
        Pressed("__init__"),
        Pressed(""),
        Filled("program/launched", {}, {"cohort_id": 1}),
        Filled("sessions/none", {}),
        Filled(FILL, {}),
        Filled(FILL, {"program": "x"}, {COMMAND: "nothing of the kind"}),
        Filled("commands/choose", {"cohort": "1"}),
    ],
    ids=repr,
)
def test_what_nobody_declared_has_moved_on(community: Community, deed: Deed) -> None:
    before = community.tables()
    assert "That has moved on" in read(community.ask("olu", deed))
    assert community.tables() == before


def test_a_cohort_chosen_in_a_forged_form_is_one_of_ones_own_or_none(community: Community) -> None:
    (foreign, *_) = community.rows["another program"].ids["cohort"]
    outcome = community.ask(
        "fay", Filled("commands/choose", {"cohort": str(foreign)}, {COMMAND: "program applications"})
    )
    assert "Bix" not in read(outcome)
    filled = Filled(FILL, {"time": "2027-02-02 10:00"}, {COMMAND: "session move", "/cohort": foreign})
    assert "beta" not in read(community.ask("fay", filled))


# Two workspaces in one database


@pytest.mark.parametrize("declared", OURS.commands.values(), ids=lambda one: one.name)
def test_no_list_of_one_workspace_shows_the_other(community: Community, declared: Declared) -> None:
    here = (*community.rows["own"].words, *community.rows["another program"].words)
    there = community.rows["another workspace"].words
    for workspace, asking, secrets in (
        ("local", ("sam", "ana", "fay", "olu"), there),
        ("elsewhere", ("xsam", "xana", "xfay", "xolu"), here),
    ):
        for who in asking:
            shown = read(community.ask(who, Typed(f"/{declared.name}"), workspace))
            assert not any(secret in shown for secret in secrets), (who, shown)


def test_no_completion_of_one_workspace_shows_the_other(community: Community) -> None:
    door = community.world.app.doors["local"]
    for declared in OURS.commands.values():
        for option in declared.options:
            found = {}
            for workspace, who in itertools.product(
                ("local", "elsewhere"), ("sam", "ana", "fay", "olu", "xana", "xfay")
            ):
                inbound = Inbound(
                    "c", workspace, who, Profile(f"{who.capitalize()} Secret"), Typed(f"/{declared.name} ")
                )
                found[workspace, who] = community.world.loop.run_until_complete(door.complete(inbound, option.name, ""))
                labels = str(found[workspace, who])
                assert "2027-07" not in labels or workspace == "elsewhere"
                assert ("2027-05" not in labels and "2027-06" not in labels) or workspace == "local"
            if declared.role in (Role.HOST, Role.FACILITATOR, Role.OWNER) and not option.choices:
                assert not found["local", "sam"] and not found["local", "ana"]


def test_a_person_of_another_workspace_is_nobody_here(community: Community) -> None:
    for who, line in (
        ("ana", "/cohort kudos @xana for everything"),
        ("fay", "/program decide @xpia accept"),
        ("olu", "/program facilitator @xana program:alpha"),
    ):
        before = community.tables()
        shown = read(community.ask(who, Typed(line)))
        assert "Who is that?" in shown or "Which one do you mean" in shown
        assert "Xana Secret" not in shown
        assert community.tables() == before


@pytest.mark.parametrize("door", [one for one in DOORS if one[1].role is Role.MEMBER], ids=named)
def test_whoever_left_changes_nothing_more_there(community: Community, door: tuple[str, Declared]) -> None:
    sort, declared = door
    before = community.tables()
    for deed in itertools.islice(deeds(community, sort, declared, "own"), 8):
        opened = community.ask("lou", deed).form
        assert opened is None or opened.name == FILL
    assert community.tables() == before


@pytest.mark.parametrize("door", DOORS, ids=named)
def test_with_the_right_role_and_ones_own_rows_nothing_breaks(community: Community, door: tuple[str, Declared]) -> None:
    sort, declared = door
    with capture_logs() as logs:
        for who in sorted(LETS_IN[declared.role] - {"gil"}):
            for deed in itertools.islice(deeds(community, sort, declared, "own"), 5):
                assert read(community.ask(who, deed)) or sort == "closed"
        community.world.settle()
    assert [one for one in logs if one["log_level"] == "error"] == []


# A role that nobody declared


def test_an_undeclared_role_is_refused(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "forgetful").mkdir()
    (tmp_path / "forgetful" / "__init__.py").write_text("")
    (tmp_path / "forgetful" / "secret.py").write_text(FORGETFUL)
    monkeypatch.syspath_prepend(str(tmp_path))
    package = importlib.import_module("forgetful")
    world = World(tmp_path, template=migrated, packages=(features, package))
    try:
        world.olu.says("/cohort help")  # greets them as well, the first time
        for person in (world.olu, world.ana):
            assert "This door is somebody else's" in person.says("/cohort secret").last
            assert "cohort secret" not in person.says("/cohort help").last
    finally:
        world.close()


FORGETFUL = """
from bot.registry import command


@command("cohort secret", help="Nobody's")
def secret(ask):
    raise AssertionError("nobody may come here")
"""
