"""What votes come to."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """What was chosen, by its number and None when nobody voted. Of several with as many votes it is the first."""

    choice: int | None
    counts: tuple[int, ...]
    tied: tuple[int, ...] = ()  # all that share the first place, when there are several

    @property
    def votes(self) -> int:
        return self.counts[self.choice] if self.choice is not None else 0


def winner(counts: Sequence[int]) -> Result:
    """The most votes; of several with as many, the one that was named first."""
    most = max(counts, default=0)
    if not most:
        return Result(None, tuple(counts))
    first = tuple(number for number, count in enumerate(counts) if count == most)
    return Result(first[0], tuple(counts), first if len(first) > 1 else ())
