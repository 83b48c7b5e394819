"""What the local page is told to draw: plain JSON, with people's words as nothing but text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

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
from bot.platforms.local.draw import buttons_of, draw_form, draw_message, draw_words, is_web_address, text_of

HOSTILE = [
    "<!channel>",
    "@everyone",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "[masked](https://example.org)",
    "javascript:alert(1)",
    "\u202eright to left\u2066",
    "nul \0 inside",
    "private \ue000\uf8ff use",
    "👩‍🚀" * 50,
    "x" * 10_000,
]
FOUR = datetime(2027, 12, 1, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_persons_words_are_one_text_node_unchanged(text: str) -> None:
    drawn = draw_message(Message(blocks=(Paragraph((Text(text, literal=True),)),)))
    assert drawn["blocks"] == [{"b": "paragraph", "inlines": [{"t": "text", "text": text, "literal": True}]}]
    assert json.loads(json.dumps(drawn)) == drawn
    assert text_of(draw_words(text)) == text


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "JAVASCRIPT://x/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "http:/nohost",
        "https://a b",
        "https://x\n.example",
        "http://[broken",
        "//example.org",
    ],
)
def test_only_web_addresses_become_links(url: str) -> None:
    assert not is_web_address(url)
    drawn = draw_message(Message(blocks=(Paragraph((Link(url, "Click"),)),)))
    assert drawn["blocks"][0] == {
        "b": "paragraph",
        "inlines": [{"t": "text", "text": f"Click ({url})", "literal": True}],
    }


def test_a_whole_message_is_drawn_and_nothing_is_dropped() -> None:
    message = Message(
        title=(Text("Welcome, "), Mention("Ana", "ana")),
        blocks=(
            Heading((Text("When"),)),
            Paragraph((Text("On ", bold=True), Moment(FOUR), Break(), Link("https://example.org/", "there"))),
            Listing(((Text("one"),), (Text("two", italic=True, code=True),)), ordered=True),
            Quote((Paragraph((RoomMention("garden", None),)),)),
            Divider(),
        ),
        cards=(Card((Paragraph((Text("a card"),)),), (Button("a/b", "Do", {"n": 1}, ButtonStyle.DANGER),)),),
        buttons=(Button("c/d", "More"),),
    )
    assert draw_message(message) == {
        "title": [
            {"t": "text", "text": "Welcome, "},
            {"t": "mention", "name": "Ana", "account": "ana"},
        ],
        "blocks": [
            {"b": "heading", "inlines": [{"t": "text", "text": "When"}]},
            {
                "b": "paragraph",
                "inlines": [
                    {"t": "text", "text": "On ", "bold": True},
                    {"t": "moment", "at": "2027-12-01T15:00:00+00:00", "style": "full"},
                    {"t": "break"},
                    {"t": "link", "url": "https://example.org/", "text": "there"},
                ],
            },
            {
                "b": "list",
                "ordered": True,
                "items": [
                    [{"t": "text", "text": "one"}],
                    [{"t": "text", "text": "two", "italic": True, "code": True}],
                ],
            },
            {
                "b": "quote",
                "blocks": [{"b": "paragraph", "inlines": [{"t": "room", "name": "garden", "room": None}]}],
            },
            {"b": "divider"},
        ],
        "cards": [
            {
                "blocks": [{"b": "paragraph", "inlines": [{"t": "text", "text": "a card"}]}],
                "buttons": [{"action": "a/b", "label": "Do", "args": {"n": 1}, "style": "danger"}],
            }
        ],
        "buttons": [{"action": "c/d", "label": "More", "args": {}, "style": "plain"}],
    }


def test_a_moment_is_utc_on_the_wire_and_local_to_the_reader() -> None:
    at = FOUR.astimezone(timezone(timedelta(hours=5)))
    drawn = draw_message(
        Message(title=tuple(Moment(at, style) for style in MomentStyle), blocks=(Paragraph((Moment(at),)),))
    )
    assert {node["at"] for node in drawn["title"] if node["t"] == "moment"} == {"2027-12-01T15:00:00+00:00"}
    assert text_of(drawn, "Europe/Berlin").endswith("Wednesday 1 December, 16:00")
    with pytest.raises(ValueError, match="zone"):
        draw_message(Message(title=(Moment(datetime(2027, 1, 1)),)))  # noqa: DTZ001


def test_a_button_is_found_with_the_words_it_stands_beside() -> None:
    card = Card((Listing(((Text("Ana"),),)), Quote((Paragraph((Text("hi"),)),))), (Button("a", "Yes"),))
    drawn = draw_message(Message(title=(Text("Queue"),), cards=(card,), buttons=(Button("b", "All"),)))
    assert [(button["label"], beside) for button, beside in buttons_of(drawn)] == [
        ("Yes", "- Ana\n> hi"),
        ("All", "Queue\n- Ana\n> hi"),
    ]


def test_a_form_keeps_every_field_kind_and_what_was_answered() -> None:
    fields = tuple(
        Field(kind.value, kind, f"A {kind.value}", "why", True, (Choice("a", "A"),), 1, 5, 80, ["a"])
        for kind in FieldKind
    )
    drawn = draw_form(Form("f", "Title", fields, "Send", (Divider(),), {"x": True}, 2, 3))
    assert [field["kind"] for field in drawn["fields"]] == [kind.value for kind in FieldKind]
    assert drawn["fields"][0] == {
        "key": "line",
        "kind": "line",
        "label": "A line",
        "help": "why",
        "required": True,
        "choices": [{"value": "a", "label": "A"}],
        "low": 1,
        "high": 5,
        "max_length": 80,
        "most": 1,
        "value": ["a"],
    }
    assert {key: drawn[key] for key in ("name", "title", "submit", "args", "page", "pages", "intro")} == {
        "name": "f",
        "title": "Title",
        "submit": "Send",
        "args": {"x": True},
        "page": 2,
        "pages": 3,
        "intro": [{"b": "divider"}],
    }
