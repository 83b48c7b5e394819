"""Templates, facts and slots: what is a template's stays Markdown, what is somebody's stays words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import jinja2
import pytest
from jinja2.exceptions import SecurityError

from bot.app import template_roots
from bot.ask import Part
from bot.config import TEMPLATES, Settings
from bot.message import (
    Break,
    Card,
    Heading,
    Inline,
    Link,
    Listing,
    Mention,
    Moment,
    MomentStyle,
    Paragraph,
    Quote,
    RoomMention,
    Text,
    plain,
)
from bot.render import Directory, Renderer, parts_of, refs
from cohorts.facts import Fact, Markdown, PersonRef, RoomRef, freeze, thaw

AT = datetime(2027, 1, 12, 15, 0, tzinfo=UTC)
WHO = Directory({1: Mention("Ana", "A1")}, {2: RoomMention("value", "R2")})


def rendered(tmp_path: Path, template: str, /, **facts: Fact) -> tuple[Inline, ...]:
    """The first paragraph of a template."""
    block = blocks(tmp_path, template, **facts)[0]
    assert isinstance(block, Paragraph)
    return block.inlines


def blocks(tmp_path: Path, template: str, /, **facts: Fact) -> tuple[object, ...]:
    folder = tmp_path / "try"
    folder.mkdir(exist_ok=True)
    (folder / "it.md.j2").write_text(template, "utf-8")
    return Renderer([tmp_path]).message("try/it", facts, directory=WHO).blocks


# Slots


@pytest.mark.parametrize(
    ("fact", "node"),
    [
        ("words", Text("words", literal=True)),
        (3, Text("3", literal=True)),
        (2.5, Text("2.5", literal=True)),
        (AT, Moment(AT)),
        (date(2027, 1, 12), Text("Tuesday 12 January 2027", literal=True)),
        (PersonRef(1), Mention("Ana", "A1")),
        (PersonRef(99), Mention("…", None)),
        (RoomRef(2), RoomMention("value", "R2")),
    ],
    ids=repr,
)
def test_each_kind_of_fact_has_its_node(tmp_path: Path, fact: Fact, node: Inline) -> None:
    assert rendered(tmp_path, "{{ it }}", it=fact) == (node,)


def test_nothing_is_shown_for_no_fact(tmp_path: Path) -> None:
    assert plain(rendered(tmp_path, "so {{ it }}so", it=None)) == "so so"


def test_words_keep_the_style_that_the_template_gives_them(tmp_path: Path) -> None:
    assert rendered(tmp_path, "**{{ name }}**", name="__x__ <b>") == (Text("__x__ <b>", bold=True, literal=True),)
    assert rendered(tmp_path, "*{{ name }}*", name="*x*") == (Text("*x*", italic=True, literal=True),)
    assert rendered(tmp_path, "`{{ name }}`", name="`x`") == (Text("`x`", code=True, literal=True),)


@pytest.mark.parametrize(
    "words", ["**bold**", "# heading", "- item", "> quote", "1. one", "---", "***", "`code`", "| a |"]
)
@pytest.mark.parametrize(
    "place", ["{{ it }}", "so {{ it }}", "{{ it }} so", "- {{ it }}", "> {{ it }}", "# T\n\n{{ it }}"]
)
def test_markdown_that_somebody_typed_is_never_read_as_markdown(tmp_path: Path, place: str, words: str) -> None:
    plain_words, marked = (shape(blocks(tmp_path, place, it=one)) for one in ("words", words))
    assert marked == [one.replace("words", words) for one in plain_words]


def shape(found: object) -> list[str]:
    """Kinds of blocks with the words and styles in them."""
    out: list[str] = []
    for block in found if isinstance(found, tuple) else ():
        match block:
            case Paragraph(inlines=inlines) | Heading(inlines=inlines):
                out += [type(block).__name__, *map(repr, inlines)]
            case Listing(items=items):
                out += ["Listing", *(repr(one) for item in items for one in item)]
            case Quote(blocks=inner):
                out += ["Quote", *shape(inner)]
    return out


def test_lines_are_kept(tmp_path: Path) -> None:
    first, gap, second = rendered(tmp_path, "{{ it }}", it="one\ntwo")
    assert (first, gap, second) == (Text("one", literal=True), Break(), Text("two", literal=True))


def test_slots_that_somebody_forges_are_stripped(tmp_path: Path) -> None:
    assert plain(rendered(tmp_path, "{{ a }} {{ b }}", a="\ue0001\ue001", b="secret")) == "1 secret"


def test_a_list_of_anything_reads_as_a_sentence(tmp_path: Path) -> None:
    assert plain(rendered(tmp_path, "{{ it|listed }}.", it=["a", PersonRef(1), "c"])) == "a, Ana and c."
    assert plain(rendered(tmp_path, "{{ it|listed('or') }}.", it=["a", "b"])) == "a or b."
    assert plain(rendered(tmp_path, "{{ it|listed }}.", it=["a"])) == "a."


def test_moments_are_shown_as_a_day_or_a_clock_where_the_template_says_so(tmp_path: Path) -> None:
    assert rendered(tmp_path, "{{ it|day }}", it=AT) == (Moment(AT, MomentStyle.DAY),)
    assert rendered(tmp_path, "{{ it|clock }}", it=AT) == (Moment(AT, MomentStyle.CLOCK),)


# Links


def test_a_bare_web_address_is_clickable_under_its_own_name(tmp_path: Path) -> None:
    before, link, after = rendered(tmp_path, "{{ it }}", it="see https://a.test/x_y_z?q=*1*. ok")
    assert link == Link("https://a.test/x_y_z?q=*1*", "https://a.test/x_y_z?q=*1*")
    assert plain((before, after)) == "see . ok"


@pytest.mark.parametrize(
    "words",
    [
        "[bank](https://evil.example)",
        "<https://evil.example|bank>",
        '<a href="https://evil.example">bank</a>',
        "[bank][1]\n\n[1]: https://evil.example",
    ],
)
def test_no_words_hide_where_a_link_goes(tmp_path: Path, words: str) -> None:
    links = [one for one in rendered(tmp_path, "{{ it }}", it=words) if isinstance(one, Link)]
    assert all(one.text == one.url for one in links)
    assert "bank" in plain(rendered(tmp_path, "{{ it }}", it=words))


def test_a_template_s_own_link_goes_where_the_fact_says(tmp_path: Path) -> None:
    assert rendered(tmp_path, "[Join]({{ it }})", it="https://meet.test/x") == (Link("https://meet.test/x", "Join"),)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "ftp://a.test", "vbscript:x", "//a.test", "https:// a", ""]
)
def test_a_link_to_anything_but_the_web_is_words_alone(tmp_path: Path, address: str) -> None:
    assert rendered(tmp_path, "[Join]({{ it }})", it=address) == (Text("Join"),)


def test_what_is_written_as_a_link_s_words_stays_words(tmp_path: Path) -> None:
    (link,) = rendered(tmp_path, "[{{ it }}](https://meet.test)", it="**x** [y](https://evil.example)")
    assert isinstance(link, Link) and link.url == "https://meet.test"


# An author's Markdown


def test_an_author_s_markdown_is_read_as_markdown_where_it_stands_alone(tmp_path: Path) -> None:
    assert blocks(tmp_path, "{{ it }}", it=Markdown("**Half** way\n\n- one")) == (
        Paragraph((Text("Half", bold=True), Text(" way"))),
        Listing(((Text("one"),),)),
    )


def test_an_author_s_markdown_fills_no_slots_of_the_template(tmp_path: Path) -> None:
    text = "\ue0000\ue001 {{ 7 * 7 }}"
    shown = blocks(tmp_path, "{{ secret }}\n\n{{ it }}", it=Markdown(text), secret="secret")
    assert "secret" not in repr(shown[1:]) and "49" not in repr(shown)


# Jinja


@pytest.mark.parametrize("name", ["safe", "e", "escape", "forceescape"])
def test_filters_that_would_let_words_through_are_gone(tmp_path: Path, name: str) -> None:
    with pytest.raises(jinja2.TemplateError):
        rendered(tmp_path, f"{{{{ it|{name} }}}}", it="x")


def test_a_fact_that_nobody_gave_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(jinja2.UndefinedError, match="it"):
        rendered(tmp_path, "{{ it }}")
    with pytest.raises(jinja2.UndefinedError):
        rendered(tmp_path, "{% if it %}x{% endif %}")


@pytest.mark.parametrize("code", ["{{ it.__class__.__mro__ }}", "{{ it.append(1) }}", "{{ ''.__class__ }}"])
def test_a_template_of_an_owner_can_reach_nothing_but_its_facts(tmp_path: Path, code: str) -> None:
    with pytest.raises((SecurityError, jinja2.UndefinedError)):
        rendered(tmp_path, code, it=["x"])


def test_words_are_never_a_template(tmp_path: Path) -> None:
    assert plain(rendered(tmp_path, "{{ it }}", it="{{ 7 * 7 }} {% raw %}")) == "{{ 7 * 7 }} {% raw %}"


@pytest.mark.parametrize(
    "joined", ["{{ 'Dear ' + it }}", "{{ 'Dear ' ~ it }}", "{{ 'Dear %s'|format(it) }}", "{{ it|upper }}"]
)
def test_words_put_together_in_a_template_are_still_words(tmp_path: Path, joined: str) -> None:
    (node,) = rendered(tmp_path, joined, it="**X** <b>")
    assert isinstance(node, Text) and node.literal and not node.bold
    assert "**X** <B>" in node.text.upper()


# Where words come from


def test_a_locale_falls_back_to_what_everybody_reads(tmp_path: Path) -> None:
    for folder, text in (("de/greet", "Hallo"), ("greet", "Hello")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "hello.md.j2").write_text(text)
    (tmp_path / "greet" / "bye.md.j2").write_text("Bye")
    german = Renderer([tmp_path / "de", tmp_path])
    said = [german.message(f"greet/{name}", {}).blocks for name in ("hello", "bye")]
    assert said == [(Paragraph((Text("Hallo"),)),), (Paragraph((Text("Bye"),)),)]


def test_an_owner_s_folder_comes_first_then_the_locale_then_ours(tmp_path: Path) -> None:
    assert template_roots(Settings(templates_dir=tmp_path, locale="de")) == [tmp_path, TEMPLATES / "de", TEMPLATES]


def test_an_owner_overrides_one_message_and_one_word_and_keeps_the_others(tmp_path: Path) -> None:
    (tmp_path / "kudos").mkdir()
    (tmp_path / "kudos" / "given.md.j2").write_text("# Sent to {{ person }}")
    (tmp_path / "commands").mkdir()
    (tmp_path / "commands" / "words.toml").write_text('[submit]\nfill = "Do it"\n')
    own = Renderer([tmp_path, TEMPLATES])
    assert plain(own.message("kudos/given", {"person": PersonRef(1)}, directory=WHO).title) == "Sent to Ana"
    assert "That one is you" in plain(own.message("kudos/to-yourself", {}).title)
    assert own.words.get("commands", "submit", "fill") == "Do it"
    assert own.words.get("commands", "submit", "choose") == "This one"


# Parts


def test_parts_of_an_effect_are_cards_without_buttons(tmp_path: Path) -> None:
    facts = thaw(freeze({"parts": [{"template": "kudos/digest", "facts": {"count": 2}}]}))
    assert isinstance(facts, dict)
    parts = parts_of(facts)
    assert parts == [Part("kudos/digest", {"count": 2})]
    (tmp_path / "it.md.j2").write_text("Words.")
    message = Renderer([tmp_path, TEMPLATES]).message("it", facts, parts=parts)
    (card,) = message.cards
    assert isinstance(card, Card) and card.buttons == ()
    assert "thanked each other" in repr(plain(card.blocks[0].inlines))  # type: ignore[union-attr]


def test_parts_that_nobody_gave_are_none() -> None:
    assert parts_of({}) == parts_of({"parts": "words"}) == parts_of({"parts": ["words", {"template": "x"}]}) == []


def test_everyone_a_fact_speaks_of_is_found_for_the_directory() -> None:
    facts: Fact = {"a": [PersonRef(1), {"b": RoomRef(2)}], "parts": [{"template": "x", "facts": {"who": PersonRef(3)}}]}
    assert refs(facts) == ({1, 3}, {2})
