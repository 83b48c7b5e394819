import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.command_text import Bound, Kind, OptionSpec, Problem, UnknownCommand, bind, route, split

SESSION = OptionSpec("session", Kind.NUMBER)
WHEN = OptionSpec("when", Kind.MOMENT, required=True)
TITLE = OptionSpec("title")
TITLE_REST = OptionSpec("title", rest=True)
LINK = OptionSpec("link", Kind.LINK)
NOTE = OptionSpec("note", rest=True)
PERSON = OptionSpec("person", Kind.PERSON, required=True)
ROOM = OptionSpec("room", Kind.ROOM)
FORMAT = OptionSpec("format", Kind.CHOICE, choices=("csv", "excel", "json"))
NOTIFY = OptionSpec("notify", Kind.YES_NO)
MINUTES = OptionSpec("minutes", Kind.NUMBER)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  two   words ", ["two", "words"]),
        ('"Set out" now', ["Set out", "now"]),
        ("“Set out” „Los geht's“ «En route» „Weiter”", ["Set out", "Los geht's", "En route", "Weiter"]),
        ('“mixed" ”phone”', ["mixed", "phone"]),
        ('a 5" screen', ["a", '5"', "screen"]),
        ('never "closed at all', ["never", "closed at all"]),
        ("isn't it", ["isn't", "it"]),
        (
            "<@U1|Ana Banana> <#C1> <https://a.example|a site>",
            ["<@U1|Ana Banana>", "<#C1>", "<https://a.example|a site>"],
        ),
        ('""', [""]),
        ("a\u00a0b\tc", ["a", "b", "c"]),
    ],
)
def test_words_and_quotations_come_apart(text: str, words: list[str]) -> None:
    assert [token.text for token in split(text)] == words


def test_a_quotation_may_follow_a_name() -> None:
    (token,) = split('title:"Set out"')
    assert (token.key, token.value, token.quoted) == ("title", "Set out", True)


@pytest.mark.parametrize(
    ("text", "options", "values"),
    [
        ('tue 16:00 "Set out"', [WHEN, TITLE], {"when": "tue 16:00", "title": "Set out"}),
        ('  TUE   16:00   “Set out” ', [WHEN, TITLE], {"when": "TUE 16:00", "title": "Set out"}),
        ('"Set out" tue 16:00', [WHEN, TITLE], {"when": "tue 16:00", "title": "Set out"}),
        ("tue 16:00 Set out", [WHEN, TITLE_REST], {"when": "tue 16:00", "title": "Set out"}),
        ('tue 16:00 "Set out"', [WHEN, TITLE_REST], {"when": "tue 16:00", "title": "Set out"}),
        ('"tue 16:00" "Set out"', [WHEN, TITLE], {"when": "tue 16:00", "title": "Set out"}),
        ('title:"Set out" when:tue 16:00', [WHEN, TITLE], {"when": "tue 16:00", "title": "Set out"}),
        ("WHEN: tue 16:00 Title=Start", [WHEN, TITLE], {"when": "tue 16:00", "title": "Start"}),
        ("3 Dec 4:30pm 90 Deep work", [WHEN, MINUTES, TITLE_REST],
         {"when": "3 Dec 4:30pm", "minutes": 90, "title": "Deep work"}),
        ("in 2 weeks The May plan", [WHEN, TITLE_REST], {"when": "in 2 weeks", "title": "The May plan"}),
        ("2 tue 16:00", [SESSION, WHEN], {"session": 2, "when": "tue 16:00"}),
        ("tue 16:00", [SESSION, WHEN], {"when": "tue 16:00"}),
        ("2 2026-12-01 16:00", [SESSION, WHEN], {"session": 2, "when": "2026-12-01 16:00"}),
        ("tue 16:00 room:#lab", [WHEN, ROOM], {"when": "tue 16:00", "room": "#lab"}),
        ("tue 16:00 <#C1|lab>", [WHEN, ROOM], {"when": "tue 16:00", "room": "C1"}),
    ],
)  # fmt: skip
def test_a_facilitator_schedules_in_one_line(text: str, options: list[OptionSpec], values: dict[str, object]) -> None:
    assert bind(text, options) == Bound(values)  # type: ignore[arg-type]


def test_dates_are_those_of_the_languages_configured() -> None:
    bound = bind("nächsten Dienstag um 16 Uhr Aufbruch", [WHEN, TITLE_REST], languages=["de"])
    assert bound.values == {"when": "nächsten Dienstag um 16 Uhr", "title": "Aufbruch"}


def test_a_link_and_what_was_learned_keep_their_quotes_as_typed() -> None:
    bound = bind('https://example.org/a?b=c:d  what I   learned "in quotes"', [LINK, NOTE])
    assert bound.values == {"link": "https://example.org/a?b=c:d", "note": 'what I   learned "in quotes"'}


def test_quotes_behind_a_name_that_is_no_option_stay_as_typed() -> None:
    assert bind('size="two words"', [NOTE]).values == {"note": 'size="two words"'}
    assert bind('size="two words"', [TITLE]).values == {"title": 'size="two words"'}


def test_a_note_may_speak_of_its_options_and_of_clock_times() -> None:
    words = "at 16:00 I wrote link: and format=csv, see https://example.org"
    assert bind(words, [NOTE, FORMAT, LINK]).values == {"note": words}


@pytest.mark.parametrize("text", ["https://example.org", "HTTPS://example.org", "<https://example.org|a site>"])
def test_a_link_is_never_read_as_a_name_and_its_value(text: str) -> None:
    options = [OptionSpec("https", rest=True), LINK]
    assert str(bind(text, options).values["link"]).casefold() == "https://example.org"


@pytest.mark.parametrize(
    ("text", "person"),
    [("<@U123>", "U123"), ("<@!42>", "42"), ("<@U1|ana>", "U1"), ("@ben", "@ben"), ("@ben,", "@ben"),
     ("person:@ben", "@ben"), ("person=<@U1>", "U1")],
)  # fmt: skip
def test_people_are_mentioned_in_several_ways(text: str, person: str) -> None:
    assert bind(text + " thank you", [PERSON, NOTE]).values == {"person": person, "note": "thank you"}


def test_a_required_person_is_found_within_the_sentence_and_stays_in_it() -> None:
    bound = bind("thanks to @ben for the review", [PERSON, NOTE])
    assert bound.values == {"person": "@ben", "note": "thanks to @ben for the review"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("csv", "csv"), ("EXCEL", "excel"), ("ex", "excel"), ("format:j", "json"), ("Format=Json", "json")],
)
def test_a_choice_is_known_by_its_beginning(text: str, value: str) -> None:
    assert bind(text, [FORMAT]).values == {"format": value}


def test_a_beginning_that_two_choices_share_is_told() -> None:
    option = OptionSpec("list", Kind.CHOICE, choices=("graduates", "grades", "nps"))
    assert bind("list:gra", [option]).problems == (Problem("list", "ambiguous-choice", "gra"),)
    assert bind("list:grad", [option]).problems == (Problem("list", "ambiguous-choice", "grad"),)
    assert bind("list:gradu", [option]).values == {"list": "graduates"}


def test_a_whole_choice_wins_over_a_longer_one_that_begins_with_it() -> None:
    assert bind("nps", [OptionSpec("list", Kind.CHOICE, choices=("nps-raw", "nps"))]).values == {"list": "nps"}


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("OFF", False), ("notify:n", False)])
def test_yes_and_no(text: str, value: bool) -> None:
    assert bind(text, [NOTIFY]).values == {"notify": value}


@pytest.mark.parametrize(("text", "value"), [("12", 12), ("-3", -3), ("1.5", 1.5), ("1,5", 1.5)])
def test_numbers(text: str, value: float) -> None:
    assert bind(text, [MINUTES]).values == {"minutes": value}


def test_options_keep_their_order_when_kinds_repeat() -> None:
    a, b = OptionSpec("first", Kind.PERSON), OptionSpec("second", Kind.PERSON)
    assert bind("@ana @ben", [a, b]).values == {"first": "@ana", "second": "@ben"}


def test_what_is_required_and_absent_is_missing() -> None:
    assert bind("", [WHEN, TITLE, PERSON]) == Bound({}, missing=("when", "person"))
    assert bind("when:", [WHEN]) == Bound({}, missing=("when",))


def test_what_does_not_fit_is_told_with_what_was_found() -> None:
    assert bind("ben", [PERSON]).problems == (Problem("person", "not-a-person", "ben"),)
    assert bind("ben", [PERSON]).missing == ()
    assert bind("minutes:soon", [MINUTES]).problems == (Problem("minutes", "not-a-number", "soon"),)
    assert bind("pdf", [FORMAT]).problems == (Problem("format", "not-a-choice", "pdf"),)
    assert bind("notify:maybe", [NOTIFY]).problems == (Problem("notify", "not-a-yes-no", "maybe"),)


def test_a_word_given_twice_is_told() -> None:
    assert bind("minutes:5 minutes:6", [MINUTES]) == Bound(
        {"minutes": 5}, problems=(Problem("minutes", "given-twice", "6"),)
    )


def test_what_is_no_date_is_handed_on_so_that_the_word_can_be_named() -> None:
    assert bind("2 soonish please", [SESSION, WHEN]).values == {"session": 2, "when": "soonish please"}
    assert bind("tue 25:00", [WHEN]).values == {"when": "tue 25:00"}


def test_words_too_many_are_left_over() -> None:
    assert bind('tue 16:00 maybe "Set out"', [WHEN, TITLE]) == Bound(
        {"when": "tue 16:00", "title": "Set out"}, left_over="maybe"
    )
    assert bind('anything "at all"', []).left_over == 'anything "at all"'


KNOWN = ("cohort home", "cohort leave", "session hand-over", "session move", "apply", "submit")


@pytest.mark.parametrize(
    ("text", "path", "rest"),
    [
        ("cohort home", "cohort home", ""),
        ("/Cohort   HOME extra  words", "cohort home", "extra  words"),
        ("/cohort", "cohort", ""),
        ("  /cohort  ", "cohort", ""),
        ("/session hand_over @ben", "session hand-over", "@ben"),
        ("/apply value-accelerator now", "apply", "value-accelerator now"),
        ('/submit\thttps://example.org "a"', "submit", 'https://example.org "a"'),
    ],
)
def test_a_command_finds_its_path(text: str, path: str, rest: str) -> None:
    assert route(text, KNOWN) == (path, rest)


@pytest.mark.parametrize(
    ("text", "noun", "word", "nearest"),
    [
        ("/cohort hmoe", "cohort", "hmoe", "home"),
        ("/cohort xyzzy", "cohort", "xyzzy", None),
        ("/chort home", "chort", "", "cohort"),
        ("", "", "", None),
        ("/session 2", "session", "2", None),
    ],
)
def test_an_unknown_command_names_the_nearest(text: str, noun: str, word: str, nearest: str | None) -> None:
    with pytest.raises(UnknownCommand) as refused:
        route(text, KNOWN)
    assert (refused.value.noun, refused.value.word, refused.value.nearest) == (noun, word, nearest)


ALL = [SESSION, WHEN, PERSON, ROOM, LINK, FORMAT, NOTIFY, TITLE, NOTE]
PIECES = st.sampled_from(
    ["when:", "title=", "note:", '"', "“", "”", "„", "«", "<@", "<#C1>", "<@U1>", "@ben", "#lab", "https://", "://",
     "tue", "16:00", "25:00", "in 2 weeks", "csv", "yes", "2", " ", "  ", "\n",
     "\x00", "\ue000", "\u202e", "\ud800", "😀", "=", ":"]
)  # fmt: skip
HOSTILE = st.one_of(st.text(st.characters(exclude_categories=())), st.lists(PIECES, max_size=25).map("".join))


@given(HOSTILE)
def test_whatever_is_typed_is_split_without_losing_a_letter(text: str) -> None:
    tokens = split(text)
    at = 0
    for token in tokens:
        assert text[at : token.start].strip() == ""
        assert token.start < token.end
        at = token.end
    assert text[at:].strip() == ""


@given(HOSTILE, st.lists(st.sampled_from(ALL), unique=True))
def test_whatever_is_typed_is_bound_to_values_of_the_right_kind(text: str, options: list[OptionSpec]) -> None:
    bound = bind(text, options, languages=("en", "de"))
    kinds: dict[Kind, tuple[type, ...]] = {Kind.NUMBER: (int, float), Kind.YES_NO: (bool,)}
    for option in options:
        if option.name in bound.values:
            assert isinstance(bound.values[option.name], kinds.get(option.kind, (str,)))
        elif option.required:
            assert option.name in bound.missing or any(p.option == option.name for p in bound.problems)
    if not text.strip():
        assert not bound.values


@given(HOSTILE)
def test_a_text_for_the_rest_is_what_was_typed(text: str) -> None:
    first = text.lstrip()[:1]
    bound = bind(text, [OptionSpec("words", rest=True)])
    if first and first not in '"“„«»”' and not first.startswith("w"):
        assert bound.values == {"words": text.strip()}


@given(HOSTILE)
def test_whatever_is_typed_is_a_known_command_or_refused(text: str) -> None:
    try:
        path, _ = route(text, KNOWN)
    except UnknownCommand as unknown:
        assert unknown.nearest is None or any(unknown.nearest in known for known in KNOWN)
    else:
        assert path in (*KNOWN, "cohort", "session")


@pytest.mark.parametrize(
    "letter",
    [
        "x",
        '"',
        "“",
        "<@",
        ":",
        "a:",
        "when:",
        " ",
        "tue ",
        "=",
        "\u202e",
        "1",
        "@",
        "x ",
        "tue maybe ",
        '"a" ',
    ],
)
def test_ten_thousand_characters_do_no_harm(letter: str) -> None:
    text = letter * (10_000 // len(letter))
    bound = bind(text, ALL)
    assert isinstance(bound.left_over, str)
    with pytest.raises(UnknownCommand):
        route("cohort " + text.strip() + "?", KNOWN)
