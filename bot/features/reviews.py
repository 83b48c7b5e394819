"""Peer review: work to read comes in a letter, the answer is a form, and goes back in a letter."""

from __future__ import annotations

from bot import whose
from bot.ask import Answers, Ask, Asking, Due, Part, Reply, Response
from bot.message import Field, FieldKind
from bot.registry import button, command, counter, due, export, form, home_line, words
from bot.sheets import Sheet
from cohorts import homework, reviews
from cohorts.cohort import Cohort, Membership, people_of, present
from cohorts.errors import Invalid, Remark
from cohorts.facts import Fact
from cohorts.homework import Homework, Submission
from cohorts.outbox import Press
from cohorts.people import Role
from cohorts.reviews import Review
from cohorts.store import Db

ASKED = ("works", "question", "suggestion")


@due("reviews/assign")
def assign(due: Due, homework_id: int) -> None:
    one, cohort = homework.get(due.db, homework_id)
    reviews.consider(due.db, cohort, one, now=due.now)


@due("reviews/ask")
def ask_to_read(due: Due, review_id: int, membership_id: int) -> None:
    """Not any more when they have done it meanwhile, or another was put in its place."""
    member = due.db.get_one(Membership, membership_id)
    found = next((row for row in reviews.owed(due.db, member) if row[0].id == review_id), None)
    if found is None or member not in present(due.db, due.db.get_one(Cohort, member.cohort_id)):
        return
    review, one, work = found
    due.tell(
        member,
        "reviews/ask",
        presses=[_press(review)],
        person=due.db.get_one(Membership, review.author_id).ref,
        title=one.title,
        link=work.link,
        words=work.words,
    )


@due("reviews/received")
def give_back(due: Due, reading_id: int, membership_id: int) -> None:
    review = due.db.get_one(Review, reading_id)
    one, _ = homework.get(due.db, review.homework_id)
    due.tell(
        due.db.get_one(Membership, membership_id),
        "reviews/received",
        person=due.db.get_one(Membership, review.reviewer_id).ref,
        title=one.title,
        works=review.works,
        question=review.question,
        suggestion=review.suggestion,
    )


def _press(review: Review) -> Press:
    return Press("reviews/open", {"review_id": review.id}, "primary")


def _work(db: Db, one: Homework, work: Submission) -> dict[str, Fact]:
    author = db.get_one(Membership, work.membership_id)
    return {"person": author.ref, "title": one.title, "link": work.link, "words": work.words}


@command("cohort review", help="See whose work waits for your reading", role=Role.MEMBER, reads=True)
@words("review", name="review", role=Role.MEMBER, reads=True)
def owed(ask: Ask) -> Reply:
    cohort, membership = whose.mine(ask)
    waiting = reviews.owed(ask.db, membership)
    return Reply(
        "reviews/owed",
        program=cohort.name,
        count=len(waiting),
        done=reviews.count(ask.db, membership),
        parts=[Part("reviews/work", _work(ask.db, *row[1:]), [_press(row[0])]) for row in waiting],
    )


@button("reviews/open", role=Role.MEMBER, reads=True)
def open_(ask: Ask, review_id: int) -> Asking:
    review, one, work, _ = reviews.mine(ask.db, ask.person, review_id)
    told = _work(ask.db, one, work)
    return Asking(
        "reviews/give",
        [
            Field(
                "works", FieldKind.PARAGRAPH, "", required=True, max_length=reviews.WORDS, value=review.works or None
            ),
            Field("question", FieldKind.PARAGRAPH, "", max_length=reviews.WORDS, value=review.question or None),
            Field("suggestion", FieldKind.PARAGRAPH, "", max_length=reviews.WORDS, value=review.suggestion or None),
        ],
        args={"review_id": review.id},
        title=one.title,
        intro="reviews/work",
        person=told["person"],
        link=told["link"],
        words=told["words"],
    )


@form("reviews/give", role=Role.MEMBER)
def given(ask: Ask, answers: Answers, review_id: int) -> Response:
    review, _, work, cohort = reviews.mine(ask.db, ask.person, review_id)
    said = {key: str(answers.get(key) or "") for key in ASKED}
    if not said["works"].strip():
        raise Invalid(works=Remark("required"))
    long = {key: text for key, text in said.items() if len(text) > reviews.WORDS}
    if long:
        raise Invalid(**{key: Remark("too-long", limit=reviews.WORDS, length=len(text)) for key, text in long.items()})
    reviews.give(ask.db, cohort, review, **said, now=ask.now)
    return Reply("reviews/given", person=ask.db.get_one(Membership, work.membership_id).ref)


@home_line("reviews")
def home(ask: Ask, cohort: Cohort, membership: Membership) -> Part | None:
    waiting = reviews.owed(ask.db, membership)
    if not waiting:
        return None
    review, one, work = waiting[0]
    facts: dict[str, Fact] = {"count": len(waiting), "person": _work(ask.db, one, work)["person"], "title": one.title}
    return Part("reviews/home", facts, [_press(review)])


@counter("reviews")
def done(db: Db, membership: Membership) -> int:
    return reviews.count(db, membership)


@export("reviews")
def rows(db: Db, cohort: Cohort) -> Sheet:
    """Who read whose work, and when; what was said stays between them."""
    found = reviews.of_cohort(db, cohort)
    members = {id_: db.get_one(Membership, id_) for one in found for id_ in (one.reviewer_id, one.author_id)}
    people = people_of(db, members.values())
    titles = {one.id: one.key for one in homework.of_cohort(db, cohort)}
    return Sheet(
        "reviews",
        ("homework", "reviewer", "author", "assigned_at", "given_at"),
        tuple(
            (titles[one.homework_id], people[one.reviewer_id].name, people[one.author_id].name, one.assigned_at, one.at)
            for one in found
        ),
    )
