"""Refuses what a program names and does not have, asks and cannot get, and links that are not https."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cohorts.lint_remarks import Remark, agenda_path, refusal, segments_of, texts_of, unknown
from cohorts.lint_times import Trial, refuse_times
from cohorts.program_answers import MY, same
from cohorts.program_kinds import QuestionKind, SegmentKind, SessionKind

if TYPE_CHECKING:
    from cohorts.program_fields import Scalar
    from cohorts.program_parts import Question, Segment
    from cohorts.programs import Program

ROOMS = ("members", "absent", "facilitators", "cohort", "alumni", "applicants", "not_rsvped")

_MASKED_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")


def refuse(program: Program, templates: Collection[str], counters: Collection[str]) -> list[Remark]:
    """Everything that keeps the program from running, and with it what only the schedule can tell."""
    return [
        *_questions(program),
        *_audiences(program),
        *refuse_sessions(program),
        *_touchpoints(program, templates),
        *refuse_times(program),
        *_graduation(program),
        *_badges(program, counters),
        *_paths(program),
        *_quotes(program),
        *_links(program),
    ]


def _questions(program: Program) -> Iterator[Remark]:
    questions = {question.key: question for question in program.application.questions}
    for place, criterion in enumerate(program.application.criteria, start=1):
        where = f"application.criteria[{place}]"
        question = questions.get(criterion.question)
        if question is None:
            yield unknown(f"{where}.question", "application question", criterion.question, questions)
            continue
        if criterion.any_of is not None:
            yield from _possible(f"{where}.any_of", question, criterion.any_of)
        if criterion.equals is not None:
            yield from _possible(f"{where}.equals", question, (criterion.equals,))
        for name in ("at_least", "at_most"):
            if name in criterion.tests and not question.kind.is_numeric:
                text = f'the question "{question.key}" is of kind "{question.kind}", expected a number'
                yield refusal("question", f"{where}.{name}", text)
    for place, persona in enumerate(program.personas, start=1):
        where = f"personas[{place}]"
        if persona.question not in questions:
            yield unknown(f"{where}.question", "application question", persona.question, questions)
        else:
            yield from _possible(f"{where}.answers", questions[persona.question], persona.answers)
        if persona.name in (*ROOMS, "facilitators") or persona.name.startswith("owes:"):
            text = f'found "{persona.name}", which means something else already; expected another name'
            yield refusal("unknown", f"{where}.name", text)
    for name in ("goal", "company", "level"):
        key = getattr(program.people, name)
        if key is not None and key not in questions:
            yield unknown(f"people.{name}", "application question", key, questions)


def _possible(where: str, question: Question, values: tuple[Scalar, ...]) -> Iterator[Remark]:
    """Values that nobody can answer are a slip of the pen."""
    for value in values:
        if question.kind.has_choices and not any(same(choice, value) for choice in question.choices):
            yield unknown(where, f'choice of "{question.key}"', str(value), question.choices)
        elif question.kind is QuestionKind.YES_NO and not (same(True, value) or same(False, value)):
            yield refusal("question", where, f'found "{value}", expected true or false')


def _audiences(program: Program) -> Iterator[Remark]:
    known = ["members", "facilitators", *program.groups]
    for place, survey in enumerate(program.surveys, start=1):
        for name in survey.audience:
            if name not in known:
                yield unknown(f"surveys[{place}].for", "persona", name, known)
    for place, session in enumerate(program.sessions, start=1):
        for nth, homework in enumerate(session.homework, start=1):
            for name in homework.audience:
                if name not in known:
                    yield unknown(f"sessions[{place}].homework[{nth}].for", "persona", name, known)
    for place, path in enumerate(program.paths, start=1):
        if path.persona is not None and path.persona not in program.groups:
            yield unknown(f"paths[{place}].persona", "persona", path.persona, program.groups)


def refuse_sessions(program: Program) -> Iterator[Remark]:
    agendas, guests = [one.key for one in program.agendas], [one.key for one in program.guests]
    surveys = [one.key for one in program.surveys]
    for place, session in enumerate(program.sessions, start=1):
        where = f"sessions[{place}]"
        if session.agenda_from is not None and session.agenda_from not in agendas:
            yield unknown(f"{where}.agenda_from", "agenda", session.agenda_from, agendas)
        if session.guest is not None and session.guest not in guests:
            yield unknown(f"{where}.guest", "guest", session.guest, guests)
        planned = sum(segment.minutes for segment in segments_of(program, session))
        if session.kind is SessionKind.SESSION and planned > session.minutes:
            source = "agenda_from" if session.agenda_from else "agenda"
            text = f'{planned} minutes are planned in "{session.key}", expected at most its {session.minutes}'
            yield refusal("minutes", f"{where}.{source}", text)
    written = [(agenda_path(program, one), one.agenda) for one in program.sessions if one.agenda]
    shared = [(f"agendas[{nth}].segments", one.segments) for nth, one in enumerate(program.agendas, start=1)]
    for path, segments in [*written, *shared]:
        for nth, segment in enumerate(segments, start=1):
            if segment.survey is not None and segment.survey not in surveys:
                yield unknown(f"{path}[{nth}].survey", "survey", segment.survey, surveys)
    yield from _slots(program)


def _slots(program: Program) -> Iterator[Remark]:
    """A poll steers a slot that comes later, in its session or in one after it."""
    running: list[tuple[str, Segment]] = []
    for session, _ in Trial(program).starts:
        segments = segments_of(program, session)
        path = agenda_path(program, session) if segments else ""
        running += [(f"{path}[{nth}]", segment) for nth, segment in enumerate(segments, start=1)]
    remarks: dict[str, Remark] = {}
    for place, (where, segment) in enumerate(running):
        if segment.steers is not None:
            later = [one.slot for _, one in running[place + 1 :] if one.slot is not None]
            if segment.steers not in later:
                where = f"{where}.steers"
                remarks.setdefault(where, unknown(where, "later slot", segment.steers, later))
        if segment.slot is not None:
            polls = [one for _, one in running[:place] if one.kind is SegmentKind.POLL]
            steering = [one for one in polls if one.steers == segment.slot]
            if not steering:
                steered = [one.steers for one in polls if one.steers is not None]
                where = f"{where}.slot"
                remarks.setdefault(where, unknown(where, "earlier poll that steers", segment.slot, steered))
                continue
            choices = [choice for poll in steering for choice in poll.choices]
            for option in segment.options:
                if option not in choices:
                    there = f"{where}.options"
                    remarks.setdefault(there, unknown(there, "choice of the poll", option, choices))
    yield from remarks.values()


def _touchpoints(program: Program, templates: Collection[str]) -> Iterator[Remark]:
    homework = [one.key for _, one in program.homework]
    known = [name.removesuffix(".md.j2") for name in templates]
    for place, touchpoint in enumerate(program.touchpoints, start=1):
        where = f"touchpoints[{place}]"
        if touchpoint.owes is not None:
            if touchpoint.owes not in homework:
                yield unknown(f"{where}.to", "homework", touchpoint.owes, homework)
        elif touchpoint.to not in (*ROOMS, *program.groups):
            yield unknown(f"{where}.to", "recipient", touchpoint.to, [*ROOMS, *program.groups])
        template = touchpoint.template
        if template is not None and template.removesuffix(".md.j2") not in known:
            yield unknown(f"{where}.template", "template", template, known)


def _graduation(program: Program) -> Iterator[Remark]:
    plan, homework = program.graduation, [one.key for _, one in program.homework]
    for key in plan.submit:
        if key not in homework:
            yield unknown("graduation.submit", "homework", key, homework)
    if plan.submit_at_least > len(homework):
        text = f"found {plan.submit_at_least}, expected at most {len(homework)}: all the homework there is"
        yield refusal("graduation", "graduation.submit_at_least", text)
    asked = len(program.meetings) * (1 + len(program.prompts))
    if plan.reflect_at_least > asked:
        text = f"found {plan.reflect_at_least}, expected at most {asked}: nobody is asked more often"
        yield refusal("graduation", "graduation.reflect_at_least", text)


def _badges(program: Program, counters: Collection[str]) -> Iterator[Remark]:
    reachable = {
        "sessions": len(program.meetings),
        "homework": len(program.homework),
    }
    for place, badge in enumerate(program.badges, start=1):
        counter, needed = badge.when.counter, badge.when.needed
        if counter is None:
            continue
        if counter not in counters:
            yield unknown(f"badges[{place}].when", "counter", counter, counters)
        elif needed > reachable.get(counter, needed):
            text = f'found "{counter} {needed}", expected at most {reachable[counter]}: there are no more'
            yield refusal("graduation", f"badges[{place}].when", text)


def _paths(program: Program) -> Iterator[Remark]:
    surveys = {survey.key: survey for survey in program.surveys}
    quizzes = [item.key for path in program.paths for item in path.items if item.questions]
    for place, path in enumerate(program.paths, start=1):
        for nth, item in enumerate(path.items, start=1):
            where, skip = f"paths[{place}].items[{nth}].skip_if", item.skip_if
            if skip is None:
                continue
            if skip.quiz is not None and skip.quiz not in quizzes:
                yield unknown(where, "quiz", skip.quiz, quizzes)
            if skip.survey is not None and skip.survey not in surveys:
                yield unknown(where, "survey", skip.survey, surveys)
            elif skip.survey is not None and skip.question is not None:
                questions = [question.key for question in surveys[skip.survey].questions]
                if skip.question not in questions:
                    yield unknown(where, f'question of survey "{skip.survey}"', skip.question, questions)


def _quotes(program: Program) -> Iterator[Remark]:
    """An answer may be quoted to whoever gave it, and to nobody else."""
    questions = [question.key for question in program.application.questions]
    alone = {f"prompts[{place}].ask" for place, _ in enumerate(program.prompts, start=1)}
    alone |= {
        f"touchpoints[{place}].text"
        for place, touchpoint in enumerate(program.touchpoints, start=1)
        if touchpoint.to not in ("cohort", "facilitators")
    }
    for where, text in texts_of(program):
        for key in MY.findall(text):
            if key not in questions:
                yield unknown(where, "application question", key, questions)
        to_one = where in alone or (where.startswith("surveys[") and where.endswith(".ask"))
        if to_one and re.search(r"\{\{|\{%", MY.sub("", text)):
            text = "found braces that are not understood, expected {{ my.KEY }} with the key of a question"
            yield refusal("quote", where, text)
        elif not to_one and (found := MY.search(text)):
            text = "which only a survey, a prompt or a message to members one by one can say"
            yield refusal("quote", where, f"found {found[0]}, {text}")


def _links(program: Program) -> Iterator[Remark]:
    for where, text in texts_of(program):
        name = where.rpartition(".")[2]
        if name in ("url", "board", "video") and text and not is_https(text):
            yield refusal("link", where, f'found "{text}", expected a link that begins with https://')
        elif name == "place" and text not in ("voice", "chat") and not is_https(text):
            text = f'found "{text}", expected "voice", "chat" or a link that begins with https://'
            yield refusal("link", where, text)
        for target in _MASKED_LINK.findall(text):
            if not is_https(target):
                yield refusal("link", where, f'found a link to "{target}", expected https://')


def is_https(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme == "https" and bool(parts.hostname) and not re.search(r"\s", text)
    except ValueError:
        return False
