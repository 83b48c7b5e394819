"""`caravan pairs` on the command line."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli.errors import BadInput
from bot.cli.pairs import pairs, verdict


def run(*arguments: str) -> str:
    app = typer.Typer()
    app.command()(pairs)
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def refusal(*arguments: str) -> str:
    with pytest.raises(BadInput) as caught:
        run(*arguments)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_it_prints_rounds_and_how_good_they_are() -> None:
    printed = run("--people", "12", "--rounds", "11", "--size", "2")
    assert "12 people, 11 rounds, lower bound 0" in printed
    assert printed.rstrip().endswith("0 repeats, optimal")


def test_it_prints_json_for_other_programs() -> None:
    made = json.loads(run("--people", "5", "--rounds", "4", "--absent", "0.2", "--seed", "7", "--json"))
    assert list(made) == ["people", "rounds", "repeats", "lower_bound"]
    assert made["people"] == ["p1", "p2", "p3", "p4", "p5"]
    assert len(made["rounds"]) == 4
    for played in made["rounds"]:
        assert list(played) == ["groups", "sat_out", "absent"]
        there = [name for group in played["groups"] for name in group]
        assert sorted(there + played["sat_out"] + played["absent"]) == made["people"]


def test_the_same_seed_prints_the_same() -> None:
    arguments = ("--people", "10", "--rounds", "8", "--absent", "0.3", "--json", "--seed")
    assert run(*arguments, "7") == run(*arguments, "7") != run(*arguments, "8")


def test_nobody_may_come_at_all() -> None:
    made = json.loads(run("--people", "4", "--rounds", "2", "--absent", "1", "--json"))
    assert [played["groups"] for played in made["rounds"]] == [[], []]
    assert "Absent" in run("--people", "4", "--rounds", "2", "--absent", "1")


def test_names_and_rules_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("\ufeffName,company,never_with\nAna,Acme,Bo; Cy\nBo,,\nCy,Acme,\n[red]Di,Dot,\n\n")
    made = json.loads(run("--csv", str(file), "--rounds", "3", "--json"))
    assert made["people"] == ["Ana", "Bo", "Cy", "[red]Di"]
    met = [set(group) for played in made["rounds"] for group in played["groups"]]
    assert {"Ana", "Bo"} not in met
    assert {"Ana", "Cy"} not in met
    assert "[red]Di" in run("--csv", str(file), "--rounds", "1")


def test_a_bare_list_of_names_will_do(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("Ana\nBo\n")
    assert json.loads(run("--csv", str(file), "--json", "--rounds", "1"))["rounds"][0]["groups"] == [["Ana", "Bo"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--people", "1"), "--people is 1"),
        (("--people", "-3"), "--people is -3"),
        (("--people", "99999999"), "--people is 99999999"),
        (("--rounds", "0"), "--rounds is 0"),
        (("--size", "1"), "--size is 1"),
        (("--absent", "1.5"), "--absent is 1.5"),
        (("--absent", "-0.1"), "--absent is -0.1"),
        (("--absent", "nan"), "--absent is nan"),
        (("--csv", "no-such-file.csv"), "no-such-file.csv: No such file"),
    ],
)
def test_an_option_out_of_range_is_refused_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    assert said in refusal(*arguments)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 names"),
        (b"name\nAna\n", "1 names"),
        (b"name\nAna\nAna\n", "line 3: 'Ana' stands already on line 2"),
        (b"name,never_with\nAna,Zed\nBo,\n", "line 2: never_with 'Zed' is nobody in this file"),
        (b"name,never_with\nAna,Ana\nBo,\n", "line 2: never_with 'Ana' is the same person"),
        (b"who,company\nAna,Acme\n", "line 1: no column is called 'name'"),
        (b"name;company\nAna;Acme\nBo;Best\n", "line 1: ';' between the columns; ',' is expected"),
        (b"name,name\nAna,Bo\n", "line 1: column 'name' stands there twice"),
        (b"name,company\n,Acme\n", "line 2: the name is empty"),
        (b"name\nAna,Acme\n", "line 2: 2 cells"),
        (b"name\nAna\n\xff\xfe\n", "line 3: bytes that are not UTF-8"),
        (b"name\nAna\nB\0o\n", "line 3: a NUL byte"),
        (b"name\nAna\n\x1b[31mBo\n", "line 3: "),
        (b'name\nAna\n"Bo\n', "line 3: "),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "names.csv"
    file.write_bytes(content)
    assert said in refusal("--csv", str(file))


def test_a_folder_is_no_file_of_names(tmp_path: Path) -> None:
    assert "a CSV file is expected" in refusal("--csv", str(tmp_path))


def test_the_verdict_tells_what_could_not_be_helped() -> None:
    assert verdict(0, 0) == "0 repeats, optimal"
    assert verdict(1, 1) == "1 repeat, optimal"
    assert verdict(2, 1) == "2 repeats, at least 1 unavoidable"
