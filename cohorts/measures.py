"""How well a program did, in numbers that say how sure they are: NPS, and the difference of two shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

Z_95 = 1.959964
"""The normal quantile of a two-sided 95 % interval."""

SHOWN_FROM = 5
"""Fewer answers than this would tell who said what."""


@dataclass(frozen=True)
class Nps:
    """A net promoter score in whole points, with its 95 % interval."""

    n: int
    promoters: int
    passives: int
    detractors: int
    score: int
    low: int
    high: int

    @property
    def shown(self) -> bool:
        """Whether there are enough answers for anybody to see the score."""
        return self.n >= SHOWN_FROM


@dataclass(frozen=True)
class Recommends:
    """How many of how many would recommend it, with the 95 % interval of that share, between 0 and 1."""

    count: int
    n: int
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether there are enough answers for anybody to see it."""
        return self.n >= SHOWN_FROM

    @property
    def facts(self) -> dict[str, int | bool]:
        """For the template `surveys/would-recommend`; the interval in per cent. Nothing of it while it is not shown."""
        if not self.shown:
            return {"count": 0, "n": self.n, "low": 0, "high": 100, "shown": False}
        low, high = round(100 * self.low), round(100 * self.high)
        return {"count": self.count, "n": self.n, "low": low, "high": high, "shown": True}


class Difference(NamedTuple):
    """First share minus second, each between 0 and 1, with its 95 % interval."""

    difference: float
    low: float
    high: float

    @property
    def concludes(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def nps(scores: Sequence[int]) -> Nps:
    """Share of 9–10 minus share of 0–6, in points.

    The interval is an adjusted Wald: three imagined answers are added, ¾ of a promoter, ¾ of a detractor and
    1½ passives. Its middle and its margin are each rounded to whole points before they are joined.
    Without answers the score is 0 and means nothing: ask `shown` first. An answer off 0–10 is a ValueError.
    """
    if any(not 0 <= score <= 10 for score in scores):
        raise ValueError("an NPS answer is a whole number from 0 to 10")
    n = len(scores)
    promoters = sum(score >= 9 for score in scores)
    detractors = sum(score <= 6 for score in scores)
    score = _points((promoters - detractors) / n) if n else 0

    adjusted = n + 3
    middle = (promoters - detractors) / adjusted
    variance = (promoters + detractors + 1.5) / adjusted - middle**2
    margin = Z_95 * sqrt(variance / adjusted)
    return Nps(
        n=n,
        promoters=promoters,
        passives=n - promoters - detractors,
        detractors=detractors,
        score=score,
        low=max(-100, _points(middle) - _points(margin)),
        high=min(100, _points(middle) + _points(margin)),
    )


def recommends(scores: Sequence[int]) -> Recommends:
    """Whoever answers 9 or 10 would. The interval is Wilson's; without answers it is everything."""
    if any(not 0 <= score <= 10 for score in scores):
        raise ValueError("an NPS answer is a whole number from 0 to 10")
    count, n = sum(score >= 9 for score in scores), len(scores)
    if not n:
        return Recommends(0, 0, 0.0, 1.0)
    _, low, high = _wilson(count, n)
    return Recommends(count, n, low, high)


def newcombe(success_a: int, n_a: int, success_b: int, n_b: int) -> Difference:
    """The share in A minus the share in B.

    The interval joins the Wilson score intervals of both shares ("square and add"): method 10, without
    continuity correction, of R. G. Newcombe, "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17 (1998), 873–890. An empty group is a ValueError.
    """
    share_a, low_a, high_a = _wilson(success_a, n_a)
    share_b, low_b, high_b = _wilson(success_b, n_b)
    difference = share_a - share_b
    return Difference(
        difference,
        max(-1.0, difference - sqrt((share_a - low_a) ** 2 + (high_b - share_b) ** 2)),
        min(1.0, difference + sqrt((high_a - share_a) ** 2 + (share_b - low_b) ** 2)),
    )


def _wilson(success: int, n: int) -> tuple[float, float, float]:
    if n < 1 or not 0 <= success <= n:
        raise ValueError(f"{success} of {n} is not a share")
    share = success / n
    middle = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    margin = Z_95 / (1 + Z_95**2 / n) * sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
    return share, middle - margin, middle + margin


def _points(share: float) -> int:
    """Whole points, halves away from zero, so that a score and its mirror image round alike."""
    points = int(abs(share) * 100 + 0.5 + 1e-9)
    return points if share >= 0 else -points
