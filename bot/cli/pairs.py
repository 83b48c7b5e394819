"""`caravan pairs`: plans who meets whom offline, round by round, as a live session would."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.errors import BadInput
from cohorts.pairing import History, Pair, Round, Rules, lower_bound, next_round, repeats

MOST_PEOPLE = 20_000
MOST_ROUNDS = 1_000
COLUMNS = ("name", "company", "never_with")


@dataclass(frozen=True)
class Guests:
    names: tuple[str, ...]
    rules: Rules = field(default_factory=Rules)


def pairs(
    people: Annotated[int, typer.Option(help="How many people; they are called p1, p2, …")] = 12,
    rounds: Annotated[int, typer.Option(help="How many rounds.")] = 6,
    size: Annotated[int, typer.Option(help="People per group.")] = 2,
    absent: Annotated[
        float, typer.Option(help="The share of people missing each round, known only on the day: 0 to 1.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same groups.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    csv_file: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Names from a CSV file instead of --people: a column `name` and, if you like, `company` "
            "(colleagues are kept apart while that costs no repeat) and `never_with` (names separated by ;).",
        ),
    ] = None,
) -> None:
    """Plan who meets whom, and say how close to the best possible that is.

    Example: caravan pairs --people 12 --rounds 11 --absent 0.2 --seed 7
    """
    _check("--rounds", rounds, 1, MOST_ROUNDS)
    _check("--size", size, 2, MOST_PEOPLE)
    if not (math.isfinite(absent) and 0 <= absent <= 1):
        raise BadInput(f"--absent is {absent:g}; it is a share from 0 to 1, such as 0.2")
    if csv_file is None:
        _check("--people", people, 2, MOST_PEOPLE)
        guests = Guests(tuple(f"p{number}" for number in range(1, people + 1)))
    else:
        guests = read_guests(csv_file)
    played = play(guests, rounds, size=size, absent=absent, seed=seed)
    found = repeats(played)
    bound = lower_bound(played, size=size, rules=guests.rules)
    if as_json:
        typer.echo(json.dumps(_as_json(guests, played, found, bound), ensure_ascii=False))
    else:
        _show(guests, played, found, bound)


def play(guests: Guests, rounds: int, *, size: int, absent: float, seed: int) -> list[Round]:
    """Each round is planned with those still to come in view, and without knowing who will miss them."""
    draw = Random(f"who is absent: {seed}")
    played: list[Round] = []
    for number in range(rounds):
        away = [name for name in guests.names if draw.random() < absent]
        present = [name for name in guests.names if name not in set(away)]
        played.append(
            next_round(
                present,
                rounds - number,
                size=size,
                history=History.of(played),
                rules=guests.rules,
                seed=seed,
                absent=away,
            )
        )
    return played


def verdict(found: int, bound: int) -> str:
    counted = f"{found} repeat{'' if found == 1 else 's'}"
    return f"{counted}, optimal" if found == bound else f"{counted}, at least {bound} unavoidable"


def _check(option: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadInput(f"{option} is {value}; it is a whole number from {least} to {most}")


# -- the file of names ----------------------------------------


def read_guests(path: Path) -> Guests:
    """A header naming the columns (others than ours are passed over), or bare names, one on each line."""
    rows = _rows(path)
    header = [cell.strip().casefold() for cell in rows[0][1]] if rows else []
    if "name" in header:
        rows = rows[1:]
        if twice := [cell for cell in COLUMNS if header.count(cell) > 1]:
            raise BadInput(f"{path}, line 1: column {twice[0]!r} stands there twice; once is expected")
    elif header and "name" in [cell.strip() for cell in header[0].split(";")]:
        raise BadInput(f"{path}, line 1: ';' between the columns; ',' is expected")
    elif all(len(cells) == 1 for _, cells in rows):
        header = ["name"]
    else:
        raise BadInput(f"{path}, line 1: no column is called 'name'; the columns are {', '.join(COLUMNS)}")
    lines: dict[str, int] = {}
    companies: dict[str, list[str]] = {}
    refused: list[tuple[int, str, str]] = []
    for line, cells in rows:
        if len(cells) > len(header):
            raise BadInput(f"{path}, line {line}: {len(cells)} cells; {len(header)} are expected")
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        name = row.get("name", "")
        if not name:
            raise BadInput(f"{path}, line {line}: the name is empty; a name is expected")
        if not all(letter.isprintable() for letter in name):
            raise BadInput(f"{path}, line {line}: {name!r} holds a control character; plain text is expected")
        if name in lines:
            raise BadInput(f"{path}, line {line}: {name!r} stands already on line {lines[name]}; once is expected")
        lines[name] = line
        if company := row.get("company", "").casefold():
            companies.setdefault(company, []).append(name)
        others = (other.strip() for other in row.get("never_with", "").split(";"))
        refused += [(line, name, other) for other in others if other]
    for line, name, other in refused:
        if other not in lines or other == name:
            what = "the same person" if other == name else "nobody in this file"
            raise BadInput(f"{path}, line {line}: never_with {other!r} is {what}; another name is expected")
    if not 2 <= len(lines) <= MOST_PEOPLE:
        raise BadInput(f"{path}: {len(lines)} names; from 2 to {MOST_PEOPLE} are expected")
    avoid: dict[Pair, int] = {frozenset(pair): 1 for names in companies.values() for pair in combinations(names, 2)}
    never = frozenset(frozenset((name, other)) for _, name, other in refused)
    return Guests(tuple(lines), Rules(never=never, avoid=avoid))


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows that hold anything, each with the number of its line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise BadInput(f"--csv {path}: {problem.strerror or 'not readable'}; a CSV file is expected") from None
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        raise BadInput(f"{path}, line {line}: bytes that are not UTF-8; a CSV file in UTF-8 is expected") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadInput(f"{path}, line {line}: a NUL byte; a CSV file of plain text is expected")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, cells))
    except csv.Error as problem:
        raise BadInput(f"{path}, line {reader.line_num}: {problem}; well-formed CSV is expected") from None
    return rows


# -- what is printed ----------------------------------------


def _as_json(guests: Guests, played: Sequence[Round], found: int, bound: int) -> dict[str, object]:
    return {
        "people": list(guests.names),
        "rounds": [
            {
                "groups": [list(group) for group in one.groups],
                "sat_out": list(one.sat_out),
                "absent": list(one.absent),
            }
            for one in played
        ],
        "repeats": found,
        "lower_bound": bound,
    }


def _show(guests: Guests, played: Sequence[Round], found: int, bound: int) -> None:
    place = {name: number for number, name in enumerate(guests.names)}

    def listed(names: Sequence[str], between: str = ", ") -> str:
        return between.join(sorted(names, key=place.__getitem__))

    table = Table()
    columns = ["Round", "Groups"]
    columns += ["Sits out"] if any(one.sat_out for one in played) else []
    columns += ["Absent"] if any(one.absent for one in played) else []
    for column in columns:
        table.add_column(column)
    for number, one in enumerate(played, 1):
        groups = sorted(one.groups, key=lambda group: min(place[name] for name in group))
        cells = {
            "Round": str(number),
            "Groups": "\n".join(listed(group, " + ") for group in groups),
            "Sits out": listed(one.sat_out),
            "Absent": listed(one.absent),
        }
        table.add_row(*(Text(cells[column]) for column in columns), end_section=True)
    console = Console()
    console.print(table)
    console.print(Text(f"{len(guests.names)} people, {len(played)} rounds, lower bound {bound}"))
    console.print(Text(verdict(found, bound)))
