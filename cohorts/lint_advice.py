"""Advises against what rarely works in a program, each remark with its reason."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from cohorts.lint_remarks import Remark, advice, agenda_path, segments_of, texts_of
from cohorts.lint_times import Trial
from cohorts.poll_words import CHOICE, MOST
from cohorts.program_kinds import Evidence, Mix, QuestionKind, SegmentKind
from cohorts.when import Anchor, WhenKind

if TYPE_CHECKING:
    from cohorts.program_parts import Segment, SessionPlan, Survey
    from cohorts.programs import Program

SMALLEST, LARGEST = 8, 15
ATTENDEES_SHARE = 0.7
FLEXIBLE_LOW, FLEXIBLE_HIGH = 0.2, 0.6

_PLACEHOLDER = re.compile(
    r"[\w.-]*\bexample\.(?:org|com|net|edu)\b|[\w-]+\.example\b|\b(?:TODO|TBD|FIXME|XXX)\b|(?i:\blorem\b|\bchangeme\b)"
)
_NUMBER_WORD = re.compile(
    r"\d|%|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|fifty|hundred|half|twice|daily|"
    r"every|eins?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|hundert|halb|jede[nrs]?|täglich)\b",
    re.IGNORECASE,
)
_NAMED_THING = re.compile(r"(?<![.!?:]\s)(?<!^)\b[A-ZÄÖÜ][\w’'-]+|[\"“„«‘'][^\"”“»’']{2,}[\"”“»’']")
_DELIVERS = re.compile(
    r"\d|\b(?:bring|write|send|post|share|record|build|draw|list|upload|submit|make|create|show|publish|sketch|"
    r"draft|fill|measure|count|note|screenshot|photo|link|import|invite|set up|name|one|two|three|"
    r"schreib|schick|teil|bau|zeichne|lade|mach|erstell|zeig|miss|zähl|notier)\w*",
    re.IGNORECASE,
)


def advise_on(program: Program, programs: Collection[str]) -> Iterator[Remark]:
    """Everything worth a second thought in a program that could run."""
    yield from _size(program)
    yield from _promise(program)
    yield from _purpose(program, programs)
    for session in program.meetings:
        yield from _agenda(program, session)
    yield from _homework(program)
    yield from placeholders_in(program)


def placeholders_in(program: Program) -> Iterator[Remark]:
    for where, text in texts_of(program):
        if found := _PLACEHOLDER.search(text):
            yield advice("placeholder", where, f'"{found[0]}" is a placeholder; people would read it as it is')


def _size(program: Program) -> Iterator[Remark]:
    size = program.size
    if size.min < SMALLEST:
        text = f"fewer than {SMALLEST}, and two absences leave a room too quiet to share in"
        yield advice("size", "size.min", f"{size.min} people are {text}")
    if size.max > LARGEST:
        text = f"more than {LARGEST}, and not everybody can be heard in an hour"
        yield advice("size", "size.max", f"{size.max} people are {text}")


def _promise(program: Program) -> Iterator[Remark]:
    if not _NUMBER_WORD.search(program.promise) and not _NAMED_THING.search(program.promise):
        text = "no number or named thing in it could prove it wrong, so nobody can say whether it was kept"
        yield advice("promise", "promise", text)


def _purpose(program: Program, programs: Collection[str]) -> Iterator[Remark]:
    if program.people.goal is None:
        text = "nobody is asked for a goal of their own, so there is none to come back to at the end"
        yield advice("goal", "people.goal", text)
    if not any(_says_how_it_went(program, survey) for survey in program.surveys):
        text = "nobody can say how it went; a survey one day after graduation, with an nps question, is enough"
        yield advice("feedback", "surveys", text)
    for place, criterion in enumerate(program.application.criteria, start=1):
        if programs and criterion.suggest is not None and criterion.suggest not in programs:
            where = f"application.criteria[{place}].suggest"
            yield advice("suggest", where, f'there is no program "{criterion.suggest}" yet to suggest')


def _says_how_it_went(program: Program, survey: Survey) -> bool:
    """A survey for members at the end: it asks for it by kind, or comes when the last session is over."""
    if survey.audience == ("facilitators",):
        return False
    if any(question.kind is QuestionKind.NPS for question in survey.questions):
        return True
    if survey.when.kind is WhenKind.ANCHOR and survey.when.anchor is Anchor.GRADUATION:
        return survey.when.sign >= 0
    trial = Trial(program)
    moments, (_, last) = trial.resolve(survey.when), trial.meetings[-1]
    return bool(moments) and moments is not None and moments[-1] >= last


def _agenda(program: Program, session: SessionPlan) -> Iterator[Remark]:
    segments, place = segments_of(program, session), program.sessions.index(session) + 1
    if not segments:
        text = f'"{session.key}" has no agenda, so the bot can only open and close it'
        yield advice("agenda", f"sessions[{place}].agenda", text)
        return
    where = f"sessions[{place}].agenda" + ("_from" if session.agenda_from else "")
    planned = sum(segment.minutes for segment in segments)
    if planned < session.minutes:
        text = f'{planned} of the {session.minutes} minutes of "{session.key}" are planned; the rest drifts'
        yield advice("agenda", where, text)
    theirs = sum(segment.minutes for segment in segments if segment.kind.is_attendees_time)
    if theirs < ATTENDEES_SHARE * planned:
        told = f"{theirs} of {planned} minutes are planned for attendees"
        text = f'in "{session.key}" {told}, under 70 %: they came to talk'
        yield advice("attendees", where, text)
    yield from _flexible(session, segments, where)
    yield from _ending(session, segments, where)
    yield from _wishes(program, session, segments)


def _flexible(session: SessionPlan, segments: tuple[Segment, ...], where: str) -> Iterator[Remark]:
    planned = sum(segment.minutes for segment in segments)
    share = sum(segment.minutes for segment in segments if segment.flexible) / planned
    if share < FLEXIBLE_LOW:
        text = f'{share:.0%} of "{session.key}" is flexible, under 20 %: no room for what people bring'
        yield advice("flexible", where, text)
    elif share > FLEXIBLE_HIGH:
        text = f'{share:.0%} of "{session.key}" is flexible, over 60 %: too little to hold on to'
        yield advice("flexible", where, text)


def _ending(session: SessionPlan, segments: tuple[Segment, ...], where: str) -> Iterator[Remark]:
    begins, first_third = 0, False
    for segment in segments:
        first_third |= segment.kind is SegmentKind.PAIR_SHARE and 3 * begins <= session.minutes
        begins += segment.minutes
    if not first_third:
        text = f'no pair_share in the first third of "{session.key}"; who has spoken once speaks again'
        yield advice("pair-share", where, text)
    kinds = {segment.kind for segment in segments}
    if SegmentKind.REFLECTION not in kinds:
        text = f'"{session.key}" has no reflection; what was most valuable is forgotten by the next day'
        yield advice("reflection", where, text)
    if SegmentKind.NEXT_STEPS not in kinds:
        text = f'"{session.key}" has no next_steps; without one thing to do, nothing changes until the next'
        yield advice("next-steps", where, text)


def _wishes(program: Program, session: SessionPlan, segments: tuple[Segment, ...]) -> Iterator[Remark]:
    path = agenda_path(program, session)
    for nth, segment in enumerate(segments, start=1):
        if segment.chatham_house and segment.kind is SegmentKind.NEXT_STEPS:
            text = "what each will do is given back to them, so it is kept with their name"
            yield advice("chatham", f"{path}[{nth}].chatham_house", text)
        if segment.kind is SegmentKind.POLL and (remark := _unaskable(segment)):
            yield advice("poll", f"{path}[{nth}].choices", remark)
        if segment.kind is SegmentKind.GUEST and session.guest is None:
            text = f'"{session.key}" has time for a guest, but names none to invite'
            yield advice("guest", f"{path}[{nth}].kind", text)
        about = {Mix.OTHER_COMPANY: "company", Mix.OWN_COMPANY: "company"}.get(segment.mix, "level")
        if segment.mix is not Mix.ANYONE and getattr(program.people, about) is None:
            text = f'"{segment.mix}" needs the {about}: name the question that tells it under [people]'
            yield advice("with", f"{path}[{nth}].with", text)


def _unaskable(segment: Segment) -> str:
    """Why a poll would not be asked when its time comes; "" if it would."""
    if len(segment.choices) > MOST:
        return f"{len(segment.choices)} choices are more than the {MOST} that a poll can show, so it would not be asked"
    if long := next((one for one in segment.choices if len(one) > CHOICE), None):
        return f'"{long}" has {len(long)} characters and a poll can show {CHOICE}, so it would not be asked'
    return ""


def _homework(program: Program) -> Iterator[Remark]:
    for place, session in enumerate(program.sessions, start=1):
        for nth, homework in enumerate(session.homework, start=1):
            tangible = homework.evidence in (Evidence.LINK, Evidence.FILE)
            if not tangible and not _DELIVERS.search(f"{homework.title} {homework.ask}"):
                where = f"sessions[{place}].homework[{nth}].ask"
                text = f'"{homework.title}" has no concrete deliverable; what does one bring, write or build?'
                yield advice("homework", where, text)
