"""How cohorts come to be in tests: the first chapters, so that a test can begin where its story does."""

from __future__ import annotations

from tests.support.chat import Person, World

NAMES = ("ana", "ben", "chi", "dan", "eve", "fin", "gus", "hal", "ivy", "jon", "kim", "lea")
ZONES = ("Europe/Berlin", "Europe/Berlin", "America/New_York", "Asia/Kolkata")


def answer(person: Person) -> Person:
    """Fill whatever form is open, page by page, with something that fits."""
    for _ in range(10):
        if person.client.open_form is None:
            return person
        answers: dict[str, object] = {}
        for field in person.form["fields"]:  # type: ignore[attr-defined]
            answers[field["key"]] = _fitting(field)
        person.fills(**answers)
        assert not person.errors, person.errors
    raise AssertionError("the form never ends")


def _fitting(field: dict[str, object]) -> object:
    choices = [choice["value"] for choice in field["choices"]]  # type: ignore[attr-defined]
    return {
        "choice": choices[0] if choices else None,
        "choices": choices[:1],
        "number": 25,
        "scale": field["high"],
        "nps": 9,
        "yes_no": True,
        "date": "2027-01-01",
        "link": "https://build.example.com/one",
    }.get(str(field["kind"]), "Two people said it would slow them down.")


def opened(chat: World, program: str = "value-accelerator", starts: str = "2027-01-11") -> Person:
    """The owner names Fay facilitator; she opens the program."""
    chat.begins_after(_opened, program, starts)
    return chat.fay


def _opened(chat: World, program: str, starts: str) -> None:
    chat.fay.says("/cohort help")
    chat.olu.says(f"/program facilitator @fay program:{program}")
    chat.fay.says(f"/program open {program} {starts} zone:Europe/Berlin").presses("Open for applications")


def applied(chat: World, count: int = 8) -> list[Person]:
    """So many people apply."""
    people = [chat.person(name, zone=ZONES[n % len(ZONES)]) for n, name in enumerate(NAMES[:count])]
    for person in people:
        answer(person.says("/apply"))
    return people


def accepted(chat: World, count: int = 8, program: str = "value-accelerator") -> list[Person]:
    """Opened, applied, and all of them told that they are in."""
    chat.begins_after(_accepted, count, program)
    return [chat.person(name) for name in NAMES[:count]]


def _accepted(chat: World, count: int, program: str) -> None:
    fay = opened(chat, program)
    for person in applied(chat, count):
        fay.says(f"/program decide @{person.id} accept")
    fay.presses(f"Send {count} decisions")


def running(chat: World, count: int = 8, program: str = "value-accelerator") -> list[Person]:
    """A cohort that was launched, some time before its first session."""
    chat.begins_after(_running, count, program)
    return [chat.person(name) for name in NAMES[:count]]


def _running(chat: World, count: int, program: str) -> None:
    accepted(chat, count, program)
    chat.fay.says("/program launch").presses("Yes, start")
