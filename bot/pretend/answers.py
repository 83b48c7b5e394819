"""How pretend people answer: any question by its kind, from the program's own choices and ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from bot.message import Answer, File
from bot.platforms.local.draw import DrawnField, DrawnForm
from cohorts.program_answers import Verdict, advise
from cohorts.program_parts import Criterion, Question
from cohorts.programs import Program

APPLYING = "applications/apply"
LOOKING_BACK = ("reflections/reflect", "chatham/reflect")
TRIES = 40  # answers looked through for one that a criterion takes, or doesn't

# Which stock of sentences a form is answered from, or one field of it.
STOCKS = {
    "reflections/reflect": "reflections",
    "chatham/reflect": "reflections",
    "homework/hand-in": "homework",
    "prompts/answer": "prompts",
    "surveys/answer": "comments",
    "reflections/reflect/promise": "promises",
    "promises/make/words": "promises",
    "reviews/give/works": "works",
    "reviews/give/question": "asks",
    "reviews/give/suggestion": "suggestions",
    "ceremony/say": "made",
    "reunion/tell": "wins",
    "testimonials/give": "testimonials",
    APPLYING: "stuck",
}


@dataclass(frozen=True)
class Temper:
    """What somebody's answers have in common. `mood` goes from 0 (hard to please) to 1."""

    id: str
    company: str
    goal: str
    mood: float
    place: int = 0  # among the others, so that not two of them say the same
    misfit: bool = False


@dataclass(frozen=True)
class Answerer:
    """Fills forms. The same person, form and seed give the same answers."""

    program: Program
    said: Mapping[str, Sequence[str]]
    seed: int

    def fill(self, who: Temper, form: DrawnForm, *, today: date, hopeful: bool) -> dict[str, Answer]:
        """Every field of one page. `hopeful`: they have met, and see things brighter than before."""
        answers: dict[str, Answer] = {}
        for field in form["fields"]:
            about = f"{form['name']}/{sorted(form['args'].items())}/{field['key']}"
            draw = Random(f"{self.seed}/{who.id}/{about}")
            answer = self._applying(who, field, draw, today) if form["name"] == APPLYING else None
            if answer is None:
                answer = self._any(who, form["name"], field, draw, today, hopeful, about)
            answers[field["key"]] = answer
        return answers

    def attach(self, who: Temper, form: DrawnForm) -> dict[str, list[File]]:
        """For every field that has to have a file: one with their words in it."""
        return {
            field["key"]: [File(f"{who.id}.txt", "text/plain", self._said(who, "homework", field["key"]).encode())]
            for field in form["fields"]
            if field["kind"] == "file" and field["required"]
        }

    def _applying(self, who: Temper, field: DrawnField, draw: Random, today: date) -> Answer:
        """What the program's people fields and its criteria ask of this answer; None when nothing does."""
        people = self.program.people
        if field["key"] == people.company:
            return who.company
        asked = [one for one in self.program.application.criteria if one.question == field["key"]]
        if field["key"] == people.goal and not asked:
            return _shortened(who.goal, field["max_length"])
        musts = [one for one in self.program.application.criteria if one.must]
        failing = (musts or list(self.program.application.criteria))[:1] if who.misfit else []
        if not asked:
            return None
        wished = [one not in failing and (one.must or draw.random() < 0.85) for one in asked]
        question = self.program.question(field["key"])
        for answer in self._tries(who, field, asked, draw, today):
            if [self._meets(one, question, answer) for one in asked] == wished:
                return answer
        return None

    def _tries(
        self, who: Temper, field: DrawnField, asked: Sequence[Criterion], draw: Random, today: date
    ) -> Sequence[Answer]:
        """Answers that might do: ordinary ones, and those that stand in the criteria themselves."""
        ordinary = [self._any(who, APPLYING, field, draw, today, False) for _ in range(TRIES)]
        for one in asked:
            near = [one.at_least, one.at_most]
            ordinary += [value + step for value in near if value is not None for step in (0, 7, -1)]
            ordinary += [value for value in (*(one.any_of or ()), one.equals) if value is not None]
            ordinary += [f"{who.goal} {one.contains}"] if one.contains else []
        return [*ordinary, None] if not field["required"] else ordinary

    def _meets(self, one: Criterion, question: Question, answer: Answer) -> bool:
        fit = advise(self.program, {question.key: answer} if answer is not None else {})
        return any(judged.criterion is one and judged.verdict is Verdict.MET for judged in fit.judged)

    def _any(
        self, who: Temper, form: str, field: DrawnField, draw: Random, today: date, hopeful: bool, about: str = ""
    ) -> Answer:
        choices = [choice["value"] for choice in field["choices"]]
        low, high = field["low"], field["high"]
        match field["kind"]:
            case "choice":
                return draw.choices(choices, [3, *([2] * (len(choices) - 1))])[0]
            case "choices":
                return sorted(draw.sample(choices, draw.randint(1, min(2, len(choices)))), key=choices.index)
            case "scale":
                share = (0.55 if hopeful else 0.15) + 0.3 * who.mood + 0.15 * draw.random()
                return min(high, low + round((high - low) * share))
            case "nps":
                return draw.choices((7, 8, 9, 10), (2, 3, 4, 3))[0] if who.mood > 0.1 else draw.choice((4, 5, 6))
            case "number":
                return draw.choice((4, 6, 8, 12, 15, 20, 35, 60))
            case "date":
                return (today + timedelta(days=draw.randint(7, 60))).isoformat()
            case "file":
                return None  # `attach` has them
            case "yes_no":
                return draw.random() < (0.35 if form in LOOKING_BACK else 0.8)
            case "link":
                # Words are enough where either would do, so that both are seen.
                keep = field["required"] or draw.random() < 0.4
                return f"https://work.{_slug(who.company)}.net/{who.id}/{draw.randint(100, 999)}" if keep else ""
            case "line":
                stock = STOCKS.get(f"{form}/{field['key']}", "lines")
                return _shortened(self._said(who, stock, about), field["max_length"])
            case _:
                stock = STOCKS.get(f"{form}/{field['key']}", STOCKS.get(form, "lines"))
                return _shortened(self._said(who, stock, about), field["max_length"])

    def _said(self, who: Temper, stock: str, about: str) -> str:
        """Everybody something else, as far as the stock goes, and each time something else."""
        sentences = self.said[stock]
        return sentences[(who.place + Random(f"{self.seed}/{about}").randrange(len(sentences))) % len(sentences)]


def _slug(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isascii() and char.isalnum())


def _shortened(text: str, most: int) -> str:
    """At a word's end, as somebody who reads the limit would."""
    if len(text) <= most:
        return text
    return text[:most].rsplit(" ", 1)[0][:most]
