"""Pure: which room a group gets, and which group takes somebody in while a round is on."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence


def room_numbers(groups: Sequence[Sequence[int]], last: Mapping[int, int]) -> list[int]:
    """A room from 1 on for each group: as many groups as possible keep one that somebody of them had `last`."""
    rooms = range(1, len(groups) + 1)
    wished = []
    for group in groups:
        had = Counter(last[one] for one in group if last.get(one) in rooms)
        wished.append(sorted(had, key=lambda room, had=had: (-had[room], room)))  # type: ignore[misc]
    taken: dict[int, int] = {}

    def finds(group: int, tried: set[int]) -> bool:
        for room in sorted(wished[group], key=taken.__contains__):  # a free one before anybody has to move on
            if room in tried:
                continue
            tried.add(room)
            if room not in taken or finds(taken[room], tried):
                taken[room] = group
                return True
        return False

    for each in range(len(groups)):
        finds(each, set())
    given = {group: room for room, group in taken.items()}
    free = iter([room for room in rooms if room not in taken])
    return [given[each] if each in given else next(free) for each in range(len(groups))]


def taken_in_by(
    newcomer: int,
    seated: Mapping[int, Sequence[int]],
    met: Collection[frozenset[str]],
    never: Collection[frozenset[str]],
) -> int | None:
    """The group that somebody joins: one who was left alone first; else where the fewest meet again, then the smallest.

    None where there is no group that may have them.
    """

    def pairs(members: Sequence[int]) -> list[frozenset[str]]:
        return [frozenset({str(one), str(newcomer)}) for one in members]

    open_to = [
        (len(members) > 1, sum(pair in met for pair in pairs(members)), len(members), number)
        for number, members in seated.items()
        if number and members and newcomer not in members and not any(pair in never for pair in pairs(members))
    ]
    return min(open_to)[-1] if open_to else None
