"""The two kinds of error a person may see; anything else is a bug."""

from __future__ import annotations

from cohorts.facts import Fact


class Refused(Exception):
    """A known reason why something can't be done now.

    `reason` names a template, "applications/already-open"; the facts fill it. The person reads it privately,
    and it says what to do instead. The transaction is rolled back.
    """

    def __init__(self, reason: str, /, **facts: Fact) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


class Remark:
    """What is wrong with one field: the key of a short sentence in `templates/forms/words.toml`, and its facts."""

    def __init__(self, reason: str, /, **facts: Fact) -> None:
        self.reason = reason
        self.facts = facts


class Invalid(Exception):
    """Answers that can't be taken as they are: one remark beside each field. What was typed is kept."""

    def __init__(self, **remarks: Remark) -> None:
        super().__init__(", ".join(f"{key}: {remark.reason}" for key, remark in remarks.items()))
        self.remarks = remarks


class Unclear(Exception):
    """More than one cohort fits; the person chooses one of `choices` (cohort id, name)."""

    def __init__(self, choices: tuple[tuple[int, str], ...]) -> None:
        super().__init__("more than one cohort fits")
        self.choices = choices
