"""Forms as Slack's modals, and what comes back from them: the full answers, the args, and where they were opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import mul
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.message import Answer, Choice, Field, FieldKind, Form, Paragraph, Scalar, Text
from bot.platforms.slack import limits
from bot.platforms.slack.forms import Kept, answers, modal, remarks_by_block, shown_again, waiting
from bot.words import Words
from tests.features.test_words import TEMPLATES
from tests.platforms.fakes.slack.limits import check_view
from tests.platforms.golden.scenes import every_kind, long_choices
from tests.platforms.test_slack_draw import faults, inside, parts, strings

WORDS = Words([TEMPLATES])


def form(*fields: Field, **more: Any) -> Form:
    return Form(**{"name": "surveys/answer", "title": "Looking back", "fields": fields, "submit": "Send", **more})


def shown(asked: Form, kept: Kept | None = None, remarks: Mapping[str, str] | None = None) -> Any:
    view = modal(asked, WORDS, kept=kept, remarks=remarks)
    within(view)
    return json.loads(json.dumps(view))


def within(view: Any) -> None:
    check_view(json.loads(json.dumps(view)))
    assert list(faults(view["blocks"], limits.VIEW_BLOCKS)) == []
    assert len(view.get("private_metadata", "")) <= limits.METADATA
    for option in (one for one in inside(view) if "value" in one and "text" in one):
        assert 0 < len(option["text"]["text"]) <= limits.OPTION_TEXT
        assert 0 < len(option["value"]) <= limits.OPTION_VALUE


def element(view: Any, key: str) -> Any:
    (found,) = [block for block in view["blocks"] if block.get("block_id") == f"field:{key}"]
    return found["element"]


def options(asked: Any) -> list[Any]:
    return [*asked.get("options", []), *(one for group in asked.get("option_groups", []) for one in group["options"])]


def state_of(asked: Any, answer: Answer) -> dict[str, object]:
    """What Slack says of an element in which somebody typed, or chose by place."""
    kind = asked["type"]
    if kind in ("plain_text_input", "number_input"):
        return {"type": kind, "value": answer}
    if kind == "datepicker":
        return {"type": kind, "selected_date": answer}
    if kind in ("checkboxes", "multi_static_select"):
        places = [int(place) for place in answer] if isinstance(answer, list) else []
        return {"type": kind, "selected_options": [options(asked)[place] for place in places]}
    return {"type": kind, "selected_option": options(asked)[answer] if isinstance(answer, int) else None}


def submitted(view: Any, given: Mapping[str, Answer]) -> dict[str, object]:
    """The view as it comes back; choices are given by their place, and what is not given stays as it was drawn."""
    values = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            key, asked = block["block_id"].partition(":")[2], block["element"]
            if key in given:
                values[block["block_id"]] = {"value": state_of(asked, given[key])}
            else:
                marks = {name.replace("initial_", "selected_"): asked[name] for name in asked if "initial_" in name}
                kept = marks.pop("selected_value", None)
                empty = {"value": kept} if asked["type"] in ("plain_text_input", "number_input") else {}
                values[block["block_id"]] = {"value": {"type": asked["type"], **empty, **marks}}
    return {**view, "id": "V1", "state": {"values": values}}


def returned(asked: Form, given: Mapping[str, Answer]) -> dict[str, Answer]:
    back = answers(submitted(shown(asked), given))
    assert back is not None
    return back.answers


# Fields.


def test_every_kind_of_question_comes_back_as_its_kind() -> None:
    given: dict[str, Answer] = {
        "line": "A line",
        "paragraph": "Two\nlines",
        "choice": 0,
        "select": 11,
        "choices": ["0", "1"],
        "multi": ["5"],
        "scale": 1,
        "nps": 10,
        "number": "7",
        "date": "2027-02-03",
        "yes_no": 1,
        "link": "example.org/x",
    }
    assert returned(every_kind(), given) == {
        "line": "A line",
        "paragraph": "Two\nlines",
        "choice": "Engineer",
        "select": "c11",
        "choices": ["Engineer", "Designer"],
        "multi": ["c5"],
        "scale": 2,
        "nps": 10,
        "number": 7,
        "date": "2027-02-03",
        "yes_no": False,
        "link": "example.org/x",
    }


def test_what_was_answered_before_is_filled_in() -> None:
    assert returned(every_kind(), {}) == {
        "line": None,
        "paragraph": "What I wrote before",
        "choice": "Designer",
        "select": None,
        "choices": ["Engineer"],
        "multi": ["c3", "c4"],
        "scale": 4,
        "nps": None,
        "number": 2.5,
        "date": "2027-01-12",
        "yes_no": True,
        "link": None,
    }


def test_what_is_no_choice_no_number_and_no_date_is_not_filled_in() -> None:
    view = shown(
        form(
            Field("a", FieldKind.CHOICE, "A", choices=(Choice("x", "X"),), value="y"),
            Field("b", FieldKind.NUMBER, "B", value="many"),
            Field("c", FieldKind.DATE, "C", value="2027-02-30"),
            Field("d", FieldKind.SCALE, "D", low=1, high=5, value=6),
            Field("e", FieldKind.YES_NO, "E", value="perhaps"),
        )
    )
    assert not [name for one in inside(view) for name in one if name.startswith("initial_")]


def test_what_must_be_answered_is_not_optional_and_everything_is_heard_of_while_it_is_typed() -> None:
    view = shown(every_kind())
    asked = [block for block in view["blocks"] if block["type"] == "input"]
    assert [block["block_id"] for block in asked if not block["optional"]] == ["field:line", "field:nps"]
    silent = [block["block_id"] for block in asked if not block.get("dispatch_action")]
    assert silent == ["field:file"]  # a file is heard of with the whole form
    for kind in ("plain_text_input", "number_input"):
        for one in parts(view, kind):
            assert one["dispatch_action_config"] == {"trigger_actions_on": ["on_character_entered"]}
    assert view["notify_on_close"] is True


@pytest.mark.parametrize("value", ["yes", "no", "7", "-1", "~0", " padded ", ""])
def test_a_choice_that_looks_like_something_else_comes_back_as_text(value: str) -> None:
    one, several = (
        Field("k", kind, "Which?", choices=(Choice("other", "Other"), Choice(value, "This")))
        for kind in (FieldKind.CHOICE, FieldKind.CHOICES)
    )
    assert returned(form(one), {"k": 1}) == {"k": value}
    assert returned(form(several), {"k": ["1"]}) == {"k": [value]}


def test_long_choices_are_listed_in_full_and_come_back_in_full() -> None:
    asked = long_choices()
    view = shown(asked)
    assert [one["text"]["text"][:9] for one in options(element(view, "rather"))] == [
        "1. I woul",
        "2. I woul",
        "3. I woul",
    ]
    listed = [one["text"] for one in parts(parts(view["blocks"], "rich_text_list"), "text")]
    assert listed == [choice.value for choice in asked.fields[0].choices]
    for place, choice in enumerate(asked.fields[0].choices):
        assert returned(asked, {"rather": place}) == {"rather": choice.value}


def test_more_long_choices_than_metadata_holds_are_read_off_their_list() -> None:
    choices = tuple(
        Choice(text, text)
        for text in (f"Choice {at}, " + "see https://example.org/x and " * 8 + "go" for at in range(90))
    )
    asked = form(Field("k", FieldKind.CHOICES, "Which?", choices=choices, value=[choices[80].value]))
    assert "example" not in shown(asked)["private_metadata"]
    assert returned(asked, {"k": ["0", "34", "89"]}) == {"k": [choices[at].value for at in (0, 34, 89)]}
    assert returned(asked, {}) == {"k": [choices[80].value]}


def test_hundreds_of_choices_stand_in_groups() -> None:
    choices = tuple(Choice(f"v{at}", f"Choice {at}") for at in range(250))
    asked = form(Field("k", FieldKind.CHOICE, "Which?", choices=choices))
    groups = element(shown(asked), "k")["option_groups"]
    assert [group["label"]["text"] for group in groups] == ["1–100", "101–200", "201–250"]
    assert returned(asked, {"k": 249}) == {"k": "v249"}


def test_a_scale_wider_than_a_list_is_a_number() -> None:
    asked = form(Field("k", FieldKind.SCALE, "How many?", low=0, high=1_000, value=5))
    assert element(shown(asked), "k")["type"] == "number_input"
    assert returned(asked, {"k": "640"}) == {"k": 640}


def test_a_choice_that_nobody_offered_is_refused() -> None:
    back = submitted(shown(form(Field("k", FieldKind.CHOICE, "Which?", choices=(Choice("7", "Seven"),)))), {"k": 0})
    back["state"]["values"]["field:k"]["value"]["selected_option"]["value"] = "~9"  # type: ignore[index]
    with pytest.raises(ValueError, match="nobody offered"):
        answers(back)


@pytest.mark.parametrize(
    "field",
    [
        Field("k", FieldKind.CHOICE, "Which?"),
        Field("k", FieldKind.SCALE, "How?", low=5, high=1),
        Field("k" * 300, FieldKind.LINE, "What?"),
    ],
)
def test_what_can_not_be_asked_is_a_mistake_of_ours(field: Field) -> None:
    with pytest.raises(ValueError):
        modal(form(field), WORDS)


# The frame.


def test_a_long_title_is_shortened_and_stands_in_full_on_top() -> None:
    view = shown(
        form(Field("k", FieldKind.LINE, "K"), title="What you take home from all this", submit="Send it on its way now")
    )
    assert view["title"]["text"] == "What you take home from…"
    assert view["blocks"][0]["text"]["text"] == "What you take home from all this"


def test_a_form_of_several_pages_says_which_one_this_is() -> None:
    view = shown(form(Field("k", FieldKind.LINE, "K"), page=2, pages=3))
    assert parts(view, "context")[0]["elements"][0]["text"] == "Page 2 of 3"
    back = answers(submitted(view, {}))
    assert back is not None
    assert back.kept.page == 2


def test_long_labels_and_long_help_are_not_cut() -> None:
    label, help_ = "Why " * 700, "Because " * 400
    view = shown(form(Field("k", FieldKind.LINE, label, help=help_)))
    above = "".join(
        one["text"] for one in parts([block for block in view["blocks"] if block["type"] == "rich_text"], "text")
    )
    assert label.strip() in above
    assert help_.strip() in above


def test_a_text_kept_from_before_that_no_input_takes_stays_in_sight() -> None:
    before = "word " * 900
    view = shown(form(Field("k", FieldKind.PARAGRAPH, "K", value=before)))
    assert "initial_value" not in element(view, "k")
    assert "".join(one["text"] for one in parts(view["blocks"], "text")) == before


def test_a_form_with_too_many_blocks_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="blocks"):
        modal(form(*(Field(f"k{at}", FieldKind.LINE, "K") for at in range(120))), WORDS)


def test_two_fields_of_one_key_are_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="same key"):
        modal(form(Field("k", FieldKind.LINE, "K"), Field("k", FieldKind.LINE, "K")), WORDS)


def test_an_answer_that_takes_long_is_waited_for() -> None:
    within(waiting(WORDS))
    assert parts(waiting(WORDS), "text")[0]["text"] == "One moment …"


# What is kept.


def test_args_and_where_it_was_opened_come_back_unseen() -> None:
    args: dict[str, Scalar] = {"cohort_id": 3, "again": True, "words": 'so "called" <x>'}
    kept = Kept(channel="C1", thread="171.2", response_url="https://hooks.example/x")
    back = answers(submitted(shown(form(args=args), kept), {}))
    assert back is not None
    assert (back.form, back.args) == ("surveys/answer", args)
    assert (back.kept.channel, back.kept.thread, back.kept.response_url) == ("C1", "171.2", "https://hooks.example/x")
    form_name, given, given_args, *_ = back
    assert (form_name, given, given_args) == ("surveys/answer", {}, args)


def test_an_arg_that_is_too_long_to_keep_is_shown_and_comes_back_as_it_was_changed() -> None:
    args: dict[str, Scalar] = {"text": "word " * 590, "id": 7}
    view = shown(form(Field("k", FieldKind.LINE, "K"), args=args))
    (block,) = [block for block in view["blocks"] if block.get("block_id") == "arg:text"]
    assert block["element"]["initial_value"] == args["text"]
    back = answers(submitted(view, {}))
    assert back is not None
    assert back.args == args
    changed = answers(submitted(view, {"text": "shorter"}))
    assert changed is not None
    assert changed.args == {"text": "shorter", "id": 7}


def test_what_can_be_kept_nowhere_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        modal(form(args={"text": "x" * 3_500}), WORDS)


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "{",
        "[]",
        '{"f":1,"a":{},"p":1}',
        '{"f":"x","a":{"y":[]},"p":1}',
        '{"f":"x","a":{},"p":1,"m":7}',
        "[" * 3_000,
    ],
)
def test_metadata_that_is_not_ours_is_refused(metadata: str) -> None:
    with pytest.raises(ValueError):
        answers({"callback_id": "form", "private_metadata": metadata})


def test_a_view_that_is_no_form_has_no_answers() -> None:
    assert answers({"callback_id": "reply", "private_metadata": ""}) is None


def test_a_form_closed_without_a_state_has_no_answers_but_its_args() -> None:
    back = answers({**shown(form(Field("k", FieldKind.LINE, "K"), args={"id": 1})), "state": None})
    assert back is not None
    assert (back.answers, back.args) == ({}, {"id": 1})


# Remarks.


def test_a_remark_stands_at_its_field_and_one_without_a_field_at_the_first() -> None:
    view = shown(form(Field("a", FieldKind.LINE, "A"), Field("b", FieldKind.LINE, "B")))
    found = remarks_by_block({"b": "Please fill this in.", "c": "Not that.", "d": "Nor that."}, view)
    assert found == {"field:b": "Please fill this in.", "field:a": "Not that.\nNor that."}
    assert remarks_by_block({"a": "x"}, shown(form())) == {}
    assert all(len(remark) <= limits.REMARK for remark in remarks_by_block({"a": "x " * 3_000}, view).values())


def test_a_form_drawn_with_remarks_shows_each_under_its_field() -> None:
    view = shown(form(Field("a", FieldKind.LINE, "A"), Field("b", FieldKind.LINE, "B")), remarks={"a": "Please."})
    assert [block["type"] for block in view["blocks"]] == ["input", "context", "input"]
    assert view["blocks"][1]["elements"][0]["text"] == "⚠ Please."


def test_a_submitted_form_shown_again_keeps_what_was_filled_in() -> None:
    view = shown(every_kind(), remarks={"line": "An older remark."})
    back = submitted(view, {"line": "Mine", "nps": 9, "choices": ["1"], "date": "2027-03-04", "paragraph": None})
    again = shown_again(back, {"nps": "Really?"})
    within(again)
    assert [one["elements"][0]["text"] for one in parts(again, "context")] == ["⚠ Really?"]
    first, second = answers(back), answers(submitted(json.loads(json.dumps(again)), {}))
    assert first is not None
    assert second is not None
    assert first.answers == second.answers


def test_remarks_on_a_form_without_room_under_its_fields_stand_on_top() -> None:
    fields = [Field(f"k{at}", FieldKind.LINE, "K") for at in range(90)]
    view = shown(form(*fields), remarks={field.key: "Please." for field in fields})
    assert view["blocks"][0]["type"] == "context"
    assert len(parts(view["blocks"], "input")) == 90


# Whatever is asked.

keys = st.text(alphabet="abcdefghij-_", min_size=1, max_size=20)
texts = st.builds(mul, strings, st.just(1))
choices = st.lists(st.builds(Choice, strings, strings), min_size=1, max_size=15).map(tuple)
values: st.SearchStrategy[Answer] = st.one_of(
    st.none(), st.booleans(), st.integers(-20, 20), st.floats(), strings, st.lists(strings, max_size=3)
)
fields = st.lists(
    st.builds(
        Field,
        keys,
        st.sampled_from(FieldKind),
        strings,
        strings,
        st.booleans(),
        choices,
        st.integers(-5, 0),
        st.integers(0, 200),
        st.integers(-1, 5_000),
        values,
    ),
    max_size=5,
    unique_by=lambda field: field.key,
).map(tuple)
forms = st.builds(
    Form,
    st.just("surveys/answer"),
    strings,
    fields,
    strings,
    st.lists(st.builds(Paragraph, st.tuples(st.builds(Text, strings))), max_size=2).map(tuple),
    st.dictionaries(keys, st.one_of(st.integers(), st.booleans(), st.text(max_size=200)), max_size=3),
    st.integers(1, 3),
    st.just(3),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(forms, st.data())
def test_whatever_is_asked_stays_within_all_limits_or_is_refused_as_a_whole(asked: Form, data: st.DataObject) -> None:
    try:
        view = modal(asked, WORDS)
    except ValueError:  # more to keep than Slack keeps: a mistake of ours, noticed before anything is sent
        assume(False)
        return
    within(view)
    given: dict[str, Answer] = {}
    wanted: dict[str, Answer] = {}
    for field in asked.fields:
        if field.kind is FieldKind.CHOICE:
            place = data.draw(st.integers(0, len(field.choices) - 1))
            given[field.key], wanted[field.key] = place, field.choices[place].value
    back = answers(submitted(json.loads(json.dumps(view)), given))
    assert back is not None
    assert back.args == dict(asked.args)
    assert {key: back.answers[key] for key in wanted} == wanted
