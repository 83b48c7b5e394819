"""What Slack is told to draw: blocks within its limits, words that stay words, buttons that come back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from operator import mul
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.message import (
    Break,
    Button,
    ButtonStyle,
    Card,
    Link,
    Listing,
    Mention,
    Message,
    Moment,
    MomentStyle,
    Paragraph,
    Quote,
    RoomMention,
    Scalar,
    Text,
)
from bot.platforms.slack import limits
from bot.platforms.slack.draw import Drawn, draw, draw_view_blocks, home_view, pressed, reply_modal
from bot.platforms.slack.inline import shortened
from bot.words import Words
from tests.features.test_words import TEMPLATES
from tests.platforms.drawing import FOUR, Written, said, typed
from tests.platforms.drawing import inside as inside
from tests.platforms.fakes.slack.limits import UPDATED_TEXT, check_message, check_view

HOSTILE = [
    "<!channel>",
    "<!here> <@U1> <#C1|general>",
    "<https://evil.example|your bank>",
    "@everyone",
    "<\u200b!channel\u200b>",
    "&lt;!channel&gt;",
    "*bold* _it_ `code` ~no~ :tada:",
    "[masked](https://example.org)",
    "<!date^1392734382^{date}^https://evil.example|today>",
    "\u202eright to left\u2066",
    "nul \0 inside",
]
WORDS = Words([TEMPLATES])


def parts(thing: object, kind: str) -> list[dict[str, Any]]:
    return [one for one in inside(thing) if one.get("type") == kind]


def one(message: Message) -> Drawn:
    (drawn,) = draw(message)
    return drawn


def shown(drawn: Sequence[Drawn]) -> str:
    """All words of headers and rich text, in order."""
    out = []
    for part in drawn:
        for block in part.blocks:
            if block["type"] in ("header", "rich_text"):
                out += [one.get("text") or one.get("url") or "" for one in inside(block) if "elements" not in one]
    return "".join(str(text) for text in out if isinstance(text, str))


def faults(blocks: Sequence[object], most: int) -> Iterator[str]:
    """What is larger than the numbers that we draw by."""
    if len(blocks) > most:
        yield f"{len(blocks)} blocks"
    names = [one["action_id"] for one in parts(list(blocks), "button")]
    if len(names) != len(set(names)):
        yield "two buttons with one action_id"
    for block in (block for block in blocks if isinstance(block, dict)):
        words = "".join(str(one.get("text", "")) for one in inside(block) if isinstance(one.get("text"), str))
        match block["type"]:
            case "rich_text" if len(words) > limits.RICH_TEXT:
                yield f"rich text of {len(words)}"
            case "header" if not 0 < len(words) <= limits.HEADER:
                yield "header"
            case "actions" if not 0 < len(block["elements"]) <= limits.ACTIONS:
                yield "actions"
    for element in parts(list(blocks), "button"):
        if not 0 < len(element["text"]["text"]) <= limits.BUTTON_LABEL or len(element["value"]) > limits.BUTTON_VALUE:
            yield "button"
    if any(one.get("text") == "" for one in inside(list(blocks))):
        yield "an empty text"


def within(drawn: Sequence[Drawn]) -> None:
    for part in drawn:
        assert list(faults(part.blocks, limits.MESSAGE_BLOCKS)) == []
        assert 0 < len(part.text) <= limits.MESSAGE_TEXT
        assert len(json.dumps(part.blocks, ensure_ascii=False)) <= 13_200
        check_message({"text": part.text, "blocks": json.loads(json.dumps(part.blocks))}, text_limit=UPDATED_TEXT)


# Words.


@pytest.mark.parametrize("text", HOSTILE)
def test_a_persons_words_are_text_and_nothing_else(text: str) -> None:
    drawn = one(typed(text))
    assert {node["type"] for node in inside(drawn.blocks)} <= {"rich_text", "rich_text_section", "text", "link"}
    assert shown([drawn]) == text
    assert all(node["url"].startswith("https://e") and "text" not in node for node in parts(drawn.blocks, "link"))


@pytest.mark.parametrize("text", HOSTILE)
def test_in_the_notification_nothing_typed_pings_or_hides_where_a_link_leads(text: str) -> None:
    drawn = one(typed(text))
    assert re.findall(r"<[^>]*>", re.sub(r"<https?://[^|<>]+>", "", drawn.text)) == []
    assert not re.search(r"<[@#!]|\|[^<]*>", drawn.text)


def test_a_bare_web_address_is_a_link_under_its_own_name() -> None:
    drawn = one(typed("see https://example.org/a?b=1&c=2, and javascript:alert(1)."))
    assert [(node["url"], node.get("text")) for node in parts(drawn.blocks, "link")] == [
        ("https://example.org/a?b=1&c=2", None)
    ]
    assert drawn.text == "see <https://example.org/a?b=1&amp;c=2>, and javascript:alert(1)."


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://", "ftp://x.example", "https://x.example/a b", "x"])
def test_a_link_that_leads_nowhere_is_shown_as_words(url: str) -> None:
    drawn = one(said(Link(url, "press here")))
    assert parts(drawn.blocks, "link") == []
    assert shown([drawn]) == f"press here ({url})"


def test_somebody_with_an_account_is_mentioned_and_somebody_without_is_named() -> None:
    drawn = one(said(Mention("Ana", "U0ANA"), Text(" "), Mention("Ben", None), Text(" "), Mention("Eve", "x> <!here>")))
    assert [node["user_id"] for node in parts(drawn.blocks, "user")] == ["U0ANA"]
    assert [node["text"] for node in parts(drawn.blocks, "text") if node.get("style") == {"bold": True}] == [
        "Ben",
        "Eve",
    ]
    assert drawn.text == "<@U0ANA> Ben Eve"


def test_a_room_is_a_channel_once_there_is_one() -> None:
    drawn = one(said(RoomMention("value", "C0V"), Text(" and "), RoomMention("later", None)))
    assert [node["channel_id"] for node in parts(drawn.blocks, "channel")] == ["C0V"]
    assert drawn.text == "<#C0V> and later"


def test_a_moment_is_a_date_in_the_readers_zone_with_utc_where_that_is_not_known() -> None:
    at = datetime(2027, 12, 1, 16, 0, tzinfo=timezone(timedelta(hours=1)))
    drawn = one(said(Moment(at), Moment(at, MomentStyle.DAY), Moment(at, MomentStyle.CLOCK)))
    dates = parts(drawn.blocks, "date")
    assert {node["timestamp"] for node in dates} == {int(FOUR.timestamp())}
    assert [(node["format"], node["fallback"]) for node in dates] == [
        ("{date_long_pretty}, {time}", "Wednesday 1 December 2027, 15:00 UTC"),
        ("{date_long_pretty}", "Wednesday 1 December 2027"),
        ("{time}", "15:00 UTC"),
    ]
    assert f"<!date^{int(FOUR.timestamp())}^{{time}}|15:00 UTC>" in drawn.text
    with pytest.raises(ValueError, match="time zone"):
        draw(said(Moment(datetime(2027, 12, 1, 16, 0))))  # noqa: DTZ001


def test_code_and_emphasis_are_styles() -> None:
    drawn = one(said(Text("/apply", code=True), Text("now", bold=True, italic=True)))
    assert [node["style"] for node in parts(drawn.blocks, "text")] == [{"code": True}, {"bold": True, "italic": True}]


# Blocks.


def test_a_title_of_plain_words_is_a_header_and_any_other_a_bold_line() -> None:
    plain = one(Message(title=(Text("Set "), Text("out", bold=True))))
    assert plain.blocks == [{"type": "header", "text": {"type": "plain_text", "text": "Set out", "emoji": False}}]
    dated = one(Message(title=(Text("Set out "), Moment(FOUR))))
    assert [block["type"] for block in dated.blocks] == ["rich_text"]
    assert parts(dated.blocks, "text")[0]["style"] == {"bold": True}
    long = one(Message(title=(Text("long " * 40),)))
    assert [block["type"] for block in long.blocks] == ["rich_text"]


def test_paragraphs_lists_and_quotes_share_one_block() -> None:
    drawn = one(
        Message(
            blocks=(
                Paragraph((Text("one"),)),
                Paragraph((Text("two"),)),
                Listing(((Text("a"),), (Text("b"), Break(), Text("c"))), ordered=True),
                Listing(((),)),
                Quote((Paragraph((Text("said"),)), Quote((Listing(((Text("deep"),),)),)))),
                Paragraph((Text("end"),)),
            )
        )
    )
    assert [block["type"] for block in drawn.blocks] == ["rich_text"]
    kinds = [node["type"] for node in drawn.blocks[0]["elements"]]  # type: ignore[attr-defined]
    assert kinds == [
        *("rich_text_section", "rich_text_list", "rich_text_section", "rich_text_list", "rich_text_section"),
        *("rich_text_quote", "rich_text_section"),
    ]
    assert drawn.text == "one\ntwo\n1. a\n2. b\nc\n• \n&gt; said\n> • deep\nend".replace("> •", "&gt; •")
    assert "one\n\ntwo\n" in shown([drawn])


def test_cards_stand_apart_each_with_its_own_buttons() -> None:
    cards = tuple(Card((Paragraph((Text(name),)),), (Button("a/b", "Take", {"id": name}),)) for name in "xyz")
    drawn = one(Message(title=(Text("Queue"),), cards=cards, buttons=(Button("a/all", "All"),)))
    assert [block["type"] for block in drawn.blocks] == [
        *("header", "divider", "rich_text", "actions", "divider", "rich_text", "actions"),
        *("divider", "rich_text", "actions", "actions"),
    ]


def test_a_text_that_is_too_long_is_cut_between_paragraphs_and_its_buttons_stand_last() -> None:
    paragraphs = [f"Paragraph {number}. " + "many words " * 60 for number in range(12)]
    message = Message(
        (Text("Long"),), tuple(Paragraph((Text(text),)) for text in paragraphs), (), (Button("a/b", "Go"),)
    )
    drawn = draw(message)
    within(drawn)
    assert len(drawn) == 3
    assert [len(parts(part.blocks, "button")) for part in drawn] == [0, 0, 1]
    assert all(part.text.split("\n")[-1].startswith("Paragraph") for part in drawn)
    for text in paragraphs:
        assert sum(text in part.text for part in drawn) == 1


def test_one_endless_paragraph_is_cut_between_words() -> None:
    text = " ".join(f"word{number}" for number in range(3_000))
    drawn = draw(typed(text))
    within(drawn)
    assert shown(drawn) == text
    assert all(re.fullmatch(r"(word\d+ ?)+", part.text) for part in drawn)


def test_a_list_goes_on_counting_in_the_next_block() -> None:
    items = tuple((Text(f"item {number} " + "x" * 100),) for number in range(1, 101))
    drawn = draw(Message(blocks=(Listing(items, ordered=True),)))
    within(drawn)
    lists = [node for part in drawn for node in parts(part.blocks, "rich_text_list")]
    assert sum(len(node["elements"]) for node in lists) == 100
    for node in lists:
        first = node["elements"][0]["elements"][0]["text"]
        assert first.startswith(f"item {node.get('offset', 0) + 1} ")


def test_a_message_of_nothing_but_buttons_or_of_nothing_still_says_something() -> None:
    assert one(Message(buttons=(Button("a/b", "<Go>"),))).text == "&lt;Go&gt;"
    assert one(Message()).blocks == []
    assert one(Message()).text


# Buttons.


def test_a_button_comes_back_as_it_was_declared() -> None:
    args: dict[str, Scalar] = {"id": 7, "yes": True, "words": 'a "quoted" <word>'}
    buttons = (
        Button("sessions/rsvp", "Yes", args, ButtonStyle.PRIMARY),
        Button("sessions/rsvp", "No", {}, ButtonStyle.DANGER),
    )
    yes, no = parts(one(Message(buttons=buttons)).blocks, "button")
    assert (yes["action_id"], no["action_id"]) == ("sessions/rsvp", "sessions/rsvp#2")
    assert (yes["style"], no["style"]) == ("primary", "danger")
    assert pressed(yes["action_id"], yes["value"]) == ("sessions/rsvp", args)
    assert pressed(no["action_id"], no["value"]) == ("sessions/rsvp", {})
    assert pressed("sessions/rsvp", None) == ("sessions/rsvp", {})


def test_a_button_drawn_long_ago_still_works() -> None:
    assert pressed("applications/decide#3", '{"application_id":7,"decision":"accept"}') == (
        "applications/decide",
        {"application_id": 7, "decision": "accept"},
    )


@pytest.mark.parametrize("value", ["{", "[]", "7", '{"a":1.5}', '{"a":null}', '{"a":[1]}', '{"a":NaN}', "[" * 2000])
def test_a_forged_value_is_refused(value: str) -> None:
    with pytest.raises(ValueError):
        pressed("a/b", value)


def test_a_button_without_an_action_is_refused() -> None:
    with pytest.raises(ValueError, match="without an action"):
        pressed("#2", "{}")


def test_args_that_slack_would_not_keep_are_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="a/b"):
        draw(Message(buttons=(Button("a/b", "Go", {"words": "x" * 2_000}),)))


def test_a_label_that_is_too_long_stands_above_its_button_in_full() -> None:
    label = "Please " * 20
    drawn = one(Message(blocks=(Paragraph((Text("Hm."),)),), buttons=(Button("a/b", label), Button("a/c", "No"))))
    assert label in shown([drawn])
    assert parts(drawn.blocks, "button")[0]["text"]["text"].endswith("Please…")


def test_words_are_shortened_between_words() -> None:
    assert shortened("one two three", 13) == "one two three"
    assert shortened("one two three", 12) == "one two…"
    assert shortened("one two three", 8) == "one two…"
    assert shortened("x" * 30, 24) == "x" * 23 + "…"


# Views.


def test_a_reply_in_a_modal_has_its_title_on_top_when_it_is_short_and_in_the_text_when_not() -> None:
    short = reply_modal(Message((Text("Thank you"),), (Paragraph((Text("Kept."),)),)), WORDS)
    assert short["title"] == {"type": "plain_text", "text": "Thank you", "emoji": False}
    assert [block["type"] for block in short["blocks"]] == ["rich_text"]  # type: ignore[attr-defined]
    long = reply_modal(Message((Text("Thank you for coming all this way"),)), WORDS)
    assert long["title"] == {"type": "plain_text", "text": "Caravan", "emoji": False}
    assert parts(long["blocks"], "header")[0]["text"]["text"] == "Thank you for coming all this way"
    for view in (short, long, reply_modal(Message(), WORDS)):
        check_view(view)


def test_the_bots_own_page_shows_a_message_too() -> None:
    view = home_view(Message((Text("My cohort"),), (Paragraph((Text("Tuesday."),)),), (), (Button("a/b", "Go"),)))
    check_view(view, kinds=("home",))
    assert [block["type"] for block in view["blocks"]] == ["header", "rich_text", "actions"]  # type: ignore[attr-defined]


def test_what_no_view_can_hold_comes_in_pages_that_say_which_they_are() -> None:
    cards = tuple(Card((Paragraph((Text(f"card {at}"),)),), (Button("a/b", "Go", {"at": at}),)) for at in range(60))
    message = Message(cards=cards)
    pages = draw_view_blocks(message)
    assert len(pages) == 2
    views = [reply_modal(message, WORDS, page) for page in (1, 2)]
    for number, view in enumerate(views, 1):
        check_view(view)
        assert parts(view["blocks"], "context")[0]["elements"][0]["text"] == f"Page {number} of 2"
    assert [len(parts(view["blocks"], "button")) for view in views] == [33, 27]


# Whatever is written.

units = st.sampled_from(["", " ", "\n", "&", "x", "\0", '"', "word ", "👩‍🚀", "https://a.b/cd", *HOSTILE])
strings = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=40), st.builds(mul, units, st.sampled_from([1, 1, 30, 300]))
)
WRITTEN = Written(
    texts=strings,
    urls=strings,
    accounts=st.one_of(st.none(), strings, st.just("U1")),
    rooms=st.one_of(st.none(), strings, st.just("C1")),
    args=st.dictionaries(
        st.text(max_size=5), st.one_of(st.integers(), st.booleans(), st.text(max_size=100)), max_size=3
    ),
)
BOUNDED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@BOUNDED
@given(WRITTEN.messages)
def test_whatever_is_written_stays_within_all_limits_and_every_button_comes_back(message: Message) -> None:
    drawn = draw(message)
    within(drawn)
    found = [pressed(one["action_id"], one["value"]) for part in drawn for one in parts(part.blocks, "button")]
    declared = [*(button for card in message.cards for button in card.buttons), *message.buttons]
    assert found == [(button.action, dict(button.args)) for button in declared]
    for view in (reply_modal(message, WORDS), home_view(message)):
        assert list(faults(view["blocks"], limits.VIEW_BLOCKS)) == []  # type: ignore[arg-type]
        check_view(view, kinds=("modal", "home"))


@BOUNDED
@given(st.lists(strings, max_size=8))
def test_nothing_that_is_written_is_lost(texts: list[str]) -> None:
    drawn = draw(Message(blocks=tuple(Paragraph((Text(text, literal=True),)) for text in texts)))
    everything = re.sub(r"\s", "", shown(drawn))
    assert everything == re.sub(r"\s", "", "".join(texts))


def test_a_message_with_hundreds_of_buttons_and_items_is_drawn_whole() -> None:
    rows = tuple(Button("a/b", f"Button {at}", {"words": '"' * 900}) for at in range(120))
    drawn = draw(Message(blocks=(Listing(tuple(((Break(),) * 5) for _ in range(400))),), buttons=rows))
    within(drawn)
    assert sum(len(parts(part.blocks, "button")) for part in drawn) == 120
