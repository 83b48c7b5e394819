"""Homework: handed in with a link or words, nudged for once."""

from __future__ import annotations

from collections.abc import Sequence

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Files, Reply, Response
from bot.command_text import Kind
from bot.message import Choice, Field, FieldKind
from bot.registry import Option, button, command, due, form, shortcut
from cohorts import attachments, homework, reviews, sessions, walls, which
from cohorts.attachments import Brought
from cohorts.cohort import Cohort, Membership
from cohorts.errors import Invalid, Refused, Remark
from cohorts.homework import Homework
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.program_answers import BadAnswer, check_answer
from cohorts.program_kinds import QuestionKind
from cohorts.program_parts import Question


def set_so_far(ask: Ask) -> Sequence[Choice]:
    cohort, _ = whose.mine(ask)
    return [Choice(one.key, one.title) for one in homework.given(ask.db, cohort, now=ask.now)]


@command(
    "submit",
    help="Hand in homework",
    role=Role.MEMBER,
    options=[
        Option("link", "A link to what you made", kind=Kind.LINK),
        Option("words", "What you made or learned", rest=True),
        Option("homework", "Which one; the soonest due when left out", complete=set_so_far),
    ],
)
def submit(ask: Ask, link: str = "", words: str = "", homework: str | None = None) -> Response:
    cohort, membership = whose.mine(ask)
    meant = _meant(ask, cohort, membership, homework)
    if not link and not words:
        return _form(cohort, meant)
    return _hand_in(ask, cohort, meant, membership, link, words)


def _meant(ask: Ask, cohort: Cohort, membership: Membership, wanted: str | None) -> Homework:
    return homework.the_one(ask.db, cohort, membership, wanted, now=ask.now)


@button("homework/hand-in", role=Role.MEMBER)
def hand_in(ask: Ask, homework_id: int) -> Response:
    one, cohort, _ = homework.mine(ask.db, ask.person, homework_id)
    return _form(cohort, one)


@shortcut("homework/from-message", role=Role.MEMBER)
def hand_in_message(ask: Ask, text: str, link: str) -> Response:
    """Of several cohorts, the homework that is due soonest; the form names it."""
    mine = which.of_person(ask.db, ask.person)
    owing = [(one, cohort) for cohort, member in mine for one in homework.owed(ask.db, cohort, member, now=ask.now)]
    if owing:
        one, cohort = min(owing, key=lambda pair: pair[0].due_at)
    else:
        cohort, membership = whose.mine(ask) if len(mine) < 2 else mine[-1]
        one = _meant(ask, cohort, membership, None)
    return _form(cohort, one, link=link, words=text[: homework.WORDS])


def _form(cohort: Cohort, one: Homework, *, link: str = "", words: str = "") -> Asking:
    plan = homework.plan_of(cohort, one)
    needs_link, needs_words = plan.evidence == "link", plan.evidence == "text"
    needs_file = plan.evidence == "file"
    file = Field("file", FieldKind.FILE, "", required=needs_file, most=attachments.MOST)
    return Asking(
        "homework/hand-in",
        [
            *([file] if needs_file else ()),
            Field("link", FieldKind.LINK, "", required=needs_link, max_length=2000, value=link or None),
            Field(
                "words",
                FieldKind.PARAGRAPH,
                "",
                required=needs_words,
                max_length=homework.WORDS,
                value=words or None,
            ),
            *([file] if plan.evidence == "any" else ()),
        ],
        args={"homework_id": one.id},
        title=one.title,
        intro="homework/ask",
        ask=plan.ask,
        due=one.due_at,
    )


@form("homework/hand-in", role=Role.MEMBER, files=True)
def handed_in(ask: Ask, answers: Answers, files: Files, homework_id: int) -> Response:
    one, cohort, membership = homework.mine(ask.db, ask.person, homework_id)
    link, words = str(answers.get("link") or ""), str(answers.get("words") or "")
    brought = [Brought(file.name, file.media_type, file.content) for file in files.get("file", ())]
    evidence = homework.plan_of(cohort, one).evidence
    if evidence == "file" and not brought:
        raise Invalid(file=Remark("needs-file"))
    if not link.strip() and not words.strip() and not brought:
        raise Invalid(words=Remark("something-or-file" if evidence == "any" else "something"))
    if not link.strip() and evidence == "link":
        raise Invalid(link=Remark("required"))
    if not opens(link):
        raise Invalid(link=Remark("not-a-link"))
    if len(words) > homework.WORDS:
        raise Invalid(words=Remark("too-long", limit=homework.WORDS, length=len(words)))
    return _hand_in(ask, cohort, one, membership, link, words, brought)


def _hand_in(
    ask: Ask,
    cohort: Cohort,
    one: Homework,
    membership: Membership,
    link: str,
    words: str,
    files: Sequence[Brought] = (),
) -> Reply:
    handed = homework.submit(
        ask.db, cohort, one, membership, link=web_address(link), words=words, files=files, now=ask.now
    )
    reviews.consider(ask.db, cohort, one, now=ask.now)
    walls.show(ask.db, cohort, one, now=ask.now)
    everyone = homework.meant(ask.db, cohort, one)
    return Reply(
        "homework/received",
        title=one.title,
        again=handed.times > 1,
        wall=homework.plan_of(cohort, one).wall.value,
        done=len(homework.submissions(ask.db, one)),
        everyone=len(everyone),
        owes=[other.title for other in homework.owed(ask.db, cohort, membership, now=ask.now)],
    )


def opens(link: str) -> bool:
    try:
        web_address(link)
    except Refused:
        return False
    return True


def web_address(link: str) -> str:
    """A web address as people type it; anything else stays out."""
    if not link.strip():
        return ""
    try:
        return str(check_answer(Question(key="link", ask="link", kind=QuestionKind.LINK), link))
    except BadAnswer:
        raise Refused("homework/not-a-link", words=link[:100]) from None


@due("homework/nudge")
def nudge(due: Due, homework_id: int) -> None:
    """A day before it is due, to those who owe it."""
    one, cohort = homework.get(due.db, homework_id)
    if not sessions.is_expected(cohort) or one not in homework.given(due.db, cohort, now=due.now):
        return
    for member in homework.debtors(due.db, cohort, one):
        due.tell(
            member,
            "homework/nudge",
            expires=one.due_at,
            about=one.about,
            presses=[Press("homework/hand-in", {"homework_id": one.id}, "primary")],
            title=one.title,
            ask=homework.plan_of(cohort, one).ask,
            due_at=one.due_at,
        )
