"""Forms on Discord: modals within its limits, nothing that is asked cut off, and answers of the right kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.message import Answer, Choice, Field, FieldKind, Form, Message, Paragraph, Scalar, Text
from bot.platforms.discord import forms
from bot.platforms.discord.draw import Json, draw
from bot.platforms.discord.forms import Forgotten, modal, must_introduce, pages_of, returned
from bot.platforms.discord.shelf import Kept, Shelf
from bot.words import Words
from tests.features.test_words import TEMPLATES
from tests.platforms.discord_markdown import read
from tests.platforms.fakes.discord.modals import check_modal
from tests.platforms.golden import scenes
from tests.platforms.test_discord_draw import content, labels, parts, within

WORDS = Words([TEMPLATES])
LONG = "Which of all the things that you have ever done at work would you do once more, and why that one of them?"
HELP = "Think of the last year, of what went well and what did not, and of what somebody else would say about it."


def form(*fields: Field, **more: Any) -> Form:
    return Form(**{"name": "surveys/answer", "title": "A survey", "fields": fields, "submit": "Send", **more})


def choices(*labels: str) -> tuple[Choice, ...]:
    return tuple(Choice(label, label) for label in labels)


def shown(kept: Kept | Form, sheet: int = 1, key: str = "") -> Json:
    kept = kept if isinstance(kept, Kept) else Kept(kept)
    drawn = modal(kept, WORDS, key=key, sheet=sheet).json()
    check_modal(drawn)
    return drawn


def inputs(drawn: Json) -> dict[str, dict[str, Any]]:
    """The inputs of a modal by the name of their field."""
    found = [one["component"] for one in drawn["components"] if one["type"] == 18]
    return {one["custom_id"].partition(":")[2]: one for one in found}


def said(drawn: Json) -> str:
    """All that can be read in a modal."""
    out = [drawn["title"]]
    for one in drawn["components"]:
        out += [read(one["content"])[0]] if one["type"] == 10 else [one["label"], one.get("description", "")]
        inside = one.get("component", {})
        out += [inside.get("placeholder", ""), *(option["label"] for option in inside.get("options", []))]
    return "\n".join(out)


def submitted(drawn: Json, **filled: object) -> Json:
    """What Discord sends when somebody fills in these fields: text, the label of an option, or several."""
    sent = []
    for one in (one for one in drawn["components"] if one["type"] == 18):
        asked = one["component"]
        given = filled.get(asked["custom_id"].partition(":")[2])
        back = {"type": asked["type"], "custom_id": asked["custom_id"], "id": 9}
        marked = given if isinstance(given, list) else [given]
        picked = [option["value"] for option in asked.get("options", []) if option["label"] in marked]
        if asked["type"] == 4:
            back["value"] = asked.get("value", "") if given is None else given
        elif asked["type"] == 21:
            back["value"] = picked[0] if picked else None
        else:
            back["values"] = picked
        sent.append({"type": 18, "id": 8, "component": back})
    return {"custom_id": drawn["custom_id"], "components": [{"type": 10, "id": 7}, *sent]}


def answered(drawn: Json, kept: Kept | None = None, **filled: object) -> dict[str, Answer]:
    return returned(submitted(drawn, **filled), kept, WORDS).answers


# What is shown.


def test_a_form_of_every_kind_is_asked_with_what_fits_each_question() -> None:
    every = scenes.every_kind()
    kept = Kept(every, introduced=True)
    sheets = [shown(kept, number) for number in range(1, 4)]
    kinds = {name: one["type"] for sheet in sheets for name, one in inputs(sheet).items()}
    assert kinds == {
        "line": 4,
        "paragraph": 4,
        "choice": 21,
        "select": 3,
        "choices": 22,
        "multi": 3,
        "scale": 3,
        "nps": 3,
        "number": 4,
        "date": 4,
        "yes_no": 21,
        "link": 4,
        "file": 19,
    }
    assert [sheet["title"] for sheet in sheets] == [f"One question of every kind ({n}/3)" for n in (1, 2, 3)]


def test_what_was_answered_before_stands_in_the_fields() -> None:
    every = {name: one for n in (1, 2, 3) for name, one in inputs(shown(scenes.every_kind(), n)).items()}
    marked = {
        name: [option["label"] for option in one["options"] if option.get("default")]
        for name, one in every.items()
        if "options" in one
    }
    assert marked == {
        "choice": ["Designer"],
        "select": [],
        "choices": ["Engineer"],
        "multi": ["Choice 3", "Choice 4"],
        "scale": ["4"],
        "nps": [],
        "yes_no": ["Yes"],
    }
    assert every["paragraph"]["value"] == "What I wrote before"
    assert every["number"]["value"] == "2.5"
    assert every["date"]["value"] == "2027-01-12"


@pytest.mark.parametrize("help_", ["", "Short.", HELP, HELP * 3])
@pytest.mark.parametrize("label", ["Short?", "A question of more than forty-five characters, is it?", LONG, LONG * 5])
@pytest.mark.parametrize("kind", [FieldKind.PARAGRAPH, FieldKind.LINK, FieldKind.YES_NO, FieldKind.NPS])
def test_nothing_of_a_question_is_cut_off(kind: FieldKind, label: str, help_: str) -> None:
    drawn = shown(form(Field("q", kind, label, help_)))
    assert label in said(drawn)
    assert help_ in said(drawn)


def test_five_questions_with_long_words_and_help_still_fit_into_one_modal() -> None:
    label = "What should run in your team six weeks from now that does not today?"
    asked = form(*(Field(f"q{n}", FieldKind.PARAGRAPH, label, HELP[:90]) for n in range(5)))
    assert len(pages_of(asked, WORDS)) == 1


def test_a_long_title_is_said_in_full() -> None:
    title = "The survey of everything that happened since we last saw each other"
    drawn = shown(form(Field("q", FieldKind.LINE, "?"), title=title))
    assert drawn["title"].endswith("…")
    assert title in said(drawn)


def test_long_choices_are_listed_in_full_and_come_back_in_full() -> None:
    asked = scenes.long_choices()
    drawn = shown(asked)
    whole = [one.value for one in asked.fields[0].choices]
    assert all(value in said(drawn) for value in whole)
    (second,) = [one["label"] for one in inputs(drawn)["rather"]["options"] if one["label"].startswith("2. ")]
    assert answered(drawn, Kept(asked), rather=second) == {"rather": whole[1]}


def test_more_choices_than_a_list_holds_come_in_several_lists() -> None:
    names = [f"City {number}" for number in range(60)]
    asked = form(Field("where", FieldKind.CHOICES, "Where?", choices=choices(*names)))
    drawn = shown(asked)
    assert [one["label"] for one in drawn["components"]] == ["Where? (1–25)", "Where? (26–50)", "Where? (51–60)"]
    assert answered(drawn, where=["City 3", "City 30", "City 59"]) == {"where": ["City 3", "City 30", "City 59"]}


def test_one_choice_from_several_lists_is_one_and_two_are_none_of_the_choices() -> None:
    names = [f"City {number}" for number in range(30)]
    drawn = shown(form(Field("where", FieldKind.CHOICE, "Where?", required=True, choices=choices(*names))))
    assert answered(drawn, where="City 28") == {"where": "City 28"}
    assert answered(drawn) == {"where": None}
    assert answered(drawn, where=["City 2", "City 28"]) == {"where": ["City 2", "City 28"]}


def test_a_form_without_questions_asks_to_be_confirmed() -> None:
    assert len(shown(form())["components"]) == 1


# What comes back.


def test_answers_come_back_as_what_they_are() -> None:
    kept = Kept(replace(scenes.every_kind(), fields=tuple(replace(f, value=None) for f in scenes.every_kind().fields)))
    filled: Mapping[str, object] = {
        "line": "a line",
        "choice": "Engineer",
        "select": "Choice 7",
        "choices": ["Engineer", "Designer"],
        "multi": ["Choice 11"],
        "scale": "5",
        "nps": "10",
        "number": " 12 ",
        "date": "2027-02-03",
        "yes_no": "No",
    }
    given: dict[str, Answer] = {}
    for sheet in (1, 2, 3):
        back = returned(submitted(shown(kept, sheet, "key"), **filled), replace(kept, given=given), WORDS)
        given = back.answers
        assert back.more == (sheet + 1 if sheet < 3 else None)
    assert (back.form, back.args) == ("surveys/answer", {"survey_id": 3})
    assert given == {
        "line": "a line",
        "paragraph": None,
        "choice": "Engineer",
        "select": "c7",
        "choices": ["Engineer", "Designer"],
        "multi": ["c11"],
        "scale": 5,
        "nps": 10,
        "number": 12,
        "date": "2027-02-03",
        "yes_no": False,
        "link": None,
    }


@pytest.mark.parametrize(("typed", "told"), [("3", 3), ("2.5", 2.5), ("-1", -1), ("many", "many"), ("", None)])
def test_what_is_no_number_is_left_to_be_remarked_on(typed: str, told: Answer) -> None:
    assert answered(shown(form(Field("n", FieldKind.NUMBER, "How many?"))), n=typed) == {"n": told}


def test_choices_that_look_like_numbers_or_yes_stay_the_words_they_are() -> None:
    names = choices("1", "yes", "~0", " padded ")
    asked = form(Field("c", FieldKind.CHOICE, "?", choices=names))
    drawn = shown(asked)
    values = [answered(drawn, Kept(asked), c=one["label"])["c"] for one in inputs(drawn)["c"]["options"]]
    assert values == ["1", "yes", "~0", " padded "]


def test_a_choice_that_nobody_offered_is_refused() -> None:
    asked = form(Field("c", FieldKind.CHOICE, "?", choices=choices("a", "b")))
    data = submitted(shown(asked), c="a")
    data["components"][1]["component"]["value"] = "~9"
    with pytest.raises(ValueError, match="nobody offered"):
        returned(data, Kept(asked), WORDS)


# What must be remembered.


def test_an_ordinary_form_is_understood_after_a_restart() -> None:
    asked = form(Field("q", FieldKind.LINE, "?"), args={"cohort_id": 1234567890, "survey": "midway", "page": 2})
    back = returned(submitted(shown(asked, key="somewhere"), q="typed"), None, WORDS)
    assert (back.form, back.args, back.answers) == ("surveys/answer", asked.args, {"q": "typed"})


def test_arguments_that_do_not_fit_into_an_id_are_remembered() -> None:
    args: Mapping[str, Scalar] = {"/command": "cohort kudos", "words": "thank you " * 30}
    asked = form(Field("q", FieldKind.LINE, "?"), args=args)
    with pytest.raises(ValueError, match="Discord keeps 100"):
        modal(Kept(asked), WORDS)
    shelf = Shelf()
    key = shelf.keep("ana", Kept(asked))
    data = submitted(shown(asked, key=key), q="typed")
    place = forms.where(data["custom_id"])
    assert returned(data, shelf.form("ana", place.key), WORDS).args == args
    assert shelf.form("ben", place.key) is None
    with pytest.raises(Forgotten):
        returned(data, None, WORDS)


def test_one_sheet_of_several_means_nothing_without_the_others() -> None:
    data = submitted(shown(scenes.every_kind(), key="gone"), line="my <@1> words", paragraph="and **more**")
    with pytest.raises(Forgotten):
        returned(data, None, WORDS)
    drawn = draw(forms.forgotten(data, WORDS))
    within(drawn)
    shown_again, found = read(content(drawn))
    assert "my <@1> words" in shown_again and "and **more**" in shown_again
    assert {one.sort for one in found} == {"quote"}


def test_the_shelf_holds_what_was_used_last() -> None:
    shelf = Shelf(most=2)
    first, second = (shelf.keep("ana", Kept(form(title=title))) for title in ("first", "second"))
    assert shelf.form("ana", first) is not None
    third = shelf.keep("ana", Kept(form(title="third")))
    assert [shelf.form("ana", key) is not None for key in (first, second, third)] == [True, False, True]


# Between two modals.


def test_an_introduction_is_said_first_where_a_modal_has_no_room_for_it() -> None:
    intro = (Paragraph((Text("For people who "), Text("lead", bold=True), Text("."))),)
    few = form(*(Field(f"q{n}", FieldKind.LINE, "?") for n in range(4)), intro=intro)
    five = replace(few, fields=(*few.fields, Field("q4", FieldKind.LINE, "?")), page=1, pages=2)
    assert not must_introduce(few, WORDS)
    assert "For people who lead." in said(shown(few))
    assert must_introduce(five, WORDS)
    drawn = draw(forms.introduction(five, WORDS, "key"))
    within(drawn)
    assert content(drawn) == "## A survey\nFor people who **lead**.\n\nPage 1 of 2"
    assert labels(drawn) == ["Fill in"]
    assert parts(drawn, 2)[0]["custom_id"] == "c1:discord/continue;k'key;s=1"
    assert len(shown(Kept(five, introduced=True))["components"]) == 5


def test_the_next_sheet_is_a_button_away() -> None:
    drawn = draw(forms.further(WORDS, "key", 2))
    within(drawn)
    assert labels(drawn) == ["Continue"]
    assert parts(drawn, 2)[0]["custom_id"] == "c1:discord/continue;k'key;s=2"


def test_remarks_name_their_questions_and_lead_back_to_what_was_typed() -> None:
    asked = form(*(Field(f"q{n}", FieldKind.LINE, f"Question *{n}*") for n in range(7)))
    kept = Kept(forms.filled(asked, {"q1": "one", "q6": "six"}))
    drawn = draw(forms.with_remarks(kept, {"q6": "Too <@1> short.", "elsewhere": "Hm."}, WORDS, "key"))
    within(drawn)
    text, found = read(content(drawn))
    assert "Question *6*: Too <@1> short." in text and "Hm." in text
    assert {one.sort for one in found} == {"bold", "item"}
    assert labels(drawn) == ["Fill in again"]
    assert parts(drawn, 2)[0]["custom_id"] == "c1:discord/again;k'key;s=2"
    assert inputs(shown(kept, 2))["q6"]["value"] == "six"
    assert inputs(shown(kept, 1))["q1"]["value"] == "one"


def test_a_message_is_never_sent_where_only_a_modal_was_kept() -> None:
    shelf = Shelf()
    key = shelf.keep("ana", {"title": "spilled"})
    assert shelf.form("ana", key) is None
    assert shelf.args("ana", key) == {"title": "spilled"}


# Anything.

TEXTS = st.one_of(st.text(max_size=60), st.sampled_from([LONG, HELP * 3, "x" * 400, "😀" * 60, "**@everyone** <@1>"]))
VALUES = st.one_of(st.none(), TEXTS, st.integers(-3, 12), st.booleans(), st.lists(TEXTS, max_size=3))
CHOICES = st.lists(st.builds(Choice, TEXTS, TEXTS), min_size=1, max_size=40).map(tuple)
FIELDS = st.builds(
    Field,
    st.just(""),
    st.sampled_from(FieldKind),
    TEXTS,
    TEXTS,
    st.booleans(),
    CHOICES,
    st.integers(-2, 2),
    st.integers(2, 40),
    st.integers(0, 5000),
    VALUES,
)
FORMS = st.builds(
    lambda title, fields, intro, pages: form(
        *(replace(one, key=f"q{number}") for number, one in enumerate(fields)),
        title=title,
        intro=tuple(Paragraph((Text(text, literal=True),)) for text in intro),
        pages=pages,
        args={"cohort_id": 12345, "page": 1},
    ),
    TEXTS,
    st.lists(FIELDS, max_size=7),
    st.lists(TEXTS, max_size=3),
    st.integers(1, 3),
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(FORMS)
def test_any_form_stays_within_the_limits_and_asks_every_question(asked: Form) -> None:
    introduced = must_introduce(asked, WORDS)
    if introduced:
        within(draw(forms.introduction(asked, WORDS, "abcdefgh")))
    kept = Kept(asked, introduced=introduced)
    sheets = [shown(kept, n, "abcdefgh") for n in range(1, len(pages_of(asked, WORDS, introduced=introduced)) + 1)]
    assert {name for sheet in sheets for name in inputs(sheet)} == {field.key for field in asked.fields}
    for number, sheet in enumerate(sheets, 1):
        back = returned(submitted(sheet), kept, WORDS)
        assert back.more == (number + 1 if number < len(sheets) else None)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(FORMS)
def test_nobodys_words_are_markup_in_a_modal(asked: Form) -> None:
    introduced = must_introduce(asked, WORDS)
    found = [
        one.sort
        for number in range(1, len(pages_of(asked, WORDS, introduced=introduced)) + 1)
        for part in shown(Kept(asked, introduced=introduced), number, "abcdefgh")["components"]
        if part["type"] == 10
        for one in read(part["content"])[1]
    ]
    assert set(found) <= {"bold", "heading", "item"}


def test_messages_of_the_frame_are_short() -> None:
    messages: Sequence[Message] = (forms.further(WORDS, "k", 1), forms.forgotten({}, WORDS))
    assert all(len(draw(message)) == 1 for message in messages)
