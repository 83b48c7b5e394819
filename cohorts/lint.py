"""What is wrong with a program that loads: what refuses to run, and what rarely works."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from cohorts.lint_advice import advise_on, placeholders_in
from cohorts.lint_references import refuse
from cohorts.lint_remarks import Remark, advice
from cohorts.programs import Program

__all__ = ["ADVICE", "COUNTERS", "Remark", "lint", "placeholders"]

COUNTERS = ("sessions", "homework", "reviews", "kudos")
ADVICE = (
    "agenda", "attendees", "chatham", "feedback", "flexible", "goal", "guest", "homework", "never", "next-steps",
    "order", "overlap", "pair-share", "placeholder", "poll", "promise", "reflection", "size", "suggest", "with",
)  # fmt: skip


def lint(
    program: Program,
    *,
    templates: Collection[str] = (),
    programs: Collection[str] = (),
    counters: Collection[str] = COUNTERS,
) -> list[Remark]:
    """Refusals first, then the advice that `[lint] ok` does not silence.

    `templates` are the names a touchpoint may use; `programs`, when given, the keys a decline may suggest;
    `counters` what a badge may count. Advice that needs sound references is given once nothing refuses.
    """
    found = refuse(program, templates, counters)
    if not any(remark.refuses for remark in found):
        found += advise_on(program, programs)
    silenced = program.lint.silenced
    kept = [remark for remark in found if remark.refuses or remark.code not in silenced]
    kept += _unknown_codes(program)
    return sorted(kept, key=lambda remark: not remark.refuses)


def placeholders(program: Program) -> list[Remark]:
    """What must be replaced before anybody is invited, silenced or not: example.org, TODO, lorem."""
    return list(placeholders_in(program))


def _unknown_codes(program: Program) -> list[Remark]:
    remarks = []
    for place, code in enumerate(program.lint.silenced, start=1):
        if code not in ADVICE:
            near = get_close_matches(code, ADVICE, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"remarks are called {', '.join(ADVICE)}"
            remarks.append(advice("lint", f"lint.ok[{place}]", f'no advice is called "{code}"; {hint}'))
    return remarks
