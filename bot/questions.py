"""A program's questions as form fields, in pages that every platform can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.message import Answer, Choice, Field, FieldKind
from cohorts.program_answers import MAX_LENGTH, quote
from cohorts.program_parts import Question

PER_PAGE = 5  # what the narrowest platform shows at once


def pages(questions: Sequence[Question]) -> int:
    return max(1, -(-len(questions) // PER_PAGE))


def on_page(questions: Sequence[Question], page: int) -> Sequence[Question]:
    """Pages count from 1; one that does not exist is empty."""
    return questions[(page - 1) * PER_PAGE : page * PER_PAGE] if page >= 1 else ()


def fields(
    questions: Sequence[Question], given: Mapping[str, object], mine: Mapping[str, object] | None = None
) -> list[Field]:
    """`given`: answers kept from before. `mine`: what {{ my.KEY }} in a question quotes."""
    return [
        Field(
            key=question.key,
            kind=FieldKind(question.kind.value),
            label=quote(question.ask, mine or {}),
            help=question.help,
            required=question.required,
            choices=tuple(Choice(choice, choice) for choice in question.choices),
            low=question.low,
            high=question.high,
            max_length=question.max_length or MAX_LENGTH,
            value=_kept(given.get(question.key)),
        )
        for question in questions
    ]


def _kept(value: object) -> Answer:
    if isinstance(value, list):
        return [str(one) for one in value]
    return value if isinstance(value, (str, int, float, bool)) else None
