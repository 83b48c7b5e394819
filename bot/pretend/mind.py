"""What pretend people make of what they see: from a button in a message to the plan to press it.

What somebody will do is drawn from the seed, the person and the thing itself, so that the same seed gives the same
plans, in whatever order things arrive.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from bot.message import Scalar
from bot.platforms.local.chat import Chat, ChatMessage
from bot.platforms.local.draw import DrawnButton, DrawnCard, buttons_of, text_of
from bot.pretend.deeds import Deed, Intention, Launches, Presses, Says, first_moment, inlines, press_of
from bot.pretend.people import DAY, HOUR, Character, Habit, awake, stock_of
from cohorts.programs import Program

MINUTE = timedelta(minutes=1)
GOODBYE = 4 * MINUTE  # from a session's planned end until somebody ends it
ALWAYS_SEEN = ("sessions/here", "quiet/choose", "cohort/leave")  # also by those who have fallen behind


class Mind:
    """What everybody has seen, remembers and means to do. `program` is the one they take part in."""

    def __init__(
        self,
        chat: Chat,
        clock: Callable[[], datetime],
        characters: Iterable[Character],
        program: Program,
        *,
        seed: int,
        absent: float,
    ) -> None:
        self.chat = chat
        self.closes = datetime.min.replace(tzinfo=UTC)  # when nobody can apply any more
        self.clock = clock
        self.program = program
        self.characters = {one.id: one for one in characters}
        self.said = stock_of()
        self.seed = seed
        self.plans: list[Intention] = []
        self.met: set[str] = set()  # who was at a session
        self._absent = absent
        self._order = 0
        self._meant: set[tuple[str, Presses]] = set()
        self._begun: set[tuple[str, str, Scalar]] = set()
        self._on: Scalar = 0  # the session that is on, or was last
        self._accepted = 0
        self._ends: dict[int, datetime] = {}
        self._began_at: datetime | None = None  # the first session
        self._back: set[str] = set()  # who had fallen behind
        self._declined: set[str] = set()

    def intend(self, who: str, deed: Deed, at: datetime) -> None:
        self._order += 1
        heapq.heappush(self.plans, Intention(at, self._order, who, deed))

    def notices(self, who: Character, message: ChatMessage) -> None:
        for button, _ in buttons_of(message.payload):
            think = _THOUGHTS.get(button["action"])
            if think is not None and self._cares(who, button, message):
                think(self, who, button, message)

    def _cares(self, who: Character, button: DrawnButton, message: ChatMessage) -> bool:
        """Whoever has fallen behind hardly answers; whoever can't take their seat says so instead."""
        if who.habit is Habit.DECLINES and button["action"] in ("cohort/home", "surveys/open"):
            if message.only_for is None and who.id not in self._declined:
                self._declined.add(who.id)
                draw = self.draw(who, "declines")
                self.intend(who.id, Says("/cohort leave"), self._later(who, draw, HOUR, 20 * HOUR))
            return False
        if self._behind(who) and button["action"] not in ALWAYS_SEEN:
            return self.draw(who, "answers", message.id).random() < 0.06
        return True

    def _means(self, who: Character, button: DrawnButton, at: datetime) -> None:
        """Once for each person and thing."""
        wanted = press_of(button)
        if (who.id, wanted) not in self._meant:
            self._meant.add((who.id, wanted))
            self.intend(who.id, wanted, at)

    def _is_new(self, who: Character, button: DrawnButton) -> bool:
        """A thing that changes is seen again with each change, and thought about once."""
        return (who.id, press_of(button)) not in self._meant

    def _is_first(self, who: Character, what: str, about: Scalar) -> bool:
        """Whether they have not begun that yet; they have now."""
        known = len(self._begun)
        self._begun.add((who.id, what, about))
        return len(self._begun) > known

    def draw(self, who: Character, *about: object) -> Random:
        return Random(f"{self.seed}/{who.id}/{about}")

    def _later(self, who: Character, draw: Random, least: timedelta, most: timedelta) -> datetime:
        """Sooner the more diligent they are, and never at night."""
        share = draw.random() ** (0.5 + 2 * who.diligence)
        return awake(self.clock() + least + (most - least) * share, who.zone, draw)

    def comes(self, who: Character, session: Scalar) -> bool:
        absent = max(self._absent, 0.8) if self._behind(who) else self._absent
        return self.draw(who, "comes", session).random() >= absent

    def _behind(self, who: Character) -> bool:
        """Whether somebody has fallen behind by now, and not found back."""
        if who.habit is not Habit.FALLS_BEHIND or who.id in self._back or self._began_at is None:
            return False
        return self.clock() > self._began_at + 8 * HOUR

    def _asked_to_hear_less(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        """Asked whether the bot shall go quiet: some find back, some want less, some say nothing."""
        draw = self.draw(who, "quiet")
        choice = draw.choices(("stay", "later", "stop", ""), (3, 3, 1, 2))[0] if self._behind(who) else "stay"
        if message.only_for is None and button["args"].get("choice") == choice:
            self._means(who, button, self._later(who, draw, 30 * MINUTE, 20 * HOUR))
            if choice == "stay":
                self._back.add(who.id)

    def _goes(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        if who.habit in (Habit.DECLINES, Habit.LEAVES):
            self._means(who, button, self.clock() + MINUTE)

    def _rsvp(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        if message.only_for is not None:
            return  # on their own home page it is no question
        session = button["args"].get("session_id", 0)
        draw = self.draw(who, "rsvp", session)
        mood, at = draw.random(), self._later(who, draw, 40 * MINUTE, 9 * HOUR)
        if self.comes(who, session):
            answer = "yes" if mood < 0.82 else "maybe" if mood < 0.92 else ""
        else:
            answer = "no" if mood < 0.55 else "yes" if mood < 0.7 else ""
        starts = first_moment(message.payload, self.clock())
        if button["args"].get("answer") == answer and (starts is None or at < starts):
            self._means(who, button, at)

    def _here(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        session = button["args"].get("session_id", 0)
        self._on = session
        draw = self.draw(who, "here", session)
        habit = draw.random()
        if not self.comes(who, session) or who.role:
            return
        if habit < 0.03:
            return  # there, and forgot to say so
        if not self._is_new(who, button):
            return
        first = who.id not in self.met
        self.met.add(who.id)
        # Whoever looks for the room for the first time may find it when the others have begun.
        seconds = draw.randint(200, 420) if first and habit < 0.12 else draw.randint(4, 170)
        self._means(who, button, self.clock() + timedelta(seconds=seconds))

    def _vote(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        """Nearly all of those who are there, within the minute."""
        choices = [one for one, _ in buttons_of(message.payload) if one["action"] == button["action"]]
        draw = self.draw(who, "votes", button["args"].get("poll_id"))
        taken, share, seconds = draw.choice(range(len(choices))), draw.random(), draw.randint(5, 60)
        if who.role or not self.comes(who, self._on):
            return
        if button is choices[taken] and share < 0.92:
            self._means(who, button, self.clock() + timedelta(seconds=seconds))

    def _next_step(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        """Named aloud by all, and typed by some of them."""
        session = button["args"].get("session_id", 0)
        draw = self.draw(who, "next step", session)
        if not who.role and self.comes(who, session) and draw.random() < 0.2 + 0.6 * who.diligence:
            self._means(who, button, self.clock() + timedelta(seconds=draw.randint(15, 200)))

    def _reflect(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        """Asked in the last part of the session, and on its stage; whoever did not answer, once more later."""
        session = button["args"].get("session_id", 0)
        draw = self.draw(who, "reflects", session)
        if who.role or not self.comes(who, session) or not self._is_new(who, button):
            return  # asked because nobody pressed anything; they know that they were not there
        if draw.random() < 0.72 + 0.25 * who.diligence:
            at_once = draw.random() < 0.6  # while the others are still there
            soon = self.clock() + timedelta(seconds=draw.randint(40, 240))
            self._means(who, button, soon if at_once else self._later(who, draw, 15 * MINUTE, 20 * HOUR))
        if not self._is_first(who, "looks back", session):
            return
        if self.program.homework:
            at = awake(self.clock() + 18 * HOUR + draw.randint(0, 600) * MINUTE, who.zone, draw)
            self.intend(who.id, Says("/cohort home"), at)
        peers = [one for one in self._peers(who) if self.draw(who, "likes", one.id).random() < 0.6]
        if peers and draw.random() < 0.15:
            thanks = f"/cohort kudos @{draw.choice(peers).id} {draw.choice(self.said['kudos'])}"
            self.intend(who.id, Says(thanks), self._later(who, draw, 2 * MINUTE, 5 * HOUR))

    def _peers(self, who: Character) -> list[Character]:
        rooms = [room for room in self.chat.rooms_of(who.id) if room.dm_of is None]
        ids = [id for room in rooms for id in room.members if id != who.id and id in self.characters]
        return [self.characters[id] for id in ids if not self.characters[id].role]

    def _hand_in(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        """Most hand in early, some when they are reminded, few a day late, hardly ever somebody not at all."""
        draw = self.draw(who, "homework", button["args"].get("homework_id"))
        habit = draw.random() + 0.2 * (who.diligence - 0.7)
        now, own = self.clock(), message.only_for is not None  # own: they looked it up; else they were nudged
        due = first_moment(message.payload, now) or now + DAY
        latest = max(now + 5 * MINUTE, due - 2 * HOUR)
        if habit < 0.03 or (habit < 0.25 and own):
            return
        if habit < 0.09:
            at = awake(due + draw.randint(4, 26) * HOUR, who.zone, draw)
        elif own:
            span = max(HOUR, due - 28 * HOUR - now)
            at = min(awake(now + span * draw.random(), who.zone, draw), latest)
        else:
            at = min(self._later(who, draw, 20 * MINUTE, 18 * HOUR), latest)
        self._means(who, button, at)

    def _survey(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        draw = self.draw(who, "survey", button["args"].get("survey"))
        if draw.random() < 0.85 + 0.15 * who.diligence:
            self._means(who, button, self._later(who, draw, 10 * MINUTE, 28 * HOUR))

    def _prompt(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        # The same prompt comes again after each session, with the same button.
        draw = self.draw(who, "prompt", message.id)
        if draw.random() < 0.3 + 0.4 * who.diligence:
            self.intend(who.id, press_of(button), self._later(who, draw, 10 * MINUTE, 20 * HOUR))

    def _promise(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        draw = self.draw(who, "promise", button["args"].get("promise_id"))
        how = "kept" if draw.random() < 0.35 + 0.4 * who.diligence else "not-yet"
        if message.only_for is None and button["args"].get("how") == how and draw.random() < 0.8:
            self._means(who, button, self._later(who, draw, 20 * MINUTE, 12 * HOUR))

    def _read(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        draw = self.draw(who, "reads", button["args"].get("review_id"))
        if draw.random() < 0.45 + 0.5 * who.diligence:
            self._means(who, button, self._later(who, draw, 30 * MINUTE, 30 * HOUR))

    def _look_home(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        draw = self.draw(who, "home", message.id)
        if message.only_for is None and draw.random() < 0.6:
            self._means(who, button, self._later(who, draw, 3 * MINUTE, 6 * HOUR))

    def _show_face(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        draw = self.draw(who, "shows")
        if draw.random() < 0.3 + 0.6 * who.diligence:
            self._means(who, button, self._later(who, draw, 10 * MINUTE, 8 * HOUR))

    def _go_on(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        """Back to a half-done application."""
        if message.only_for is None:
            self._means(who, button, self._later(who, self.draw(who, "goes on"), 30 * MINUTE, 10 * HOUR))

    def _share(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        """Words of their own for everybody: most give some when they are asked."""
        draw = self.draw(who, button["action"])
        if not who.role and draw.random() < 0.45 + 0.4 * who.diligence:
            self._means(who, button, self._later(who, draw, 5 * MINUTE, 6 * HOUR))

    # Those who conduct.

    def _soon(self, who: Character, button: DrawnButton, least: timedelta, most: timedelta) -> None:
        draw = self.draw(who, press_of(button))
        self._means(who, button, self.clock() + least + (most - least) * draw.random())

    def _review(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        draw = self.draw(who, "reviews", message.id)
        # All of them together, when nobody else can apply.
        at = awake(max(self.clock(), self.closes) + 40 * MINUTE + 80 * MINUTE * draw.random(), who.zone, draw)
        self._means(who, button, at)
        # When nobody has to be decided on, nothing else would lead there.
        self.intend(who.id, Launches(), at + 2 * HOUR)

    def _decide(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        """One card at a time: the first without a draft, as far as there are seats."""
        card = next(iter(self._undecided(message)), None)
        if card is None or button is not card["buttons"][0]:
            return
        applicant = self._applicant(card)
        decision = "accept" if self._accepted < self.program.size.max else "waitlist"
        if applicant is not None and applicant.misfit and self.program.application.criteria:
            decision = "decline"
        for wanted in card["buttons"]:
            if wanted["args"].get("decision") == decision and (who.id, press_of(wanted)) not in self._meant:
                self._accepted += decision == "accept"
                self._soon(who, wanted, MINUTE / 4, MINUTE)

    def _undecided(self, message: ChatMessage) -> list[DrawnCard]:
        """Without a draft; whoever comes late is decided on when it has begun."""
        found = []
        for card in message.payload["cards"]:
            applicant = self._applicant(card)
            late = applicant is not None and applicant.habit is Habit.COMES_LATE
            if len(card["buttons"]) == 3 and not late:
                found.append(card)
        return found

    def _applicant(self, card: DrawnCard) -> Character | None:
        people = [node["account"] for node in inlines(card["blocks"]) if node["t"] == "mention"]
        return self.characters.get(people[0] or "") if people else None

    def _send(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        if not self._undecided(message):
            self._soon(who, button, MINUTE, 4 * MINUTE)

    def _at_once(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        self._soon(who, button, MINUTE, 2 * MINUTE)

    def _start(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        starts = first_moment(message.payload, self.clock())
        session = button["args"].get("session_id", 0)
        if starts is not None and isinstance(session, int):
            title = text_of({**message.payload, "blocks": [], "cards": []})
            titled = [one for one in self.program.sessions if one.title in title]
            minutes = max(titled, key=lambda one: len(one.title)).minutes if titled else 60
            self._ends[session] = starts + minutes * MINUTE + GOODBYE
            self._means(who, button, starts + 3 * MINUTE)  # when people have found the room

    def _end(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        session = button["args"].get("session_id", 0)
        ends = self._ends.get(session) if isinstance(session, int) else None
        self._means(who, button, max(self.clock(), ends or self.clock() + HOUR + GOODBYE))

    def _call_on(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        """Where people are called on, two more after the first; otherwise whoever conducts only listens."""
        session = button["args"].get("session_id", 0)
        title = text_of({**message.payload, "blocks": [], "cards": []})
        if who.role and title.strip().endswith("call on") and self._is_first(who, "calls on", session):
            for seconds in (70, 150):
                self.intend(who.id, press_of(button), self.clock() + timedelta(seconds=seconds))

    def _heard(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        self._soon(who, button, MINUTE / 3, MINUTE)

    def _was_here(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        """Whoever came and forgot to say so was seen by those who conduct."""
        session = button["args"].get("session_id", 0)
        seen = [one for one in self.characters.values() if one.name in button["label"] and not one.role]
        if any(self.comes(one, session) for one in seen):
            self._soon(who, button, 2 * MINUTE, 4 * MINUTE)

    def _settle(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        self._soon(who, button, 6 * MINUTE, 25 * MINUTE)

    def _recap(self, who: Character, button: DrawnButton, message: ChatMessage) -> None:
        draw = self.draw(who, "recap", button["args"].get("session_id"))
        if draw.random() < 0.5:
            self._soon(who, button, 5 * MINUTE, 30 * MINUTE)


_THOUGHTS: Mapping[str, Callable[[Mind, Character, DrawnButton, ChatMessage], None]] = {
    "applications/apply": Mind._go_on,
    "applications/decide": Mind._decide,
    "applications/queue": Mind._review,
    "applications/send": Mind._send,
    "calling/heard": Mind._heard,
    "calling/next": Mind._call_on,
    "ceremony/open": Mind._share,
    "cohort/home": Mind._look_home,
    "cohort/leave": Mind._goes,
    "debriefs/open": Mind._survey,
    "faces/show": Mind._show_face,
    "homework/hand-in": Mind._hand_in,
    "leaders/approve": Mind._at_once,
    "program/launch": Mind._at_once,
    "program/launched": Mind._at_once,
    "program/open": Mind._at_once,
    "polls/vote": Mind._vote,
    "promises/open": Mind._next_step,
    "promises/say": Mind._promise,
    "prompts/open": Mind._prompt,
    "quiet/choose": Mind._asked_to_hear_less,
    "reflections/open": Mind._reflect,
    "reviews/open": Mind._read,
    "reunion/open": Mind._share,
    "sessions/end": Mind._end,
    "sessions/here": Mind._here,
    "sessions/recap": Mind._recap,
    "sessions/rsvp": Mind._rsvp,
    "sessions/settled": Mind._settle,
    "sessions/start": Mind._start,
    "sessions/was-here": Mind._was_here,
    "surveys/open": Mind._survey,
    "testimonials/open": Mind._share,
    "testimonials/post": Mind._settle,
}
