"""Every word that code asks for is written, every word that is written is asked for, and every message renders
with whatever facts the code gives it, empty ones too.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import pytest

from bot import message as parts
from bot.ask import Asking
from bot.message import Field, FieldKind, Mention, Message, RoomMention
from bot.render import Directory, Renderer
from cohorts import icebreakers
from cohorts.errors import Remark
from cohorts.facts import Fact, Markdown, PersonRef, RoomRef, freeze, thaw
from cohorts.outbox import Press

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"

# Which argument of a call names the template. What is not a fact among the other keywords stands in NOT_FACTS.
CARRIERS = {
    "Reply": 0,
    "Refused": 0,
    "Part": 0,
    "tell": 2,
    "enclose": 2,
    "add": 3,
    "announce": 2,
    "tell_facilitators": 1,
    "tell_person": 1,
    "edit": 2,
    "upload": 2,
    "picture": 2,
    "group": 2,
    "ungroup": 2,
    "remind": 2,
    "whisper": 3,
    "advance": 3,
    "_become": 3,
    "_the_one": 3,
    "_tell_room": 3,
}
NOT_FACTS = frozenset(
    {
        "key",
        "now",
        "due",
        "expires",
        "about",
        "as_",
        "presses",
        "ping",
        "pin",
        "under",
        "more",
        "file",
        "voice",
        "at",
        "afresh",
        "ahead",
        "can_wait",
    }
)
NOT_FACTS_OF_REPLIES = frozenset({"presses", "parts", "replaces"})
NOT_FACTS_OF_FORMS = frozenset({"title", "page", "pages", "intro", "args"})
IN_ROOM = ("title", "starts", "place")
NEXT = ("next_title", "next_starts")
HOME = (
    "program",
    "goal",
    "title",
    "starts",
    "place",
    "on",
    "asks",
    "rsvp",
    "extra",
    "extra_starts",
    "owes",
    "lines",
    "paused",
    "graduated",
)
LEADS = ("program", "members", "waiting", "title", "starts")
PIECE = ("person", "title", "link", "words")
GATHERED = ("title", "starts", "owes", "survey")
POLLED = ("choice", "hidden", "votes", "everyone", "tied")
REPORT = (
    *("program", "promise", "starts", "members", "graduates", "asks_goals", "goals", "answered", "built", "percent"),
    *("meetings", "quotes", "asks_nps", "nps", "hours", "around", "preparing", "reading"),
)
SIGNED = ("letter", "signed", "title")
GUEST = ("program", "title", "starts", "room", "visits", "led_by")
ASKED = ("program", "yours", "leader", "approved")
BRIEF = (
    *("title", "starts", "goal", "makes", "pairs", "guest", "guest_brief"),
    *("asked", "coming", "unsure", "not_coming", "agenda", "held", "surveys"),
)
RECAP = ("title", "decided", "recording", "there", "members", "quotes", "homework", "graduates", *NEXT)
# Facts that come as a mapping, or that a helper adds.
STAGE = (
    "title",
    "kind",
    "prompt",
    "why",
    "ends",
    "left",
    "paused",
    "over",
    "ended",
    "step",
    "steps",
    "next",
    "seat",
    "unnamed",
)
MORE: Mapping[str, tuple[str, ...]] = {
    "conductor/stage": STAGE,
    "conductor/desk": (*STAGE, "coming", "late", "shorter", "there", "unseen", "heard", "unheard"),
    "calling/called": ("person", "following", "prompt"),
    "ceremony/home": ("words", "held", "at_the_end"),
    "ceremony/kept": ("held", "at_the_end"),
    "cohort/home": HOME,
    "cohort/leads": LEADS,
    "graduation/letter": SIGNED,
    "guests/called-off": GUEST,
    "guests/invited": GUEST,
    "guests/let-in": GUEST,
    "guests/thanked": GUEST,
    "leaders/letter": (*SIGNED, *ASKED),
    "leaders/unapproved": (*SIGNED, *ASKED),
    "pairing/back": ("people", "ends"),
    "pairing/last-minute": ("people", "ends"),
    "pairing/over": ("people", "ends"),
    "pairing/own-place": ("people", "ends"),
    "pairing/round": (
        *("title", "prompt", "until", "pairs", "sat_out", "numbered", "unlinked", "repeats", "unavoidable", "over"),
    ),
    "polls/closed": POLLED,
    "polls/result": (*POLLED, "opens"),
    "reviews/home": ("count", "person", "title"),
    "reviews/work": PIECE,
    "report/page": REPORT,
    "cohort/resumed": GATHERED,
    "projects/own-place": ("people",),
    "quiet/chosen": GATHERED,
    "sessions/scheduled": IN_ROOM,
    "plan/difference": ("lines", "segments", "order", "planned", "minutes", "homework"),
    "sessions/brief": BRIEF,
    "sessions/moved": (*IN_ROOM, "was", "along"),
    "sessions/cancelled": (*IN_ROOM, *NEXT),
    "sessions/missed": NEXT,
    "sessions/recap": RECAP,
    "sessions/recap-draft": RECAP,
    "walls/wall": ("title", "done", "everyone", "pieces"),
}
# Labels that code composes.
COMPOSED = {
    "applications/decide": ("accept", "waitlist", "decline"),
    "applications/queue": ("queue", "next", "undecided"),
    "promises/say": ("kept", "not-yet"),
    "quiet/choose": ("stay", "later", "stop"),
    "timetable/move": ("move", "move-one", "move-later", "move-skip"),
    "sessions/rsvp": ("rsvp-yes", "rsvp-maybe", "rsvp-no"),
    "commands/do": ("do", "more", "preview", "open", "name"),
}

ANA, BEN, CHI = PersonRef(1), PersonRef(2), PersonRef(3)
TUESDAY = datetime(2027, 1, 12, 15, 0, tzinfo=UTC)
WHEN = (TUESDAY, None)
HOSTILE = "<!channel> *half-baked* [here](https://example.org) {{ 7 * 7 }}\n# not a title"
LINES: list[Fact] = [
    {"criterion": "attend", "done": 2, "needed": 4, "met": False, "title": ""},
    {"criterion": "submit", "done": 1, "needed": 1, "met": True, "title": "One page"},
    {"criterion": "submit-any", "done": 2, "needed": 3, "met": False, "title": ""},
    {"criterion": "reflect", "done": 3, "needed": 3, "met": True, "title": ""},
]
SETS: Fact = [{"title": "Two honest conversations", "ask": "Ask two people.", "due": TUESDAY}]
ROUND: Mapping[str, Fact] = {
    "prompt": "What stings?",
    "groups": [[ANA, BEN]],
    "three": False,
    "repeats": 0,
    "unavoidable": 0,
}
ROUNDS: tuple[Fact, ...] = (
    [{**ROUND, "sat_out": []}],
    [{**ROUND, "sat_out": [CHI], "repeats": 1, "unavoidable": 1}, {**ROUND, "prompt": "", "sat_out": [], "repeats": 2}],
    [],
)
POLL: Mapping[str, Fact] = {
    "name": "polls/vote",
    "args": {"poll_id": 7},
    "question": "What first?",
    "choices": ["Import", "Sharing <!here>", "Something else"],
    "counts": [4, 2, 0],
    "ends": TUESDAY,
    "closed": False,
}
VOTED: Fact = [{"question": "What first?", "choice": "Import", "votes": 4, "everyone": 6, "tied": []}]
PICTURES: list[Fact] = [
    {"ask": "How sure are you?", "n": 9, "shown": True, "before": 2.1, "after": 3.9, "up": 8},
    {"ask": "How much runs?", "n": 1, "shown": False, "before": 0, "after": 0, "up": 0},
]
COUNTED: Fact = [
    {"ask": "How sure are you?", "average": 2.4, "high": 5, "bar": "████░░░░░░", "choices": []},
    {"ask": "How many people?", "average": 12, "high": 0, "bar": "", "choices": []},
    {
        "ask": "Which are you?",
        "average": None,
        "high": 0,
        "bar": "",
        "choices": [{"label": "Admin", "count": 3, "bar": "█"}],
    },
]
RESULTS: list[Fact] = [
    {"name": "Before we start", "count": 9, "shown": True, "questions": COUNTED},
    {"name": "pre", "count": 1, "shown": False, "questions": []},
    {"name": "words", "count": 6, "shown": True, "questions": []},
]
PLACES = ("https://meet.example.org/x", "voice", "chat", "Room 12", "")

# What code passes under a name: the first is the ordinary one, the others are the odd ones.
PLAUSIBLE: Mapping[str, tuple[Fact, ...]] = {
    "accepted": (17, 1),
    "again": (False, True),
    "ahead": ({"rounds": 5, "repeats": 0, "unavoidable": 0}, {"rounds": 1, "repeats": 2, "unavoidable": 1}, None),
    "then": ([{"ask": "You wanted: it runs. Reached?", "answer": HOSTILE}], []),
    "goals": ([{"person": ANA, "goal": HOSTILE, "win": "Six."}, {"person": BEN, "goal": "", "win": "It runs."}], []),
    "kept": (True, False),
    "approved": (False, True),
    "agreed": ([{"mentor": ANA, "member": BEN}], []),
    "alone": ([], [CHI]),
    "declined": (True, False),
    "loose": ([], [CHI]),
    "own": (False, True),
    "proposed": ([{"mentor": ANA, "member": CHI}], []),
    "teams": ([[ANA, BEN], [CHI]],),
    "unanswered": ([], [{"mentor": ANA, "member": BEN}]),
    "agenda": (
        [
            {"kind": "pair share", "minutes": 8, "prompt": "Why?", "choices": [], "steered": False, "unnamed": True},
            {"kind": "poll", "minutes": 5, "prompt": "What first?", "choices": ["Import", "Sharing"], "steered": False},
            {"kind": "work", "minutes": 25, "prompt": "", "choices": [], "steered": True},
            {"kind": "break", "minutes": 5, "prompt": "", "choices": [], "steered": False},
        ],
        [],
    ),
    "settled": (False, True),
    "sat_out": ([], [CHI]),
    "alike": (
        {"company": "", "level": "", "words": ["report", "weekly"]},
        {"company": "", "level": HOSTILE, "words": []},
        {"company": "Northwind", "level": "", "words": []},
        None,
    ),
    "numbered": (True, False),
    "odd": (False, True),
    "over": (False, True),
    "unlinked": (False, True),
    "unavoidable": (1, 0),
    "repeats": (0, 1, 2),
    "shown": (4, 1, 12),
    "survey": (True, False),
    "surveys": (RESULTS, RESULTS[1:], []),
    "along": ([], [{"title": "Half way", "starts": TUESDAY}]),
    "alternative": ("Could you nominate a colleague?", ""),
    "answer": ("yes", "maybe", "no"),
    "answer_by": (TUESDAY,),
    "answers": ([{"ask": "Your goal?", "answer": HOSTILE}, {"ask": "Can you change it?", "answer": True}], []),
    "asked": (
        VOTED,
        [{"question": "What first?", "choice": "Import", "votes": 2, "everyone": 4, "tied": ["Import", "Sharing"]}],
        [{"question": "What first?", "choice": "", "votes": 0, "everyone": 0, "tied": []}],
    ),
    "ask": ("What did you try? One line is enough.",),
    "before": ([{"words": "Something with reports", "at": None}, {"words": HOSTILE, "at": TUESDAY}], []),
    "board": ("https://board.example.org/1", ""),
    "by": (ANA,),
    "asks": (["What should run?", "Which are you?"],),
    "badge": ({"name": "Trailhand", "description": "Read closely.", "criteria": "Three reviews."},),
    "badges": ([{"name": "Graduate", "description": "Did it.", "criteria": "Four sessions."}], []),
    "changes": ([{"ask": "How sure are you?", "before": 2, "after": 4}], []),
    "checklist": (["Say hello", "Block the sessions"], []),
    "beneath": (True, False),
    "brief": ("Ten minutes on what failed.", ""),
    "choice": ("Import", ""),
    "choices": (["Import", "Sharing"],),
    "closed": (False, True),
    "closes": (TUESDAY,),
    "coming": ([ANA, BEN, CHI], [ANA], []),
    "command": ("cohort kudos",),
    "commands": (
        [
            {"name": "program export", "help": "Get a list", "role": "owner"},
            {"name": "program open", "help": "Open a program", "role": "facilitator"},
            {"name": "submit", "help": "Hand in homework", "role": "member"},
            {"name": "apply", "help": "Apply to a program", "role": "anyone"},
        ],
        [],
    ),
    "common": (
        [{"person": BEN, "company": "Northwind", "level": "Admin", "words": ["report", "weekly"]}],
        [{"person": BEN, "company": "", "level": "", "words": ["report"]}],
        [{"person": BEN, "company": "Northwind", "level": "", "words": []}],
        [],
    ),
    "commitment": ("I will come.", ""),
    "count": (6, 1, 0),
    "counts": ([{"person": ANA, "here": 0, "ever": 2}, {"person": BEN, "here": 1, "ever": 1}], []),
    "decided": ([{"choice": "The number", "prompt": HOSTILE}], []),
    "buddies": ([BEN], [BEN, CHI], []),
    "detail": ("groups:write", ""),
    "conducts": (True, False),
    "contact": ("ana@example.org", ""),
    "done": (3, 0),
    "draft": ("", "accept", "waitlist", "decline"),
    "drafts": (2, 0, 1),
    "due": (TUESDAY,),
    "due_at": (TUESDAY,),
    "ends": WHEN,
    "everyone": (9, 1),
    "following": (BEN, None),
    "found": ("soon",),
    "free": (15, 1, 0),
    "given": (True, False),
    "giver": (ANA,),
    "goal": ("A weekly report that writes itself", HOSTILE, ""),
    "graduated": (False, True),
    "graduates": ([ANA, BEN], [ANA]),
    "groups": ROUNDS,
    "guest": ("Ana Flores", ""),
    "guest_brief": ("Ten minutes on what failed.", ""),
    "held": (False, True),
    "host": (BEN, None),
    "hidden": (False, True),
    "hosting": (False, True),
    "hosts": (False, True),
    "handle": ("value-accelerator-2027-01",),
    "homework": (SETS, []),
    "how": ("kept", "not-yet", "open"),
    "icebreaker": tuple(one.name for one in icebreakers.KNOWN),
    "idea": ("show", "offer", "bring", "goals"),
    "judged": (
        [
            {"ask": "Which are you?", "verdict": "failed", "must": True},
            {"ask": "How many?", "verdict": "unknown", "must": False},
            {"ask": "Can you change it?", "verdict": "met", "must": False},
        ],
        [],
    ),
    "known": (["value-accelerator", "first-steps"], ["value-accelerator"], []),
    "later": (True, False),
    "leaderless": (True, False),
    "least": (8,),
    "length": (4321,),
    "companies": ([{"name": "Northwind", "count": 2}, {"name": "Contoso", "count": 1}], []),
    "levels": ([{"name": "I set it up", "count": 2}], []),
    "prework": ("Bring one sentence.", ""),
    "summary": ("For the person who does it.", ""),
    "target": (12,),
    "letter": ([Markdown("Dear all,\n\n**well walked.**")], [HOSTILE, "Well walked."], []),
    "leader": (None, ANA),
    "limit": (3000,),
    "link": ("https://build.example.org/one", ""),
    "long": (False, True),
    "member": (True, False),
    "minutes": (60,),
    "moves": ([{"title": "Set out", "starts": TUESDAY}],),
    "order": (["pair share", "work"], []),
    "planned": ([{"size": 2, "prompt": "What stings?"}], []),
    "possible": (28, 0),
    "purpose": ("Everyone can say what done means.", ""),
    "recording": ("https://video.example.org/1", ""),
    "scope": ("one", "later", "skip"),
    "segments": (
        [
            {"what": "changed", "kind": "pair share", "was": 10, "minutes": 12, "reworded": True, "prompt": HOSTILE},
            {"what": "changed", "kind": "work", "was": 10, "minutes": 10, "reworded": True, "prompt": ""},
            {"what": "new", "kind": "break", "was": 5, "minutes": 5, "reworded": False, "prompt": ""},
            {"what": "gone", "kind": "teach", "was": 5, "minutes": 0, "reworded": False, "prompt": ""},
        ],
        [],
    ),
    "url": ("https://video.example.org/1",),
    "yours": (False, True),
    "lines": (LINES, []),
    "mail": ("ben@example.org",),
    "members": (9, 1, 0),
    "met": (1, 0),
    "megabytes": (10,),
    "most": (15,),
    "moved_up": (ANA, None),
    "name": ("Looking back", ""),
    "named": WHEN,
    "names": (["notes.pdf", "plan.png"], ["notes.pdf"]),
    "nearest": ("home", ""),
    "new": (True, False),
    "norms": (["Half-baked is welcome."], []),
    "nominated": ([{"by": ANA, "why": HOSTILE}], []),
    "not_coming": ([CHI], []),
    "noun": ("cohort",),
    "number": (9,),
    "opened": ([{"name": "Value", "promise": "One routine runs.", "starts": date(2027, 1, 11), "closes": TUESDAY}], []),
    "option": ("time",),
    "other": ("Sponsors", ""),
    "others": ([BEN, CHI], [BEN], []),
    "overnight": (False, True),
    "owes": (["Two honest conversations", "One page"], []),
    "owing": ([BEN, CHI], []),
    "part": ("soonish", ""),
    "past": (False, True),
    "paused": (False, True),
    "people": ([ANA, BEN, CHI], [ANA], []),
    "led_by": ([ANA], [ANA, BEN]),
    "person": (ANA,),
    "pieces": ([{"person": ANA, "link": "https://build.example.org/one"}, {"person": BEN, "link": ""}], []),
    "pictured": (True, False),
    "pictures": (PICTURES, PICTURES[1:], []),
    "place": PLACES,
    "placeless": (True, False),
    "places": (15,),
    "poll": (POLL,),
    "posted": (False, True),
    "program": ("Value Accelerator",),
    "programs": (["value-accelerator-2027-01"], []),
    "promise": ("One real routine of your team runs, every week.",),
    "promised": (False, True),
    "prompt": ("What was most valuable?", ""),
    "question": ("What first?",),
    "quotes": ([{"person": ANA, "words": HOSTILE}], []),
    "read": (True, False),
    "reason": ("bug", "something-else"),
    "regretted": (False, True),
    "recommends": (
        {"count": 8, "n": 11, "low": 43, "high": 90, "shown": True},
        {"count": 0, "n": 3, "low": 0, "high": 100, "shown": False},
        {"count": 0, "n": 0, "low": 0, "high": 100, "shown": False},
    ),
    "room": (RoomRef(1),),
    "rounds": ROUNDS,
    "rsvp": ("", "yes", "maybe", "no"),
    "said": ([{"person": ANA, "words": HOSTILE}], []),
    "seen": (7, 0),
    "sessions": ([{"title": "Set out", "starts": TUESDAY, "number": 1, "held": False, "next": True}], []),
    "shelves": (
        [
            {
                "title": "Set out",
                "starts": TUESDAY,
                "coming": True,
                "prework": "Watch the video.",
                "recording": "",
                "materials": [{"title": "Worksheet", "url": "https://docs.example.org/1"}],
            },
            {
                "title": "Arrive",
                "starts": TUESDAY,
                "coming": False,
                "prework": "",
                "recording": "https://video.example.org/2",
                "materials": [],
            },
        ],
        [],
    ),
    "sent": ("", "accepted", "declined"),
    "shared": (True, False),
    "suggestion": ("Try it on Thursday.", ""),
    "signed": ("Dana",),
    "spoken": ([{"person": ANA, "words": HOSTILE}], []),
    "step": (*LINES, None),
    "back": (False, True),
    "came": ([], [ANA], [ANA, BEN]),
    "starts": (TUESDAY,),
    "state": ("held", "live", "cancelled"),
    "text": (Markdown("**Half way.** What is in your way?"),),
    "there": ([ANA, BEN], [ANA], []),
    "tied": ([], ["Import", "Sharing"]),
    "title": ("Set out",),
    "titles": (["Two honest conversations"], []),
    "token": ("0badcafe",),
    "typed": ("cohort hom", "cohort"),
    "unnamed": (False, True),
    "unseen": ([CHI], []),
    "unsure": ([BEN], []),
    "until": WHEN,
    "video": ("https://video.example.org/1", ""),
    "volume": ("stay", "later", "stop"),
    "votes": (4, 1),
    "waiting": (5, 1, 0),
    "waitlisted": (False, True),
    "wall": ("count", "names", "off"),
    "was": (TUESDAY,),
    "why": ("She does the rollout.",),
    "welcome": ("Six hours together.", ""),
    "what": ("post", "edit", "room", "invite", "remove", "upload", "event", "group", "ungroup", "whisper"),
    "withheld": (False, True),
    "words": (HOSTILE, "soonish"),
    "works": ("The number on top.",),
    "zone": ("Europe/Berlin",),
    "zones": ([{"zone": "Berlin", "clock": "Tue 12 Jan, 16:00", "people": [ANA, BEN]}], []),
    "next_title": ("Read the map",),
    "next_starts": WHEN,
}
UNHEARD_OF: tuple[Fact, ...] = (3, "half-baked")  # what a feature from elsewhere may bring
KEPT: Fact = [{"what": "time", "name": "Two"}, {"what": "held", "name": "One"}]
THINGS: Fact = [
    {"clock": "16:05", "name": name, "title": title, "words": words, "to": to, "some": "Sponsors"}
    for name, title, words, to in (
        ("preview/opened", "", "", "members"),
        ("sessions/reminder-day", "Set out", "", "members"),
        ("sessions/reminder-hour", "Set out", "", "members"),
        ("homework/nudge", "One page", "", "members"),
        ("surveys/ask", "", "Looking back", "some"),
        ("surveys/ask", "", "", "members"),
        ("prompts/ask", "", "What did you try?", "cohort"),
        ("prompts/say", "", HOSTILE, "owing"),
        ("a-feature/nobody-knows", "", "", "absent"),
    )
]
DAY: Mapping[str, Fact] = {"day": "Mon", "before": 0, "like": 0, "titles": ["Set out"], "things": THINGS}
MEETS: Fact = [
    {"title": "Set out", "minutes": 60, "makes": "a plan", "homework": ["Two talks", "One page"]},
    {"title": "Lab", "minutes": 45, "makes": "", "homework": []},
]
WEEKS: Fact = [
    {"number": 0, "sessions": [], "days": [{**DAY, "before": 1}, {**DAY, "before": 3}]},
    {"number": 1, "sessions": MEETS, "days": [DAY, {**DAY, "like": 1}]},
]
PART: Fact = {"kind": "work", "minutes": 24, "prompt": HOSTILE}
ON_STAGE: Mapping[str, tuple[Fact, ...]] = {
    "kind": ("pair share", "work"),
    "why": ("", "The number"),
    "ends": (TUESDAY,),
    "left": (8, 1, 0),
    "over": (False, True),
    "ended": (False, True),
    "step": (2, 8),
    "steps": (8,),
    "next": (PART, None),
    "seat": (None, ANA),
    "unnamed": (False, True),
    "heard": ([{"person": ANA, "times": 1}, {"person": BEN, "times": 2}], []),
    "unheard": (0, 9),
}
# Where one name means another thing.
ELSEWHERE: Mapping[str, Mapping[str, tuple[Fact, ...]]] = {
    "conductor/stage": ON_STAGE,
    "conductor/desk": {
        **ON_STAGE,
        "coming": ([PART, {"kind": "break", "minutes": 5, "prompt": ""}], []),
        "late": (0, 4),
        "shorter": (
            [],
            [{"kind": "work", "minutes": 4}],
            [{"kind": "work", "minutes": 3}, {"kind": "teach", "minutes": 1}],
        ),
        "there": (7, 0),
    },
    "conductor/moved-on": {"kind": ("pair share", "")},
    "applications/accepted": {"before": ("submitted", "declined", "waitlisted")},
    "applications/invitation": {"starts": (date(2027, 1, 11),)},
    "ceremony/home": {"words": (HOSTILE, "")},
    "sessions/reminder-day": {
        "owes": (["Two talks", "One step", "One page"], ["Two talks", "One page"], ["One page"], [])
    },
    "cohort/home": {"starts": WHEN, "owes": ([{"title": "One page", "due": TUESDAY}], [])},
    "buddies/home": {"people": ([BEN], [BEN, CHI])},
    "buddies/introduced": {"people": ([BEN], [BEN, CHI])},
    "buddies/partner": {"people": ([BEN], [BEN, CHI])},
    "cohort/leads": {"starts": WHEN},
    "cohort/resumed": {"starts": WHEN, "survey": ("Looking back", "")},
    "digest/week": {"starts": WHEN},
    "letters/day": {"count": (2, 3, 4, 5, 6)},
    "quiet/chosen": {"starts": WHEN, "survey": ("Looking back", "")},
    "quiet/noticed": {"people": ([ANA, BEN], [ANA]), "asked": ([], [ANA], [ANA, BEN])},
    "delivery/caveat": {
        "what": ("invite", "remove", "room", "post"),
        "reason": ("role-order", "missing-permission", "roles-server-full", "leads-server-full", "voice-server-full"),
        "detail": ("Manage Roles", ""),
    },
    "commands/problem": {
        "reason": (
            *(f"not-a-{kind}" for kind in ("number", "person", "room", "link", "choice", "yes-no", "text")),
            *("ambiguous-choice", "given-twice"),
        )
    },
    "delivery/failed": {
        "reason": (
            *("room-gone", "room-missing", "person-gone", "no-account", "dm-closed", "not-allowed"),
            *("missing-scope", "not-in-room", "room-archived", "room-by-hand", "name-taken", "guest-elsewhere"),
            *("message-gone", "cannot-verify", "room-full", "from-outside", "invite-by-hand", "remove-by-hand"),
            *("missing-permission", "role-order", "server-full", "too-large"),
            *("bug", "platform-off", "ratelimited"),
        ),
        "person": (ANA, None),
        "room": (RoomRef(1), None),
    },
    "exports/coming": {"what": (["applications", "nps"], ["nps"])},
    "exports/no-such": {"known": (["applications", "nps", "all"],)},
    "faces/wall": {
        "people": (
            [
                {"person": ANA, "what": ["Northwind", "I set it up"], "link": "https://ana.example.org"},
                {"person": BEN, "what": [], "link": ""},
            ],
            [],
        ),
        "others": (3, 1, 0),
        "shown": (True, False),
    },
    "files/no-such": {"titles": (["One page"], ["One page", "Two honest conversations"])},
    "graduation/checklist": {"met": (False, True)},
    "graduation/letter": {"title": ("CEO", "")},
    "nominations/nominated": {"starts": (date(2027, 1, 11),)},
    "readiness/card": {
        "step": ("decide", "invite", "fill", "launch", "room", "nothing"),
        "zones": ([{"name": "Berlin", "count": 3}, {"name": "New York", "count": 1}], []),
        "room": (RoomRef(1), None),
    },
    "readiness/starting": {"people": ([{"person": ANA, "what": ["Northwind"], "link": ""}], [])},
    "graduation/named": {"again": WHEN},
    "reunion/home": {"words": (HOSTILE, "")},
    "leaders/letter": {"title": ("CEO", "")},
    "leaders/unapproved": {"title": ("CEO", "")},
    "guests/thank": {"guest": ("Ana Flores, Northwind",), "called": ("Ana Flores",)},
    "guests/write": {
        "guest": ("Ana Flores, Northwind",),
        "called": ("Ana Flores",),
        "clock": ("Tuesday 12 January, 16:00 (Europe/Berlin)",),
    },
    "hosting/offered": {"others": ([BEN, CHI], [])},
    **{name: {"prompt": ("", "Who slept well?")} for name in ("icebreakers/ask", "icebreakers/given")},
    "plan/difference": {
        "lines": (
            [
                {"what": "title", "was": "Set out", "now": HOSTILE},
                {"what": "goal", "was": "", "now": "One number."},
                {"what": "place", "was": "voice", "now": "chat"},
                {"what": "guest", "was": "Ana Flores", "now": ""},
            ],
            [],
        ),
        "homework": (
            [
                {"title": "One page", "now": "Two pages", "ask": HOSTILE, "was": TUESDAY, "due": TUESDAY},
                {"title": "One page", "now": "", "ask": "Bring it.", "was": None, "due": None},
            ],
            [],
        ),
        "planned": (55, 0),
    },
    "polls/opened": {"ends": (TUESDAY,)},
    "polls/poll": {"ends": (TUESDAY,)},
    "polls/result": {"poll": ({**POLL, "closed": True},)},
    "polls/taken-back": {"ends": (TUESDAY,)},
    "polls/voted": {"ends": (TUESDAY,), "choice": ("Import",)},
    "program/launch-confirm": {"starts": (date(2027, 1, 11),)},
    "program/launched": {"people": ([ANA, BEN, CHI], [ANA])},
    "program/list": {"known": ([{"key": "value-accelerator", "name": "Value Accelerator"}], [])},
    "program/open-preview": {"starts": (date(2027, 1, 11),)},
    "program/placeholders": {"places": (["place", "sessions[1].prework"],)},
    "program/starts-in-the-past": {"starts": (date(2020, 1, 11),)},
    "preview/weeks": {"weeks": (WEEKS, []), "messages": (47,), "page": (1, 2), "pages": (1, 3)},
    "report/file": {"format": ("html", "png")},
    "report/page": {
        "starts": (date(2027, 1, 11),),
        "graduates": (10, 1, 0),
        "asks_goals": (True, False),
        "goals": ([{"words": "Yes", "count": 6}, {"words": "Partly", "count": 2}], []),
        "answered": (8,),
        "built": ([{"title": "One page", "count": 9}, {"title": "Two talks", "count": 11}], []),
        "percent": (86, None),
        "meetings": ([{"title": "Set out", "there": 9, "expected": 11}], []),
        "asks_nps": (True, False),
        "nps": ({"would": 8, "n": 11, "score": 64, "low": 20, "high": 93}, None),
        "hours": ("6", "2.5"),
        "around": ("4",),
        "preparing": (30,),
        "reading": (5,),
    },
    "close/confirm": {"title": ("Set out", "")},
    "update/breaks": {
        "broken": (
            [
                {"what": what, "how": how, "name": "One"}
                for what in ("held-session", "past-session", "homework", "answer", "survey-answer")
                for how in ("gone", "changed")
            ],
        )
    },
    "update/confirm": {
        "changes": (
            [
                {"what": "program", "how": "changed", "name": "", "fields": ["promise", "something-new"]},
                {"what": "application", "how": "changed", "name": "", "fields": []},
                *(
                    {"what": what, "how": how, "name": "One", "fields": ["title", "agenda"]}
                    for what in ("session", "homework", "survey", "prompt", "message")
                    for how in ("new", "gone", "changed")
                ),
            ],
        ),
        "kept": (KEPT, []),
    },
    "update/same": {"kept": (KEPT, [])},
    "exports/file": {"what": ("nps", "all"), "format": ("csv", "xlsx")},
    "sessions/here": {"room": (3, 0)},
    "pairing/line": {"number": (3, 0)},
    "pairing/who-is-missing": {"others": ([BEN, CHI],)},
    "pairing/own-place": {"number": (3, 0)},
    "pairing/open-rooms": {"first": (1, 3)},
    "pairing/re-paired": {"number": (3, 0)},
    "pairing/round": {
        "pairs": (
            [
                {"number": 1, "people": [ANA, BEN], "link": "https://meet.example.org/1"},
                {"number": 2, "people": [CHI], "link": ""},
            ],
            [],
        )
    },
    "results/too-few": {"shown": (False, True), "name": ("Looking back",)},
    "results/asked-for": {"name": ("Looking back",)},
    "results/picture": {"name": ("Looking back",)},
    "sessions/recap": {"graduates": (None, TUESDAY)},
    **{
        name: {"lines": (["“It held.” Ana", HOSTILE.replace("\n", " ")],)}
        for name in ("testimonials/collected", "testimonials/posted")
    },
    "testimonials/home": {"words": (HOSTILE, ""), "named": (False, True)},
    "testimonials/kept": {"named": (False, True)},
    **{name: {"lines": ([HOSTILE.replace("\n", " "), "It held."], [])} for name in ("chatham/over", "chatham/digest")},
    "sessions/cancelled-by-you": {"graduates": (None, TUESDAY)},
    "sessions/move-choice": {"zones": ([], [{"zone": "Berlin", "clock": "Tue 12 Jan, 16:00", "people": [ANA]}])},
    "sessions/recap-draft": {"graduates": (None, TUESDAY)},
}
DIRECTORY = Directory(
    {1: Mention("Ana", "A1"), 2: Mention("Ben", "B2"), 3: Mention("Chi", None)}, {1: RoomMention("value", "R1")}
)


@dataclass(frozen=True)
class Site:
    """A place in code that names a template, with the names of the facts it passes."""

    template: str
    facts: frozenset[str]
    where: str
    part: bool = False  # of a message or a form


# Reading the code


@lru_cache(maxsize=1)
def modules() -> tuple[tuple[Path, ast.Module], ...]:
    files = [
        *sorted((ROOT / "bot").glob("*.py")),
        *sorted((ROOT / "bot" / "features").glob("*.py")),
        *sorted(one for one in (ROOT / "cohorts").glob("*.py") if not one.name.startswith("lint")),
    ]
    return tuple((file, ast.parse(file.read_text("utf-8"))) for file in files)


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in names:
            yield node


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def of_due(call: ast.Call) -> bool:
    """Whether it is a method of the due work, which knows the database itself."""
    function = call.func
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "due"


def argument(call: ast.Call, place: int, name: str = "") -> ast.expr | None:
    if place < len(call.args):
        return call.args[place]
    return next((keyword.value for keyword in call.keywords if name and keyword.arg == name), None)


def fact_names(node: ast.expr | None) -> set[str]:
    keys = node.keys if isinstance(node, ast.Dict) else []
    return {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def texts(tree: ast.Module, node: ast.expr | None) -> set[str]:
    """The strings an expression may be: itself, the branches of a choice, what its name is given in the module."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp():
            return texts(tree, node.body) | texts(tree, node.orelse)
        case ast.BoolOp():
            return {text for value in node.values for text in texts(tree, value)}
        case ast.Name(id=name):
            values = list(given(tree, name))
            if not values and name.isupper():  # a constant of another module
                values = [value for _, other in modules() for value in given(other, name)]
            return {text for value in values for text in texts(tree, value)}
    return set()


def given(tree: ast.Module, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == name:
                yield node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = zip(target.elts, node.value.elts, strict=True)
                yield from (value for one, value in pairs if isinstance(one, ast.Name) and one.id == name)


@lru_cache(maxsize=1)
def sites() -> tuple[Site, ...]:
    found = []
    for file, tree in modules():
        for call in calls(tree, *CARRIERS, "Asking"):
            name = called(call)
            if name == "Asking":
                templates, skip = texts(tree, argument(call, 99, "intro")), NOT_FACTS_OF_FORMS
            else:
                templates = texts(tree, argument(call, 1 if of_due(call) else CARRIERS[name], "template"))
                skip = NOT_FACTS_OF_REPLIES if name in ("Reply", "Refused", "Part") else NOT_FACTS
            facts = {keyword.arg for keyword in call.keywords if keyword.arg} - skip
            if name == "advance":
                facts = {"state"}
            elif name == "Part":
                facts = fact_names(argument(call, 1, "facts"))
            for template in sorted(templates):
                passed = frozenset(facts | set(MORE.get(template, ())))
                where = f"{file.relative_to(ROOT)}:{call.lineno}"
                found.append(Site(template, passed, where, part=name in ("Part", "Asking")))
    return tuple(found)


def written() -> set[str]:
    files = TEMPLATES.rglob("*.md.j2")
    return {str(file.relative_to(TEMPLATES)).removesuffix(".md.j2") for file in files}


def included() -> set[str]:
    """By other messages: by their names there, or whichever icebreaker is asked for."""
    pattern = re.compile(r'\{% include "([^"]+)\.md\.j2" %\}')
    named = {name for file in TEMPLATES.rglob("*.md.j2") for name in pattern.findall(file.read_text("utf-8"))}
    return named | {f"icebreakers/{one.name}" for one in icebreakers.KNOWN}


def short_words(feature: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((TEMPLATES / feature / "words.toml").read_text("utf-8"))


def slots(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


# Messages


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer([TEMPLATES])


def test_every_message_that_code_names_is_written() -> None:
    assert len(sites()) > 100
    assert [site for site in sites() if site.template not in written()] == []


def test_every_message_that_is_written_is_named_somewhere() -> None:
    assert written() - {site.template for site in sites()} - included() == set()


# What a missing fact or a slip of the pen leaves behind: two spaces, a comma after nothing, Markdown that shows.
LEFT_OVER = re.compile(r"[\ue000-\uf8ff`]|\{%|%\}|\*\*| [,.;?]|\(\)|:\s*\.|,\s*\.|  |^[,.;:]", re.M)


def variants(site: Site) -> Iterator[dict[str, Fact]]:
    """The ordinary facts; then each odd value by itself; then everything as empty as it gets."""
    own = ELSEWHERE.get(site.template, {})
    values = {name: own.get(name) or PLAUSIBLE.get(name, UNHEARD_OF) for name in site.facts}
    ordinary = {name: options[0] for name, options in values.items()}
    yield ordinary
    for name, options in values.items():
        yield from ({**ordinary, name: odd} for odd in options[1:])
    yield {name: options[-1] for name, options in values.items()}


@pytest.mark.parametrize("site", sites(), ids=lambda site: f"{site.template}@{site.where}")
def test_a_message_reads_well_with_whatever_facts_it_is_given(renderer: Renderer, site: Site) -> None:
    for facts in variants(site):
        stored = {name: thaw(freeze(value)) for name, value in facts.items()}
        shown = renderer.message(site.template, stored, directory=DIRECTORY)
        text = as_text(shown)
        assert "None" not in text, text
        assert not LEFT_OVER.search(text.replace(HOSTILE, "…")), text
        if not is_part(site):
            assert parts.plain(shown.title).strip(), site.template


def is_part(site: Site) -> bool:
    """Neither posted nor told by itself: the beginning of a form, or a line in another message."""
    return site.part


def as_text(shown: Message) -> str:
    lines = [parts.plain(shown.title)]
    for block in shown.blocks:
        lines += block_text(block)
    return "\n".join(lines)


def block_text(block: parts.Block) -> list[str]:
    match block:
        case parts.Paragraph(inlines=inlines) | parts.Heading(inlines=inlines):
            return [parts.plain(inlines)]
        case parts.Listing(items=items):
            return [f"- {parts.plain(item)}" for item in items]
        case parts.Quote(blocks=blocks):
            return [f"> {line}" for one in blocks for line in block_text(one)]
    return ["---"]


def test_nothing_shouts_begs_or_fills_space() -> None:
    unwanted = re.compile(r"successfully|lorem|please note|!\s*!|simply|effect\b|touchpoint|great answer|oops", re.I)
    files = [*TEMPLATES.rglob("*.md.j2"), *TEMPLATES.rglob("words.toml")]
    assert [str(file) for file in files if unwanted.search(file.read_text("utf-8"))] == []


def test_a_refusal_says_what_to_do_instead() -> None:
    """Some command, some example, or a clear next step stands in every one."""
    step = re.compile(r"`|[Tt]ype |[Pp]ress |Give |Keep |Name |Leave |should begin with|You can |The doors open")
    refused = {
        text
        for _, tree in modules()
        for call in calls(tree, "Refused", "_become", "_the_one", "advance")
        for text in texts(tree, argument(call, CARRIERS[called(call)]))
    }
    files = {name: (TEMPLATES / f"{name}.md.j2").read_text("utf-8") for name in refused}
    assert [name for name, text in files.items() if not step.search(text)] == []
    assert [name for name, text in files.items() if "only" in text.casefold() and "facilitator" in text] == []


# Buttons, forms, remarks


def test_every_button_has_a_label_of_its_own_and_no_label_is_left_over(renderer: Renderer) -> None:
    used: defaultdict[str, set[str]] = defaultdict(set)
    for file, tree in modules():
        for call in calls(tree, "Press"):
            for action in texts(tree, argument(call, 0)):
                feature, _, name = action.partition("/")
                words = argument(call, 3, "words")
                names = texts(tree, words) or set(COMPOSED.get(action, () if words is not None else (name,)))
                assert names, f"{file.name}:{call.lineno}: which label?"
                passed = fact_names(argument(call, 4, "facts"))
                for one in names:
                    label = renderer.words.get(feature, "buttons", one, dict.fromkeys(passed, "7"))
                    assert 0 < len(label) <= 30
                used[feature] |= names
    for file in TEMPLATES.rglob("words.toml"):
        assert set(short_words(file.parent.name).get("buttons", {})) == used[file.parent.name], file


def askings() -> Iterator[tuple[str, ast.Module, ast.FunctionDef]]:
    for _, tree in modules():
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for call in calls(function, "Asking"):
                for name in texts(tree, argument(call, 0)):
                    yield name, tree, function


def test_every_form_has_a_title_and_every_nameless_field_a_label() -> None:
    titled: defaultdict[str, set[str]] = defaultdict(set)
    labelled: defaultdict[str, set[str]] = defaultdict(set)
    for name, tree, function in askings():
        feature, _, form = name.partition("/")
        titled[feature].add(form)
        for field in calls(function, "Field"):
            key = argument(field, 0)
            if isinstance(key, ast.Constant) and may_be_empty(tree, argument(field, 2)):
                labelled[feature].add(str(key.value))
    for _, tree in modules():
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            if not any(calls(function, "Asking")):
                assert not [field for field in calls(function, "Field") if may_be_empty(tree, argument(field, 2))]
    assert len(titled) >= 6
    for feature in {file.parent.name for file in TEMPLATES.rglob("words.toml")}:
        words = short_words(feature)
        assert set(words.get("forms", {})) == titled[feature], feature
        assert all(0 < len(title) <= 24 for title in words.get("forms", {}).values()), feature
        if feature != "forms":
            assert set(words.get("submit", {})) <= titled[feature], feature
        assert all(0 < len(label) <= 24 for label in words.get("submit", {}).values()), feature
        assert set(words.get("fields", {})) == labelled[feature], feature
        assert set(words.get("help", {})) <= labelled[feature], feature


def may_be_empty(tree: ast.Module, label: ast.expr | None) -> bool:
    """Nothing, or what a function found in a program: the label then stands in words.toml."""
    if isinstance(label, ast.Name):
        return any(isinstance(value, ast.Call) for value in given(tree, label.id))
    return isinstance(label, ast.Call) or (isinstance(label, ast.Constant) and label.value == "")


def test_a_form_of_ours_can_be_drawn(renderer: Renderer) -> None:
    words = Field("words", FieldKind.PARAGRAPH, "")
    shown = renderer.form(
        Asking("homework/hand-in", [words], intro="homework/ask", ask="Show it.", due=TUESDAY), Directory()
    )
    assert (shown.title, shown.submit, shown.fields[0].label) == ("Hand in", "Hand in", "Or in your own words")
    filled = renderer.form(Asking("commands/fill", [], command="/cohort rsvp"), Directory())
    assert filled.title == "/cohort rsvp"
    first = renderer.form(Asking("surveys/answer", [], page=1, pages=2), Directory())
    last = renderer.form(Asking("surveys/answer", [], page=2, pages=2), Directory())
    assert (first.submit, last.submit) == ("Continue", "Send")


def test_the_button_for_somebody_who_was_there_says_their_name(renderer: Renderer) -> None:
    (button,) = renderer.buttons([Press("sessions/was-here", facts={"name": "Ana"})])
    assert button.label == "Ana was here"


def test_every_remark_beside_a_field_has_its_sentence(renderer: Renderer) -> None:
    sentences, used = short_words("forms")["remarks"], set()
    for file, tree in modules():
        for call in calls(tree, "Remark", "BadAnswer"):
            for reason in texts(tree, argument(call, 0)):
                used.add(reason)
                facts = {keyword.arg for keyword in call.keywords if keyword.arg}
                assert slots(sentences[reason]) <= facts, f"{file.name}:{call.lineno}"
    assert used == set(sentences)
    assert renderer.remark(Remark("not-a-choice", choices=["Yes", "No"])) == "Please choose one of these: Yes, No."


# No sentence in Python


SPEAKS_TO_AUTHORS = ("program", "when.py", "lint")
NOT_READ_IN_CHAT = (
    *("ValueError", "TypeError", "KeyError", "AssertionError", "__init__", "Locked"),
    *("text", "execute", "words", "_end", "Unwanted"),  # SQL, phrases that people say to us, reasons kept in a row
)


def test_no_sentence_that_a_person_reads_stands_in_python() -> None:
    found = []
    for file, tree in modules():
        in_bot = file.parent.name == "features" or file.name in ("dispatch.py", "understanding.py", "claims.py")
        in_cohorts = file.parent.name == "cohorts" and not file.name.startswith(SPEAKS_TO_AUTHORS)
        if in_bot or in_cohorts:
            found += [f"{file.name}:{line} {text!r}" for line, text in sentences(tree)]
    assert found == []


def sentences(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Literals of four words or more, an f-string as one."""
    exempt = set(exempted(tree))
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)):
                pass
            case ast.JoinedStr():
                text = "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)
            case _:
                continue
        if id(node) not in exempt and " " in text.strip() and len(re.findall(r"[A-Za-z']{2,}", text)) >= 4:
            yield node.lineno, text


def exempted(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                yield id(docstring)
            case ast.keyword(arg="help", value=value):
                yield from (id(one) for one in ast.walk(value))
            case ast.arg(annotation=ast.expr() as kind) | ast.AnnAssign(annotation=kind):
                yield from (id(one) for one in ast.walk(kind))
            case ast.Assign(targets=[ast.Tuple(elts=[*_, ast.Attribute(attr="reason")])]):
                yield from (id(one) for one in ast.walk(node.value))  # kept in a row, for whoever looks there
            case ast.Call() if called(node) in NOT_READ_IN_CHAT:
                yield from (id(one) for one in ast.walk(node))
            case ast.Call() if called(node) == "Option":
                yield from (id(one) for one in node.args)
