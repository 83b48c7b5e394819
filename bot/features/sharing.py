"""A message from anywhere, shared with one's cohort: one sees first what the others will."""

from __future__ import annotations

from bot.ask import Answers, Ask, Asking, Reply, Response
from bot.features.homework import opens, web_address
from bot.message import Choice, Field, FieldKind
from bot.registry import form, shortcut
from cohorts import cohort as cohorts_
from cohorts import sharing, which
from cohorts.errors import Invalid, Refused, Remark
from cohorts.people import Role


@shortcut("sharing/share", role=Role.MEMBER)
def share(ask: Ask, text: str, link: str) -> Response:
    mine = [cohort for cohort, _ in which.of_person(ask.db, ask.person)]
    if not mine:
        raise Refused("people/no-cohort-yet")
    named = tuple(Choice(str(one.id), one.name) for one in mine)
    return Asking(
        "sharing/share",
        [
            Field("cohort", FieldKind.CHOICE, "", required=True, choices=named, value=named[0].value),
            Field("words", FieldKind.PARAGRAPH, "", max_length=sharing.WORDS, value=text[: sharing.WORDS] or None),
            Field("link", FieldKind.LINK, "", max_length=2000, value=link or None),
        ],
    )


@form("sharing/share", role=Role.MEMBER)
def shared(ask: Ask, answers: Answers) -> Reply:
    mine = {str(one.id): one for one, _ in which.of_person(ask.db, ask.person)}
    cohort = mine.get(str(answers.get("cohort") or ""))
    if cohort is None:
        raise Invalid(cohort=Remark("not-a-choice", choices=[one.name for one in mine.values()]))
    words, link = str(answers.get("words") or ""), str(answers.get("link") or "")
    if not opens(link):
        raise Invalid(link=Remark("not-a-link"))
    sharing.share(ask.db, cohort, ask.person, words, web_address(link), key=ask.event, now=ask.now)
    return Reply("sharing/done", room=cohorts_.room_of(ask.db, cohort).ref)
