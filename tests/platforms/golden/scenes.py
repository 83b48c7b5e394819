"""Messages and forms to draw: every template with ordinary facts, and a few that hold everything there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot import questions
from bot.ask import Asking, Part
from bot.catalogue import load
from bot.message import (
    Break,
    Button,
    ButtonStyle,
    Card,
    Choice,
    Divider,
    Field,
    FieldKind,
    Form,
    Heading,
    Link,
    Listing,
    Mention,
    Message,
    Moment,
    MomentStyle,
    Paragraph,
    Quote,
    RoomMention,
    Text,
)
from bot.render import Directory, Renderer
from cohorts.facts import Fact, freeze, thaw
from cohorts.outbox import Press
from tests.features.test_words import ANA, HOSTILE, TEMPLATES, is_part, sites, variants

FOUR = datetime(2027, 1, 12, 15, 0, tzinfo=UTC)


def templates(directory: Directory) -> Mapping[str, Message]:
    """Every message that code names, with the ordinary facts of all places that name it; parts as cards."""
    renderer = Renderer([TEMPLATES])
    facts: dict[str, dict[str, Fact]] = {}
    parts: set[str] = set()
    for site in sites():
        facts[site.template] = {**facts.get(site.template, {}), **next(variants(site))}
        if is_part(site):
            parts.add(site.template)
    shown: dict[str, Message] = {}
    for name in sorted(facts):
        stored = {key: thaw(freeze(value)) for key, value in facts[name].items()}
        message = renderer.message(name, stored, directory=directory)
        if name in parts:
            message = Message(cards=(Card((*((Heading(message.title),) if message.title else ()), *message.blocks)),))
        shown[name] = message
    return shown


def messages(directory: Directory) -> Mapping[str, Message]:
    """What no single template shows: every kind of node, cards with buttons, a text that is too long for one piece."""
    return {
        "everything": _everything(directory),
        "queue": _queue(directory),
        "long": Message((Text("A long letter"),), _long(), buttons=(Button("graduation/letter", "Read it again"),)),
    }


def _everything(directory: Directory) -> Message:
    return Message(
        title=(Text("Set out on "), Moment(FOUR, MomentStyle.DAY)),
        blocks=(
            Paragraph((directory.people[1], Text(" and "), directory.people[3], Text(" meet in "), directory.rooms[1])),
            Paragraph((Moment(FOUR), Break(), Moment(FOUR, MomentStyle.CLOCK), Text(" sharp", italic=True))),
            Heading((Text("What to bring"),)),
            Listing(((Text("a pen"),), (Link("https://example.org/map", "the map"),))),
            Listing(((Text("first", bold=True),), (Text("/cohort home", code=True),)), ordered=True),
            Divider(),
            Quote((Paragraph((Text(HOSTILE, literal=True),)), Listing(((Text("in a quote"),),)))),
            Paragraph((Text("Look at https://example.org/a?b=1&c=2, then rest.", literal=True),)),
            Paragraph((Mention("Nobody here", None), Text(" in "), RoomMention("no room yet", None))),
        ),
        buttons=(
            Button("sessions/rsvp", "Yes", {"session_id": 1, "answer": "yes"}, ButtonStyle.PRIMARY),
            Button("sessions/rsvp", "Maybe", {"session_id": 1, "answer": "maybe"}),
            Button("sessions/rsvp", "No", {"session_id": 1, "answer": "no"}, ButtonStyle.DANGER),
            Button(
                "cohort/home", "A label that goes on for longer than any button can show to somebody who is reading it"
            ),
        ),
    )


def _queue(directory: Directory) -> Message:
    decide = [
        Press("applications/decide", {"application_id": 7, "decision": one}, style, one)
        for one, style in (("accept", "primary"), ("waitlist", "plain"), ("decline", "danger"))
    ]
    card: Mapping[str, Fact] = {}
    for site in sites():
        if site.template == "applications/card":
            card = next(variants(site))
    facts: Mapping[str, Fact] = {}
    for site in sites():
        if site.template == "applications/queue":
            facts = next(variants(site))
    parts = [Part("applications/card", {**card, "person": ANA}, decide) for _ in range(3)]
    return Renderer([TEMPLATES]).message("applications/queue", facts, (), parts, directory)


def _long() -> tuple[Paragraph, ...]:
    return tuple(Paragraph((Text(f"Paragraph {number}. " + "Words upon words. " * 40),)) for number in range(1, 9))


def forms() -> Mapping[str, Form]:
    program = load()["value-accelerator"].program
    asked = program.application.questions
    pages = questions.pages(asked)
    renderer = Renderer([TEMPLATES])
    shown = {
        f"application-{page}": renderer.form(
            Asking(
                "applications/apply",
                questions.fields(questions.on_page(asked, page), {}),
                page=page,
                pages=pages,
                args={"cohort_id": 1, "page": page},
            ),
            Directory(),
        )
        for page in range(1, pages + 1)
    }
    return {**shown, "every-kind": every_kind(), "long-choices": long_choices()}


def every_kind() -> Form:
    few = tuple(Choice(one, one) for one in ("Engineer", "Designer"))
    many = tuple(Choice(f"c{number}", f"Choice {number}") for number in range(12))
    return Form(
        name="surveys/answer",
        title="One question of every kind",
        intro=(Paragraph((Text("Takes "), Text("three minutes", bold=True), Text("."))),),
        fields=(
            Field("line", FieldKind.LINE, "In a line", help="Short is fine.", required=True, max_length=120),
            Field("paragraph", FieldKind.PARAGRAPH, "In more words", value="What I wrote before"),
            Field("choice", FieldKind.CHOICE, "Which?", choices=few, value="Designer"),
            Field("select", FieldKind.CHOICE, "Which of many?", choices=many),
            Field("choices", FieldKind.CHOICES, "Which ones?", choices=few, value=["Engineer"]),
            Field("multi", FieldKind.CHOICES, "Which of many?", choices=many, value=["c3", "c4"]),
            Field("scale", FieldKind.SCALE, "How sure?", low=1, high=5, value=4),
            Field("nps", FieldKind.NPS, "Would you recommend it?", required=True),
            Field("number", FieldKind.NUMBER, "How many?", value=2.5),
            Field("date", FieldKind.DATE, "When?", value="2027-01-12"),
            Field("yes_no", FieldKind.YES_NO, "Again?", value=True),
            Field("link", FieldKind.LINK, "Where is it?"),
            Field("file", FieldKind.FILE, "What does it look like?", most=3),
        ),
        submit="Send",
        args={"survey_id": 3},
    )


def long_choices() -> Form:
    choices: Sequence[str] = [f"I would rather {'very ' * 20}much do the thing called {number}" for number in "ABC"]
    field = Field("rather", FieldKind.CHOICE, "What would you rather do?", choices=tuple(Choice(c, c) for c in choices))
    return Form("prompts/say", "Rather", (field,), "Send", page=2, pages=3)
