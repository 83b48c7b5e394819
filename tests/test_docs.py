"""What is written about Caravan is true: the example config, and the help of every command."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from bot.cli import group
from bot.cli.manifest import example
from bot.config import ADDRESSES, SECRETS, Settings, load

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "config.example.toml"


def help_of(*arguments: str) -> str:
    result = CliRunner().invoke(group.program(), [*arguments, "--help"])
    assert result.exit_code == 0, result.output
    return result.stdout


def settings_in(model: type[BaseModel], above: str = "") -> dict[str, str]:
    """Every setting by its path, with its description."""
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            found |= settings_in(type(field.default), f"{name}.")
        found[f"{above}{name}"] = field.description or ""
    return found


def test_the_example_config_is_what_the_settings_are() -> None:
    assert EXAMPLE.read_text("utf-8") == example(), "write it anew: caravan manifest config > config.example.toml"


def test_every_setting_is_described_in_the_example() -> None:
    text = re.sub(r"\n# ", " ", EXAMPLE.read_text("utf-8"))
    for path, description in settings_in(Settings).items():
        assert len(description) > 10, f"{path} has no description"
        assert description in text, path
        assert re.search(rf"^(# )?{path.split('.')[-1]} = |^\[{path}\]$", EXAMPLE.read_text("utf-8"), re.M), path


def test_the_example_holds_the_defaults_also_where_it_only_hints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(EXAMPLE).model_dump() == Settings().model_dump()
    (tmp_path / "words").mkdir()
    (tmp_path / "programs").mkdir()
    monkeypatch.chdir(tmp_path)
    hinted = tmp_path / "hinted.toml"
    hinted.write_text(re.sub(r"^# (\w+ = )", r"\1", EXAMPLE.read_text("utf-8"), flags=re.M))
    assert load(hinted).programs_dir == Path("programs")


def test_the_example_names_the_variables_and_holds_no_secret() -> None:
    text = EXAMPLE.read_text("utf-8")
    for name in SECRETS:
        assert name in text
        assert f"{name}_FILE" in text
    for name in ADDRESSES:
        assert name in text
    assert not {name.lower() for name in SECRETS} & set(tomllib.loads(text))
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("name", group.COMMANDS)
def test_the_help_of_every_command_has_an_example(name: str) -> None:
    text = " ".join(help_of(name).split())
    assert re.search(rf"Example: (?:\w+=\S+ )*caravan (?:--config \S+ )?{name}\b", text), text


def test_the_list_of_commands_is_complete_and_fits_a_narrow_terminal() -> None:
    text = help_of()
    for name, line in group.COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", text, re.M), name
    modules = {file.stem for file in (ROOT / "bot" / "cli").glob("*.py")}
    assert set(group.COMMANDS) <= modules
