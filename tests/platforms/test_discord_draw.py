"""What Discord is told to draw: components within its limits, words that stay words, buttons that come back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from operator import mul
from typing import Any

import pytest
from discord.http import handle_message_parameters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.message import (
    Block,
    Break,
    Button,
    ButtonStyle,
    Card,
    Heading,
    Inline,
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
from bot.platforms.discord import ids, limits
from bot.platforms.discord.draw import Drawn, draw
from bot.platforms.discord.inline import APART, cut, markdown, shortened, weight
from bot.platforms.discord.shelf import Shelf
from tests.platforms.discord_markdown import Found, read
from tests.platforms.drawing import FOUR, Written, inside, said, typed
from tests.platforms.fakes.discord.limits import check_message
from tests.platforms.fakes.discord.state import COMPONENTS_V2

HOSTILE = [
    "@everyone and @here",
    "<@1234567890> <@!1234567890> <@&42> <#42>",
    "**bold** *it* _it_ __under__ ~~no~~ ||spoiler|| `code`",
    "***both*** and ~~**three**~~",
    "```py\nprint(1)\n```",
    "[masked](https://evil.example)",
    "[masked](<https://evil.example> 'title')",
    "<t:1392734382:R> <:blob:123> <a:blob:123> </cohort home:123> <id:customize> :tada:",
    "# heading",
    "## heading\n### heading\n-# subtext",
    "- item\n* item\n+ item\n1. item\n  - nested\n12. twelve",
    "> quote\n>>> all of the rest",
    "back\\slash \\*not\\* \\\\ at the end\\",
    "discord://settings javascript:alert(1) steam://run/1",
    "<javascript://x> <mailto:a@example.org> <tel:+123> <https://evil.example|your bank>",
    "\u202eright to left\u2066",
    "snake_case_name 2*3*4 a~b~c (1) [2] {3}",
    "¯\\_(ツ)_/¯",
    "\u2028- after a line separator\u000b- after a tab",
]


def parts(drawn: Sequence[Drawn], kind: int) -> list[dict[str, Any]]:
    return [one for part in drawn for one in inside(part.components) if one.get("type") == kind]


def content(drawn: Sequence[Drawn]) -> str:
    return "\n".join(one["content"] for one in parts(drawn, 10))


def labels(drawn: Sequence[Drawn]) -> list[str]:
    return [one["label"] for one in parts(drawn, 2)]


def words(text: str) -> str:
    """Letters and digits alone, to compare by."""
    return re.sub(r"[\W_]+", "", text)


def within(drawn: Sequence[Drawn]) -> None:
    assert drawn
    for part in drawn:
        body = {
            "components": part.components,
            "flags": COMPONENTS_V2,
            "allowed_mentions": part.allowed_mentions.to_dict(),
        }
        check_message(body, {})
        said = "".join(one["content"] for one in parts([part], 10))
        assert part.length == limits.length(said) <= limits.MESSAGE_TEXT
        assert all(one["content"].strip() for one in parts([part], 10))
        assert len(part.users) <= limits.MENTIONED
        assert [one["type"] for one in part.components] == [17]


def as_shown(text: str) -> str:
    """What is left of somebody's words: line ends are one kind, nothing stands around them, nobody is everybody."""
    text = re.sub(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]", "\n", text.replace("\0", "")).strip()
    return re.sub(r"@(?=everyone|here)", f"@{APART}", text, flags=re.IGNORECASE)


# Words.


@pytest.mark.parametrize("text", HOSTILE)
def test_a_persons_words_are_text_and_nothing_else(text: str) -> None:
    (drawn,) = draw(typed(text))
    shown, found = read(content([drawn]))
    assert {one.sort for one in found} <= {"address"}
    assert all(one.inside.startswith("https://evil.example") for one in found)
    assert shown == as_shown(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_typed_pings_whatever_the_words_say(text: str) -> None:
    (drawn,) = draw(typed(text))
    assert drawn.users == ()
    assert {**drawn.allowed_mentions.to_dict()} == {"parse": []}
    assert not re.search(r"<@[!&]?[0-9]|@everyone|@here", content([drawn]))


@pytest.mark.parametrize("style", [{"bold": True}, {"italic": True}, {"bold": True, "italic": True}, {"code": True}])
@pytest.mark.parametrize("text", HOSTILE)
def test_words_in_a_style_are_still_only_words(text: str, style: dict[str, bool]) -> None:
    _, found = read(markdown((Text(text, literal=True, **style),)))
    assert {one.sort for one in found} <= {"bold", "italic", "code", "address"}


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("*_~`|>#-+.:@<>[]()\\ \n19ab!/{}=htps&,"), max_size=60))
def test_no_mixture_of_signs_becomes_markup(text: str) -> None:
    shown, found = read(markdown((Text(text, literal=True),)))
    assert {one.sort for one in found} <= {"address"}
    assert shown.split() == as_shown(text).split()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            Text,
            st.text(st.sampled_from("*_~`|>#-+.:@<[]()\\ \n1a"), max_size=6),
            bold=st.booleans(),
            italic=st.booleans(),
            code=st.booleans(),
            literal=st.booleans(),
        ),
        max_size=6,
    )
)
def test_neighbours_in_different_styles_stay_apart(nodes: list[Text]) -> None:
    shown, found = read(markdown(nodes))
    assert {one.sort for one in found} <= {"bold", "italic", "code"}
    assert re.sub(rf"[\s{APART}]", "", shown) == re.sub(r"\s", "", "".join(node.text for node in nodes))


def test_a_bare_web_address_can_be_followed_and_shows_no_preview() -> None:
    (drawn,) = draw(typed("see https://example.org/a_b?b=1&c=*2*, and javascript:alert(1)."))
    shown, found = read(content([drawn]))
    assert found == [Found("address", "https://example.org/a_b?b=1&c=%2A2%2A")]
    assert shown.endswith(", and javascript:alert(1).")


def test_a_link_of_ours_leads_where_it_says_and_no_other_scheme_can_be_followed() -> None:
    (drawn,) = draw(said(Link("https://example.org/a(b)", "the *map*"), Text(" "), Link("javascript:alert(1)", "evil")))
    shown, found = read(content([drawn]))
    assert found == [Found("link", "https://example.org/a%28b%29")]
    assert shown == "the *map* evil (javascript:alert(1))"


@pytest.mark.parametrize("text", ["a ] b", "[x]", "https://your-bank.example", "two\nlines"])
def test_a_link_whose_words_discord_would_not_hide_an_address_behind_shows_the_address(text: str) -> None:
    (drawn,) = draw(said(Link("https://example.org", text)))
    _, found = read(content([drawn]))
    assert found == [Found("address", "https://example.org")]


def test_a_moment_is_shown_in_the_readers_own_zone() -> None:
    (drawn,) = draw(said(*(Moment(FOUR, style) for style in MomentStyle)))
    seconds = int(FOUR.timestamp())
    assert content([drawn]) == f"<t:{seconds}:F><t:{seconds}:D><t:{seconds}:t>"


def test_who_is_named_and_has_an_account_is_pinged_and_nobody_else() -> None:
    (drawn,) = draw(said(Mention("Ana", "101"), Text(" "), Mention("B*n", None), Text(" <@7> ", literal=True)))
    assert content([drawn]).startswith("<@101> **B\\*n**")
    assert drawn.users == ("101",)
    assert {**drawn.allowed_mentions.to_dict()} == {"parse": [], "users": [101]}


def test_a_room_is_pointed_at_when_it_is_known() -> None:
    (drawn,) = draw(said(RoomMention("value", "900"), Text(" "), RoomMention("no room yet", None)))
    assert content([drawn]) == "<#900> **no room yet**"


def test_a_title_is_larger_than_a_heading_and_both_are_one_line() -> None:
    title = (Text("Set\nout", literal=True),)
    (drawn,) = draw(Message(title, (Heading((Text("# What"),)), Paragraph((Text("pens"),)))))
    assert content([drawn]) == "## Set out\n### \\# What\npens"


def test_every_line_of_a_quote_is_quoted_even_an_empty_one() -> None:
    quoted = Quote((Paragraph((Text("one\n\ntwo", literal=True),)), Paragraph((Text("three"),))))
    (drawn,) = draw(Message(blocks=(quoted, Paragraph((Text("after"),)))))
    assert content([drawn]) == f"> one\n> {APART}\n> two\n> {APART}\n> three\n\nafter"


def test_two_lists_after_another_are_not_read_as_one() -> None:
    items = ((Text("a"),), (Text("b"), Break(), Text("- c")))
    (drawn,) = draw(Message(blocks=(Listing(items), Listing(items, ordered=True))))
    assert [one["content"] for one in parts([drawn], 10)] == ["- a\n- b\n  \\- c", "1. a\n2. b\n   \\- c"]


# Limits.


def test_what_is_too_long_comes_in_several_messages_with_the_buttons_on_the_last() -> None:
    text = " ".join(f"word{number}" for number in range(3000))
    drawn = draw(Message((Text("Long"),), (Paragraph((Text(text, literal=True),)),), buttons=(Button("a/b", "Go"),)))
    within(drawn)
    assert len(drawn) > 1
    assert [labels([part]) for part in drawn] == [*([] for _ in drawn[1:]), ["Go"]]
    assert content(drawn).split() == ["##", "Long", *text.split()]


def test_paragraphs_are_kept_whole_where_they_can_be() -> None:
    letter = tuple(Paragraph((Text(f"{number} " + "x" * 1500),)) for number in range(4))
    drawn = draw(Message(blocks=letter))
    assert [content([part]).count("x" * 1500) for part in drawn] == [2, 2]


def test_a_card_and_its_buttons_stay_together() -> None:
    cards = tuple(
        Card((Paragraph((Text(f"card {number}"),)),), tuple(Button("a/b", str(at), {"n": number}) for at in range(4)))
        for number in range(20)
    )
    drawn = draw(Message((Text("Queue"),), (), cards))
    within(drawn)
    assert len(labels(drawn)) == 80
    for part in drawn:
        assert len(labels([part])) == 4 * content([part]).count("card ")
        assert part.components[0]["components"][0]["type"] != 14


def test_a_hundred_buttons_lose_none() -> None:
    drawn = draw(Message(buttons=tuple(Button("a/b", str(number)) for number in range(100))))
    within(drawn)
    assert labels(drawn) == [str(number) for number in range(100)]


def test_more_people_than_one_message_may_ping_are_pinged_by_two() -> None:
    people = tuple(Paragraph((Mention("x", str(1000 + number)),)) for number in range(120))
    drawn = draw(Message(blocks=people))
    within(drawn)
    assert sum(len(part.users) for part in drawn) == 120


def test_a_label_that_is_too_long_for_its_button_stands_above_it() -> None:
    label = "Go on " * 30
    drawn = draw(Message(buttons=(Button("a/b", label),)))
    within(drawn)
    assert content(drawn) == f"### {label.strip()}"
    assert labels(drawn)[0].endswith("…")


def test_a_message_of_nothing_is_still_a_message() -> None:
    within(draw(Message()))
    within(draw(typed(" \u200b\n")))


def test_a_message_is_found_again_by_the_number_of_its_container() -> None:
    drawn = draw(Message(blocks=tuple(Paragraph((Text("x" * 3000),)) for _ in range(2))), key="post/1")
    assert [part.components[0]["id"] for part in drawn] == [
        ids.component_id("post/1", 0),
        ids.component_id("post/1", 1),
    ]
    assert "id" not in draw(typed("hello"))[0].components[0]


@given(st.text(), st.integers(0, 20))
def test_the_number_of_a_container_is_one_that_discord_takes(key: str, part: int) -> None:
    number = ids.component_id(key, part)
    assert 1_000 < number <= 2**31 - 1
    assert number == ids.component_id(key, part)


def test_the_number_of_a_container_never_changes() -> None:
    assert ids.component_id("reminder/session:7/r2/member:3", 0) == 485481000


async def test_discord_py_sends_what_was_drawn_and_keeps_nothing_of_it() -> None:
    (drawn,) = draw(Message(blocks=(Paragraph((Mention("Ana", "101"),)),), buttons=(Button("a/b", "Go"),)))
    view = drawn.view()
    with handle_message_parameters(view=view, allowed_mentions=drawn.allowed_mentions) as sent:
        assert sent.payload is not None
        assert sent.payload["components"] == drawn.components
        assert sent.payload["flags"] == COMPONENTS_V2
        assert sent.payload["allowed_mentions"] == {"parse": [], "users": [101]}
    assert view.is_finished() and not view.is_dispatchable()


def test_two_texts_next_to_each_other_do_not_become_an_emoji() -> None:
    (drawn,) = draw(said(Text("Goal:"), Text("smile:", literal=True), Break(), Text("and:")))
    assert read(content([drawn])) == ("Goal:smile:\nand:", [])


# Buttons.

SCALARS = st.one_of(st.text(max_size=12), st.integers(-(10**10), 10**10), st.booleans())


@settings(max_examples=300)
@given(
    st.from_regex(r"[a-z]{1,12}/[a-z-]{1,12}", fullmatch=True),
    st.dictionaries(st.from_regex(r"/?[a-z_]{1,8}", fullmatch=True), SCALARS, max_size=3),
    st.integers(0, 30),
)
def test_a_button_comes_back_with_its_arguments_and_their_types(
    action: str, args: dict[str, Scalar], again: int
) -> None:
    try:
        written = ids.custom_id(action, args, again=again)
    except ValueError as refused:
        assert "Discord keeps 100" in str(refused)
        return
    assert len(written) <= 100
    assert ids.PATTERN.fullmatch(written)
    name, read_args = ids.read(written)
    assert (name, read_args) == (action, args)
    assert [type(read_args[key]) for key in args] == [type(args[key]) for key in args]
    assert written == written.strip()


def test_ids_that_stand_under_old_messages_are_read_for_ever() -> None:
    old = {
        "c1:applications/decide;A=7;decision'accept": (
            "applications/decide",
            {"application_id": 7, "decision": "accept"},
        ),
        "c1:sessions/rsvp;answer'yes;S=1#2": ("sessions/rsvp", {"answer": "yes", "session_id": 1}),
        "c1:commands/do;/command'cohort help": ("commands/do", {"/command": "cohort help"}),
        "c1:a/b;quiet!1;text'a%3Bb%23c": ("a/b", {"quiet": True, "text": "a;b#c"}),
    }
    assert {written: ids.read(written) for written in old} == old


def test_what_a_message_to_the_room_offers_fits_into_its_buttons() -> None:
    """These can't be kept in memory: they are pressed months later."""
    offered: dict[str, dict[str, Scalar]] = {
        "surveys/open": {"cohort_id": 9_999_999_999, "survey": "k" * 64},
        "prompts/open": {"cohort_id": 9_999_999_999, "prompt": "k" * 64},
        "sessions/was-here": {"session_id": 9_999_999_999, "membership_id": 9_999_999_999},
        "applications/decide": {"application_id": 9_999_999_999, "decision": "waitlist"},
        "timetable/move": {
            "session_id": 9_999_999_999,
            "starts": "2027-01-31T16:00:00+00:00",
            "revision": 999,
            "scope": "later",
        },
        "commands/do": {"/command": "session attendance"},
    }
    assert all(len(ids.custom_id(action, args)) <= 100 for action, args in offered.items())


@pytest.mark.parametrize("forged", ["", "c1:", "x1:a/b", "c1:a/b;n", "c1:a/b;n=x", "c1:a/b;n!2", "c1:;n=1", "c1:a;=1"])
def test_an_id_that_we_never_wrote_is_refused(forged: str) -> None:
    with pytest.raises(ValueError, match=r"never wrote|not an id|without a name"):
        ids.read(forged)


def test_two_buttons_of_one_message_that_do_the_same_have_ids_of_their_own() -> None:
    drawn = draw(
        Message(cards=(Card((), (Button("a/b", "Yes", {"n": 1}),)),) * 3, buttons=(Button("a/b", "Yes", {"n": 1}),))
    )
    within(drawn)
    written = [one["custom_id"] for one in parts(drawn, 2)]
    assert len(set(written)) == 4
    assert {repr(ids.read(one)) for one in written} == {repr(("a/b", {"n": 1}))}


def test_what_does_not_fit_into_a_button_is_refused_in_plain_words_or_kept() -> None:
    args: dict[str, Scalar] = {"cohort_id": 1, "title": "A long title " * 10}
    message = Message(buttons=(Button("timetable/schedule", "Yes", args, ButtonStyle.PRIMARY),))
    with pytest.raises(ValueError, match=r"timetable/schedule .* takes \d+ characters; Discord keeps 100"):
        draw(message)
    shelf = Shelf()
    (drawn,) = draw(message, spill=lambda kept: shelf.keep("ana", kept))
    _, spilled = ids.read(parts([drawn], 2)[0]["custom_id"])
    assert shelf.args("ana", str(spilled[ids.SPILLED])) == args
    assert shelf.args("ben", str(spilled[ids.SPILLED])) is None


# Anything.

REPEATED = (
    *(("x", 5000), ("word ", 1200), ("*", 4000), ("line\n", 900)),
    *(("- \n1. \n", 500), ("@everyone", 500), ("😀", 2500)),
)
TEXTS = st.one_of(
    st.text(max_size=300), st.sampled_from(HOSTILE), st.sampled_from(REPEATED).map(lambda pair: mul(*pair))
)
WRITTEN = Written(
    texts=TEXTS,
    urls=st.sampled_from(["https://example.org", "javascript:x", ""]).map(lambda url: url or "http://a/" + "b" * 3000),
    accounts=st.sampled_from(["101", "102", None, "no id"]),
    rooms=st.sampled_from(["900", None]),
    args=st.fixed_dictionaries({"n": st.integers(0, 3)}),
    most=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(WRITTEN.messages)
def test_any_message_stays_within_the_limits_and_keeps_its_buttons(message: Message) -> None:
    drawn = draw(message, key="any")
    within(drawn)
    assert len(labels(drawn)) == len(message.buttons) + sum(len(card.buttons) for card in message.cards)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(WRITTEN.blocks, max_size=5))
def test_no_letter_of_any_message_is_lost(blocks: list[Block]) -> None:
    shown, _ = read(content(draw(Message(blocks=tuple(blocks)))))
    for text in (node.text for node in _texts(blocks)):
        for word in re.findall(r"[a-z0-9]+", text):
            assert word[:40] in words(shown)


def _texts(blocks: Sequence[Block]) -> Iterator[Text]:
    for block in blocks:
        match block:
            case Paragraph(inlines=inlines) | Heading(inlines=inlines):
                yield from (node for node in inlines if isinstance(node, Text))
            case Listing(items=items):
                yield from (node for item in items for node in item if isinstance(node, Text))
            case Quote(blocks=quoted):
                yield from _texts(quoted)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(WRITTEN.inlines, st.integers(1600, 3800))
def test_pieces_are_never_heavier_than_they_were_allowed(inlines: tuple[Inline, ...], most: int) -> None:
    for piece in cut(inlines, most):
        assert limits.length(markdown(piece)) <= most
    assert weight(inlines) >= limits.length(markdown(inlines))


@given(st.text(), st.integers(1, 120))
def test_what_is_shortened_says_so(text: str, most: int) -> None:
    short = shortened(text, most)
    assert limits.length(short) <= most
    assert short == text or short.endswith("…")
