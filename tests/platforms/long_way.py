"""The whole program in two sessions, told on any platform, act by act: what everybody reads is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.platforms.stage import Actor, Stage
from tests.platforms.watching import Watching

FIRST = datetime(2027, 1, 11, 15, 0, tzinfo=UTC)  # a Monday
LAST = datetime(2027, 1, 18, 15, 0, tzinfo=UTC)
MEMBERS = ("Ana", "Ben", "Chi", "Dan")
EVERYBODY = (*MEMBERS, "Eve", "Hal", "Kim", "Fay", "Gil", "Olu", "Ada Osei")
PROGRAM = """
key = "long-way"
name = "The Long Way"
promise = "In two weeks one routine runs without you."
summary = "For those who do it with their own hands."
theme = "expedition"
place = "https://meet.test/way"
board = "https://board.test/way"
norms = ["Half-baked is welcome."]

[size]
min = 3
target = 4
max = 4

[commitment]
hours_per_week = 2
text = "I will show up and share half-baked ideas."

[leader]
name = "Ada Osei"
title = "Chief Executive"
letter = "You did the **unglamorous** part."

[orientation]
video = "https://video.test/welcome"
text = "Two meetings, one build."
checklist = ["Say hello in the room"]

[[application.questions]]
key = "goal"
ask = "What should run by itself?"
help = "One sentence that you could show your boss."
kind = "paragraph"
required = true

[[application.questions]]
key = "role"
ask = "Which of these are you, on an ordinary day of an ordinary week?"
kind = "choice"
choices = ["Admin", "Team lead", "Sponsor"]
required = true

[[application.questions]]
key = "company"
ask = "Where do you work?"
kind = "line"

[[application.questions]]
key = "people"
ask = "How many people would notice?"
kind = "number"

[[application.questions]]
key = "access"
ask = "May you change things by yourself?"
kind = "yes_no"

[[application.questions]]
key = "tried"
ask = "What have you tried so far?"
kind = "paragraph"

[[application.criteria]]
key = "hands-on"
question = "role"
any_of = ["Admin", "Team lead"]
weight = 3
must = true
otherwise = "Could you nominate whoever will do it?"

[people]
goal = "goal"
company = "company"
level = "role"

[[surveys]]
key = "pre"
name = "Before we set out"
when = "accepted"

[[surveys.questions]]
key = "confidence"
ask = "How sure are you that you can make this work in your team?"
help = "1: not at all. 5: completely."
kind = "scale"
required = true

[[surveys]]
key = "exit"
name = "Looking back"
when = "1d after graduation"

[[surveys.questions]]
key = "reached"
ask = "You wanted: {{ my.goal }}. Reached?"
kind = "choice"
choices = ["Yes", "Partly", "Not yet"]
required = true

[[surveys.questions]]
key = "confidence"
ask = "How sure are you now?"
kind = "scale"

[[surveys.questions]]
key = "nps"
ask = "How likely are you to recommend it?"
kind = "nps"
required = true

[[surveys.questions]]
key = "comment"
ask = "What is the main reason?"
kind = "paragraph"

[[sessions]]
key = "out"
title = "Set out"
minutes = 60
goal = "Everybody knows the first step."
makes = "one step marked"
prework = "Bring the routine that costs you most."
materials = [{ title = "Worksheet", url = "https://docs.test/one" }]

[[sessions.agenda]]
kind = "ritual"
minutes = 5
prompt = "One word each."

[[sessions.agenda]]
kind = "pair_share"
minutes = 10
prompt = "What made you apply?"

[[sessions.agenda]]
kind = "results"
minutes = 5
survey = "pre"

[[sessions.agenda]]
kind = "work"
minutes = 25
prompt = "Mark the first step."
flexible = true

[[sessions.agenda]]
kind = "reflection"
minutes = 5

[[sessions.agenda]]
kind = "next_steps"
minutes = 5

[[sessions.homework]]
key = "step"
title = "The first step"
ask = "Do it once, with real work."
due = "1d before next session"
peer_review = 1
wall = "names"

[[sessions]]
key = "home"
title = "Come home"
minutes = 60

[[prompts]]
key = "midweek"
when = "3d after session"
ask = "What did you try since we met?"

[graduation]
attend = 1
submit = ["step"]
reflect_at_least = 1
grace = "14d"
reunion = "90d after graduation"

[[badges]]
key = "graduate"
name = "Long Way graduate"
description = "Walked all of it."
criteria = "One meeting, one step, one reflection."
when = "graduated"

[[badges]]
key = "good-company"
name = "Good company"
description = "Thanked by a peer for something particular."
criteria = "One thank-you."
when = "kudos 1"
"""


def written(folder: Path) -> Path:
    """A folder of programs, in that one."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "long-way.toml").write_text(PROGRAM, "utf-8")
    return programs


class Told:
    """Somebody whose acts are followed by all that comes of them, and by everybody's look at it."""

    def __init__(self, story: LongWay, actor: Actor) -> None:
        self.story = story
        self.actor = actor

    @property
    def name(self) -> str:
        return self.story.stage.mention(self.actor)

    async def types(self, line: str) -> None:
        await self.actor.types(line)
        await self.story.follows(self.actor)

    async def says(self, text: str) -> None:
        await self.actor.says(text)
        await self.story.follows(self.actor)

    async def presses(self, label: str, on: str = "") -> None:
        await self.actor.presses(label, on)
        await self.story.follows(self.actor)

    async def answers(self, **given: str) -> None:
        await self.actor.answers({words.replace("_", " "): answer for words, answer in given.items()})
        await self.story.follows(self.actor)

    async def changes(self, given: dict[str, str]) -> None:
        await self.actor.answers(given, rest=False)
        await self.story.follows(self.actor)

    async def begins(self, **given: str) -> None:
        await self.actor.begins(given)
        await self.story.follows(self.actor)


class LongWay:
    """Played from the first chapter to the last; afterwards `watching` has it all."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.watching = Watching(stage)
        self.people = {name: Told(self, stage.person(name)) for name in EVERYBODY}

    def __getattr__(self, name: str) -> Told:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.people[name.capitalize()]

    @property
    def members(self) -> list[Told]:
        return [self.people[name] for name in MEMBERS]

    async def follows(self, actor: Actor) -> None:
        """First what is said to them at once, then the messages."""
        await self.stage.quiet()
        self.watching.looks([actor])
        await self.stage.settle()
        self.everybody_looks()

    def everybody_looks(self) -> None:
        self.watching.looks([one.actor for one in self.people.values()])

    async def until(self, moment: datetime) -> None:
        await self.stage.until(moment)
        self.everybody_looks()

    async def passes(self, **by: float) -> None:
        await self.stage.passes(**by)
        self.everybody_looks()

    async def told(self) -> None:
        await self.is_opened()
        await self.people_get_in()
        await self.it_is_launched()
        await self.is_planned_anew()
        await self.meets_first()
        await self.has_a_week()
        await self.meets_last()
        await self.is_proved()
        await self.meets_again()

    async def is_opened(self) -> None:
        for one in (self.fay, self.gil, self.people["Ada Osei"]):
            await one.types("/cohort help")
        await self.olu.types("/program list")
        await self.olu.types(f"/program facilitator {self.fay.name} program:long-way")
        await self.olu.types(f"/program facilitator {self.gil.name} program:long-way")
        await self.fay.types("/program open long-way 2027-01-11 zone:Europe/Berlin")
        await self.fay.presses("Open for applications")
        await self.fay.types("/program preview long-way")
        await self.people["Ada Osei"].presses("Approve")
        await self.ana.types("/program list")
        await self.fay.types(f"/program nominate {self.ana.name} she asks what others only think")

    async def people_get_in(self) -> None:
        await self.ana.presses("Apply")
        await self.ana.answers(run="The weekly report")
        for one in (self.ben, self.chi, self.dan, self.eve):
            await one.types("/apply")
            await one.answers(run=f"The list of {one.actor.name}")
        await self.hal.types("/apply")
        await self.hal.answers(Which="Sponsor")
        await self.kim.types("/apply")
        await self.kim.begins(run="Something")
        await self.passes(days=10)
        await self.fay.types("/program applications")
        for one in self.members:
            await self.fay.types(f"/program decide {one.name} accept")
        await self.fay.types(f"/program decide {self.eve.name} waitlist")
        await self.fay.types(f"/program decide {self.hal.name} decline")
        await self.fay.types("/program decide")
        await self.fay.presses("Send 6 decisions")
        for one in self.members:
            await one.presses("Answer the first questions")
            await one.answers(sure="2")
        await self.chi.types("/cohort leave")
        await self.chi.presses("Yes, leave")
        await self.eve.presses("Answer the first questions")
        await self.eve.answers(sure="3")
        self.people["Chi"], self.people["Eve"] = self.people["Eve"], self.people["Chi"]  # she has the seat now

    async def it_is_launched(self) -> None:
        await self.passes(days=14)
        await self.fay.types("/program launch")
        await self.fay.presses("Yes, start")
        await self.ana.types("/cohort who")
        await self.ana.presses("Show me")
        await self.ben.types("/cohort who show")
        await self.ben.types("/cohort who")
        await self.ana.types("/cohort")
        await self.ana.types("/cohort goal The weekly report, without me on a Friday")
        await self.ana.types("/session")
        await self.ana.says("when do we meet?")
        await self.ben.types("/cohort partner")
        await self.ben.types("/cohort materials")

    async def is_planned_anew(self) -> None:
        await self.fay.types("/session plan 1")
        agenda = "5 min ritual: One word each.\n15 min pair share: What would an ordinary Tuesday look like?"
        agenda += "\n5 min results\n20 min work: Mark the first step.\n5 min reflection\n5 min next steps"
        await self.fay.changes({"Run of show": agenda})
        await self.fay.presses("Yes, change it")
        await self.fay.types("/session move 2 2027-01-19 17:00")
        await self.fay.presses("Yes, move it")
        await self.fay.types("/session move 2 2027-01-18 16:00")
        await self.fay.presses("Yes, move it")
        await self.fay.types(f"/session hand-over 2 {self.gil.name}")

    async def meets_first(self) -> None:
        await self.until(FIRST - timedelta(hours=20))
        await self.ana.presses("I'll be there")
        await self.ben.types("/cohort rsvp maybe")
        await self.until(FIRST - timedelta(minutes=90))
        await self.fay.types("/session brief")
        await self.until(FIRST)
        for one in self.members:
            await one.presses("I'm here")
        await self.passes(minutes=1)
        await self.fay.types("/session start")
        await self.passes(minutes=20)
        await self.fay.types("/session pairs")
        await self.fay.types('/session poll choices:"Import, Sharing" Where do we dig?')
        await self.ana.types("/cohort vote Sharing")
        await self.ben.types("/cohort vote 1")
        await self.fay.types("/session close-poll")
        await self.passes(minutes=38)
        await self.fay.types("/session end")
        for one in self.members:
            await one.presses("Answer")
            await one.answers(valuable=f"What {one.actor.name} heard from the others", next="Run it on Tuesday")
        await self.passes(minutes=15)
        await self.fay.types("/session attendance")
        await self.fay.types("/session recording https://video.test/out")
        await self.passes(hours=2)

    async def has_a_week(self) -> None:
        await self.passes(days=1)
        await self.ana.types(f"/cohort kudos {self.ben.name} for the honest question")
        await self.ana.types("/submit https://build.test/ana it ran *once*, with <real> work")
        await self.ben.types("/submit")
        await self.ben.answers(made="https://build.test/ben")
        await self.chi.types("/submit https://build.test/chi done")
        await self.passes(days=1)
        await self.ana.types("/cohort review")
        await self.ana.presses("Review")
        await self.ana.answers(works="The table", suggestion="A date on it")
        await self.dan.types("/cohort stuck")
        await self.dan.answers(about="Nobody reads the page")
        await self.ben.presses("I've been there")
        await self.ben.answers(helped="I read it aloud")
        await self.until(FIRST + timedelta(days=3))
        await self.ana.presses("Answer", on="What did you try")
        await self.ana.answers(since="I asked two people")
        await self.fay.types("/program homework")
        await self.ana.types("/cohort pause")
        await self.ana.types("/cohort resume")
        await self.ben.types("/cohort quiet later")
        await self.ben.types("/cohort quiet stay")
        await self.until(LAST - timedelta(hours=20))

    async def meets_last(self) -> None:
        await self.until(LAST - timedelta(hours=4))
        await self.ana.types("/cohort home")
        await self.until(LAST)
        here = self.members[:3]
        for one in here:
            await one.presses("I'm here")
        await self.passes(minutes=1)
        await self.gil.types("/session start")
        await self.passes(minutes=58)
        await self.gil.types("/session end")
        for one in here:
            await one.presses("Answer", on="Come home")
            await one.answers(valuable=f"That {one.actor.name} is not alone", next="Keep it running")
        await self.passes(minutes=20)
        await self.ana.types("/graduate")
        await self.dan.types("/graduate")
        await self.passes(days=1)
        await self.ana.says("what the world should know")
        await self.ana.answers(world="One hour a week, and it runs")

    async def is_proved(self) -> None:
        await self.passes(days=2)
        for one in self.members[:3]:
            await one.presses("Answer", on="Looking back")
            await one.answers(reason="The others")
        await self.passes(days=1)
        await self.fay.says("testimonials")
        await self.olu.types("/program report")
        for what in ("applications", "attendance", "homework", "nps", "graduates", "all"):
            await self.olu.types(f"/program export {what} csv")
        await self.passes(days=16)
        await self.dan.types("/cohort home")

    async def meets_again(self) -> None:
        await self.until(LAST + timedelta(days=91, hours=-20))
        await self.passes(days=1)
