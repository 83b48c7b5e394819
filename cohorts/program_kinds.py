"""The words that a program file chooses from: kinds, cadences, themes."""

from __future__ import annotations

from enum import StrEnum


class QuestionKind(StrEnum):
    LINE = "line"
    PARAGRAPH = "paragraph"
    CHOICE = "choice"
    CHOICES = "choices"
    SCALE = "scale"
    NPS = "nps"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    LINK = "link"

    @property
    def is_numeric(self) -> bool:
        return self in (QuestionKind.SCALE, QuestionKind.NPS, QuestionKind.NUMBER)

    @property
    def has_choices(self) -> bool:
        return self in (QuestionKind.CHOICE, QuestionKind.CHOICES)


class Theme(StrEnum):
    PLAIN = "plain"
    EXPEDITION = "expedition"
    HARBOUR = "harbour"
    CAMPFIRE = "campfire"
    GARDEN = "garden"


class Cadence(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    MONTHLY = "monthly"


class Hosts(StrEnum):
    FACILITATORS = "facilitators"
    ROTATE = "rotate"


class Accept(StrEnum):
    REVIEW = "review"
    AUTO = "auto"


class SegmentKind(StrEnum):
    WELCOME = "welcome"
    RITUAL = "ritual"
    ICEBREAKER = "icebreaker"
    RESULTS = "results"
    PAIR_SHARE = "pair_share"
    BREAKOUT = "breakout"
    POLL = "poll"
    WORK = "work"
    DISCUSSION = "discussion"
    CALL_ON = "call_on"
    HOT_SEAT = "hot_seat"
    SUMMARY = "summary"
    TEACH = "teach"
    GUEST = "guest"
    BREAK = "break"
    REFLECTION = "reflection"
    NEXT_STEPS = "next_steps"

    @property
    def is_attendees_time(self) -> bool:
        return self not in (
            SegmentKind.WELCOME,
            SegmentKind.RESULTS,
            SegmentKind.TEACH,
            SegmentKind.GUEST,
            SegmentKind.BREAK,
        )


class Mix(StrEnum):
    """Whom a pair-share would like to put together: a wish, never against "nobody twice"."""

    ANYONE = "anyone"
    OTHER_COMPANY = "other_company"
    OWN_COMPANY = "own_company"
    SAME_LEVEL = "same_level"
    OTHER_LEVEL = "other_level"


class Odd(StrEnum):
    """What becomes of the odd one of a round in pairs."""

    TRIO = "trio"  # joins a pair, unless that costs a repeat that sitting out would not
    ALWAYS_TRIO = "always_trio"
    SIT_OUT = "sit_out"


class SessionKind(StrEnum):
    SESSION = "session"
    OFFICE_HOURS = "office_hours"
    REUNION = "reunion"  # laid out by itself, when graduates are named; no program file writes it


class Evidence(StrEnum):
    TEXT = "text"
    LINK = "link"
    FILE = "file"
    ANY = "any"


class Wall(StrEnum):
    COUNT = "count"
    NAMES = "names"
    OFF = "off"


class Urgency(StrEnum):
    NOW = "now"
    TODAY = "today"
    WEEK = "week"


class ItemKind(StrEnum):
    VIDEO = "video"
    DOCUMENT = "document"
    CASE_STUDY = "case_study"
    TOOL = "tool"
    QUIZ = "quiz"
    NUDGE = "nudge"


class MilestoneOf(StrEnum):
    PEOPLE = "people"
    COMPANIES = "companies"
    EVENTS = "events"
