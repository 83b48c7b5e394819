"""The `caravan` command: what it does, what it says when it can't, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner, Result

from bot.app import App
from bot.cli.errors import BadInput
from bot.cli.group import ending, program
from bot.cli.restore import put_in_place
from bot.config import ADDRESSES, SECRETS, ConfigError, Settings, load, secret
from bot.web.health import count, exposed, problems
from cohorts.programs import ProgramError
from cohorts.programs import load as load_program
from cohorts.store import Locked, Store, open_store
from tests.support.chat import World
from tests.support.stories import accepted, opened, running

ROOT = Path(__file__).parents[2]
BROKEN = sorted((ROOT / "tests" / "cohorts" / "broken").glob("*.toml"))
PROGRAMS = ROOT / "tests" / "cohorts" / "programs"


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and an environment that says nothing to Caravan."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith("CARAVAN_") or name in ADDRESSES or name.removesuffix("_FILE") in SECRETS:
            monkeypatch.delenv(name)


@pytest.fixture
def database(tmp_path: Path, migrated: Path) -> Path:
    """Where the command line looks for it without a config."""
    file = tmp_path / "caravan.sqlite"
    file.write_bytes(migrated.read_bytes())
    return file


def caravan(*arguments: object) -> Result:
    return CliRunner().invoke(program(), [str(one) for one in arguments])


def done(*arguments: object) -> str:
    result = caravan(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def said(code: int, *arguments: object) -> str:
    """The one line on standard error."""
    result = caravan(*arguments)
    assert result.exit_code == code, result.output
    assert result.stderr.endswith("\n")
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr.strip()


def refused(*arguments: object) -> str:
    return said(2, *arguments)


def failed(*arguments: object) -> str:
    return said(1, *arguments)


# -- the command itself ----------------------------------------


def test_alone_it_says_what_it_can_do() -> None:
    assert "rehearse" in done()
    assert done("--version").startswith("caravan ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lnt"], "did you mean 'lint'"),
        (["lint"], "missing argument"),
        (["lint", "--nope", "x"], "no such option: --nope"),
        (["pairs", "--people", "many"], "--people"),
        (["--config"], "requires an argument"),
    ],
)
def test_what_is_typed_wrongly_is_said_in_one_line_with_where_to_look(arguments: list[str], words: str) -> None:
    line = refused(*arguments)
    assert words in line.lower()
    assert "--help" in line


def test_asking_for_help_loads_nothing_slow() -> None:
    slow = (
        "dateparser",
        "matplotlib",
        "openpyxl",
        "discord",
        "slack_sdk",
        "sqlalchemy",
        "pydantic_settings",
        "aiohttp",
    )
    script = f"import sys, bot.__main__ as m\ntry: m.main()\nfinally: print([n for n in {slow} if n in sys.modules])"
    printed = subprocess.run(
        [sys.executable, "-c", script, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "Usage: caravan" in printed
    assert printed.rstrip().endswith("[]")


def test_only_what_is_known_ends_in_one_line_and_a_bug_does_not() -> None:
    assert ending(BadInput("line\nafter line")) == ("caravan: line after line", 2)
    assert ending(ProgramError("file.toml", ["key: wrong"])) == ("file.toml: key: wrong", 2)
    assert ending(ConfigError("config.toml: key: wrong")) == ("config.toml: key: wrong", 2)
    assert ending(Locked("in use")) == ("caravan: in use", 1)
    assert ending(PermissionError(13, "Permission denied", "x")) == ("caravan: x: permission denied", 1)
    assert ending(RuntimeError("a bug")) is None


# -- settings --------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("x = = 1", "line 1: found"),
        ("ownrs = []", 'ownrs: unknown key, did you mean "owners"?'),
        ("owners = [1]", "owners[1]: found 1, expected text in quotes"),
        ("web = 5", "web: found 5, expected a table"),
        ("[web]\nport = 99999", "web.port: found 99999, expected 65535 or less"),
        ("[web]\nprot = 1", 'web.prot: unknown key, did you mean "port"?'),
        ('log_level = "loud"', "log_level: found"),
        ('database = "mysql://root:secret@host/x"', "database: expected sqlite:///FILE or postgresql://"),
        ('languages = ["xx"]', "expected languages such as"),
        ('programs_dir = "nowhere"', "expected a folder that exists"),
        ('locale = "../../etc"', "expected a language"),
        ('[slack]\napi_url = "javascript:x"', "expected an address that begins with https://"),
    ],
)
def test_a_broken_config_is_said_in_one_line_with_file_and_key(tmp_path: Path, toml: str, words: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(toml)
    line = refused("--config", file, "lint", "value-accelerator")
    assert line.startswith(f"{file}: ")
    assert words in line
    assert "secret" not in line


def test_a_config_that_is_not_there_is_refused_and_config_toml_is_found_by_itself(tmp_path: Path) -> None:
    assert "nope.toml: cannot be read" in refused("--config", "nope.toml", "lint", "value-accelerator")
    (tmp_path / "config.toml").write_bytes(b"locale = '\xff'")
    assert refused("lint", "value-accelerator").startswith("config.toml: line 1: not UTF-8")


def test_the_config_may_be_named_before_or_after_the_command() -> None:
    for arguments in (
        ["--config", "nope.toml", "lint", "value-accelerator"],
        ["lint", "--config", "nope.toml", "value-accelerator"],
        ["lint", "value-accelerator", "--config=nope.toml"],
    ):
        assert refused(*arguments).startswith("nope.toml: cannot be read")
    assert "--config" in refused("lint", "value-accelerator", "--config")
    after_dashes = caravan("lint", "--", "--config", "x")
    assert "--config: cannot be read" in after_dashes.stderr  # it is a file there


def test_the_environment_wins_over_the_file_and_is_named_when_it_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "some.toml"
    file.write_text('owners = ["file"]\nlog_level = "debug"\n[web]\nhost = "::1"\nport = 1\n')
    monkeypatch.setenv("CARAVAN_OWNERS", "U1, U2")
    monkeypatch.setenv("CARAVAN_WEB__PORT", "9000")
    settings = load(file)
    assert settings.owners == ("U1", "U2")
    assert (settings.web.host, settings.web.port, settings.log_level) == ("::1", 9000, "debug")
    monkeypatch.setenv("CARAVAN_LOG_LEVEL", "loud")
    assert refused("--config", file, "lint", "x").startswith("environment, CARAVAN_LOG_LEVEL: log_level: found")
    monkeypatch.delenv("CARAVAN_LOG_LEVEL")
    monkeypatch.setenv("CARAVAN_WEB", "{")
    assert refused("--config", file, "lint", "x").startswith("environment: CARAVAN_WEB: expected JSON")


def test_the_platforms_addresses_come_from_their_own_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "some.toml"
    file.write_text('[slack]\napi_url = "https://file.example/"\n')
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:1/slack/")
    monkeypatch.setenv("DISCORD_API_URL", "http://127.0.0.1:1/discord")
    monkeypatch.setenv("DISCORD_GATEWAY_URL", "ws://127.0.0.1:1/")
    settings = load(file)
    assert settings.slack.api_url == "http://127.0.0.1:1/slack/"
    assert settings.discord.api_url == "http://127.0.0.1:1/discord"
    assert settings.discord.gateway_url == "ws://127.0.0.1:1/"
    monkeypatch.setenv("SLACK_API_URL", "ftp://x")
    assert refused("--config", file, "lint", "x").startswith("environment, SLACK_API_URL: slack.api_url: ")


def test_a_secret_comes_from_the_environment_or_from_a_file_but_not_from_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert secret("DISCORD_TOKEN") is None
    monkeypatch.setenv("DISCORD_TOKEN", "from-the-environment")
    assert secret("DISCORD_TOKEN") == "from-the-environment"
    file = tmp_path / "token"
    monkeypatch.setenv("DISCORD_TOKEN_FILE", str(file))
    assert "are both set" in refused("run")
    monkeypatch.delenv("DISCORD_TOKEN")
    assert "token cannot be read: no such file" in refused("run")
    file.write_text("\n")
    assert "is empty" in refused("run")
    file.write_text("two\nlines")
    assert "several lines" in refused("run")
    file.write_text("from-a-file\n")
    assert secret("DISCORD_TOKEN") == "from-a-file"


# -- lint and new ----------------------------------------------


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_each_broken_program_is_refused_in_exactly_one_line(path: Path) -> None:
    assert refused("lint", path).startswith(f"{path}: ")


def test_sound_programs_pass_and_hear_advice() -> None:
    files = sorted(PROGRAMS.glob("*.toml"))
    printed = done("lint", *files, "value-accelerator")
    for file in files:
        assert f"{file}: " in printed
    assert "Value Accelerator is fine: 6 sessions" in printed
    assert "tiny.toml: advice: " in printed


def test_one_broken_file_among_sound_ones_is_what_is_said(tmp_path: Path) -> None:
    line = refused("lint", PROGRAMS / "tiny.toml", "no-such.toml", PROGRAMS / "circle.toml")
    assert line == "no-such.toml: cannot be read: no such file or directory"
    assert "cannot be read: is a directory" in refused("lint", tmp_path)


def test_a_file_with_several_faults_says_how_many_more_there_are(tmp_path: Path) -> None:
    file = tmp_path / "two.toml"
    tiny = (PROGRAMS / "tiny.toml").read_text()
    file.write_text(tiny.replace("minutes = 60", 'minutes = "60"').replace('kind = "line"', 'kind = "lines"'))
    assert "(and 1 more; see them with --all)" in refused("lint", file)
    assert caravan("lint", "--all", file).stderr.count("\n") == 2


def test_lint_knows_the_words_and_counters_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    tiny = (PROGRAMS / "tiny.toml").read_text()
    own = '\n[[touchpoints]]\nkey = "hello"\nwhen = "1d before session"\nto = "members"\ntemplate = "mine/hello"\n'
    file.write_text(tiny + own)
    assert "mine/hello" in refused("lint", file)
    (tmp_path / "words" / "mine").mkdir(parents=True)
    (tmp_path / "words" / "mine" / "hello.md.j2").write_text("# Hello\n")
    (tmp_path / "config.toml").write_text('templates_dir = "words"\n')
    assert "is fine" in done("lint", file)


def test_a_new_program_is_a_sound_copy_under_its_own_name(tmp_path: Path) -> None:
    assert "my-own.toml" in done("new", "my-own")
    made = load_program(tmp_path / "my-own.toml")
    assert (made.key, made.name) == ("my-own", "My own")
    assert len(made.sessions) == 6
    assert "My own is fine" in done("lint", "my-own.toml")
    before = (tmp_path / "my-own.toml").read_bytes()
    assert "exists already" in refused("new", "my-own")
    assert (tmp_path / "my-own.toml").read_bytes() == before


def test_a_new_program_goes_where_programs_are_and_may_begin_from_any_file(tmp_path: Path) -> None:
    (tmp_path / "programs").mkdir()
    (tmp_path / "config.toml").write_text('programs_dir = "programs"\n')
    done("new", "round", "--from", PROGRAMS / "circle.toml", "--name", 'The "round" one')
    assert load_program(tmp_path / "programs" / "round.toml").name == 'The "round" one'
    done("new", "again", "--from", "round", "--dir", tmp_path)
    assert load_program(tmp_path / "again.toml").key == "again"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["My Program"], "KEY: found 'My Program'"),
        (["../escape"], "KEY: found '../escape'"),
        (["a" * 65], "at most 64"),
        (["fine", "--from", "nope"], "expected a file or one of value-accelerator"),
        (["fine", "--from", f"{BROKEN[0].parent}/syntax.toml"], "syntax.toml: line 3: found"),
        (["fine", "--dir", "nowhere"], "expected a folder that exists"),
    ],
)
def test_a_new_program_with_a_bad_key_origin_or_place_is_refused(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    assert words in refused("new", *arguments)
    assert list(tmp_path.glob("*.toml")) == []


# -- exports ---------------------------------------------------


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_lists_are_read_beside_a_running_caravan(chat: World, tmp_path: Path) -> None:
    accepted(chat, 3)
    with open_store(f"sqlite:///{tmp_path / 'caravan.sqlite'}"):  # somebody runs it
        assert len(rows(done("export", "applications", "--out", "-"))) == 3
        done("export", "applications", "--out", "list.json")
    assert len(json.loads((tmp_path / "list.json").read_text())) == 3
    done("export", "applications", "--format", "xlsx")
    (workbook,) = tmp_path.glob("value-accelerator-*-applications.xlsx")
    assert workbook.read_bytes().startswith(b"PK")


def test_all_lists_are_a_folder_of_files_or_one_workbook(chat: World, tmp_path: Path) -> None:
    running(chat, 4)
    done("export", "all", "--out", "lists")
    names = {file.name.rpartition("-")[2] for file in (tmp_path / "lists").iterdir()}
    assert {"applications.csv", "attendance.csv", "homework.csv", "nps.csv", "graduates.csv"} <= names
    done("export", "all", "--out", "all.xlsx")
    assert (tmp_path / "all.xlsx").read_bytes().startswith(b"PK")
    assert "cannot be printed" in refused("export", "all", "--out", "-")


def test_an_unclear_or_unknown_choice_names_the_choices(chat: World, tmp_path: Path) -> None:
    line = refused("export", "everything")
    assert "expected one of " in line and " applications, " in line and ", all" in line
    assert "nothing to export" in failed("export", "nps")
    opened(chat)
    chat.fay.says("/program open value-accelerator 2027-03-01").presses("Open for applications")
    line = refused("export", "nps")
    assert "--cohort: found none, expected one of value-accelerator-2027-01, value-accelerator-2027-03" in line
    assert "found 'nope', expected one of" in refused("export", "nps", "--cohort", "nope")
    done("export", "nps", "--cohort", "value-accelerator-2027-03")
    assert "--format: found 'pdf'" in refused("export", "nps", "--format", "pdf", "--cohort", "x")
    (tmp_path / "in-the-way").write_text("")
    where = ("--cohort", "value-accelerator-2027-03", "--out", "in-the-way/list.csv")
    assert "cannot be written" in refused("export", "nps", *where)


def test_with_several_workspaces_one_has_to_be_named(chat: World, tmp_path: Path) -> None:
    opened(chat)
    with sqlite3.connect(tmp_path / "caravan.sqlite") as connection:
        connection.execute(
            "INSERT INTO workspace (platform, external, name, zone, locale) VALUES ('slack', 'T1', 'Acme', 'UTC', 'en')"
        )
    connection.close()
    line = refused("export", "nps")
    assert "--workspace: found none" in line
    assert "Acme (slack:T1)" in line
    assert "Acme has no cohort yet" in failed("export", "nps", "--workspace", "slack:t1")
    assert "found none called 'nope'" in refused("export", "nps", "--workspace", "nope")
    done("export", "nps", "--workspace", "local")


def test_an_export_without_a_database_makes_none(tmp_path: Path) -> None:
    assert "does not exist" in refused("export", "nps")
    assert list(tmp_path.iterdir()) == []


# -- the database ----------------------------------------------


def people_in(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    try:
        return [name for (name,) in connection.execute("SELECT name FROM workspace ORDER BY id")]
    finally:
        connection.close()


def meet(file: Path, name: str) -> None:
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(
            "INSERT INTO workspace (platform, external, name, zone, locale) VALUES ('local', ?, ?, 'UTC', 'en')",
            (name, name),
        )
    connection.close()


def test_migrate_makes_the_tables_once(tmp_path: Path) -> None:
    assert "caravan.sqlite: brought from nothing to " in done("migrate")
    assert "already" in done("migrate")
    assert people_in(tmp_path / "caravan.sqlite") == []


def test_a_backup_comes_back_and_what_was_there_is_kept_aside(database: Path, tmp_path: Path) -> None:
    meet(database, "before")
    done("backup", "copy.sqlite")
    meet(database, "after")
    printed = done("restore", "copy.sqlite")
    assert people_in(database) == ["before"]
    (aside,) = tmp_path.glob("caravan.sqlite.before-restore-*")
    assert str(aside.name) in printed
    assert people_in(aside) == ["before", "after"]


def test_a_backup_is_taken_while_caravan_runs_and_holds_what_was_committed(database: Path, tmp_path: Path) -> None:
    with open_store(f"sqlite:///{database}") as running_store:
        running_store.write(
            lambda db: db.connection().exec_driver_sql(
                "INSERT INTO workspace (platform, external, name, zone, locale) VALUES ('local', 'x', 'x', 'UTC', 'en')"
            )
        )
        done("backup", "copy.sqlite")
    assert people_in(tmp_path / "copy.sqlite") == ["x"]


def test_a_backup_overwrites_nothing_and_needs_a_database(database: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    assert "exists already" in refused("backup", "precious")
    assert (tmp_path / "precious").read_text() == "kept"
    assert "cannot be made" in refused("backup", "nowhere/copy.sqlite")
    database.unlink()
    assert "there is nothing to copy" in refused("backup", "copy.sqlite")
    assert not (tmp_path / "copy.sqlite").exists()


def test_while_caravan_runs_its_tables_and_its_place_are_left_alone(database: Path, tmp_path: Path) -> None:
    done("backup", "copy.sqlite")
    holding = (
        "import sys\nfrom cohorts.store import open_store\n"
        f"with open_store('sqlite:///{database}'): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        before = database.read_bytes()
        for arguments in (["migrate"], ["restore", "copy.sqlite"]):
            assert "in use by another caravan process" in failed(*arguments)
        assert database.read_bytes() == before
        assert "in use by a running Caravan" in done("doctor")
        other.communicate("")
    done("restore", "copy.sqlite")


def test_what_is_no_backup_of_ours_is_refused_and_nothing_changes(database: Path, tmp_path: Path) -> None:
    meet(database, "kept")
    (tmp_path / "words.txt").write_text("not a database" * 100)
    (tmp_path / "empty").write_text("")
    sqlite3.connect(tmp_path / "other.sqlite").executescript("CREATE TABLE x (y); VACUUM;").connection.close()
    newer = tmp_path / "newer.sqlite"
    newer.write_bytes(database.read_bytes())
    connection = sqlite3.connect(newer)
    connection.executescript("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    damaged = tmp_path / "damaged.sqlite"
    content = bytearray(database.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    damaged.write_bytes(content)
    for file, words in (
        ("words.txt", "not a SQLite database"),
        ("empty", "holds nothing"),
        ("other.sqlite", "not one of Caravan's"),
        ("newer.sqlite", "(9999) are not known to this version"),
        ("damaged.sqlite", "damaged"),
        ("nope", "no such file"),
        (str(database), "is the database itself"),
    ):
        assert words in refused("restore", file), file
    assert people_in(database) == ["kept"]
    assert list(tmp_path.glob("*before-restore*")) == []
    database.write_bytes(newer.read_bytes())
    assert "(9999) are not known to this version" in refused("migrate")


def test_what_lies_beside_the_old_database_is_not_applied_to_the_restored_one(database: Path, tmp_path: Path) -> None:
    done("backup", "copy.sqlite")
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    with connection:
        connection.execute(
            "INSERT INTO workspace (platform, external, name, zone, locale) VALUES ('local', 'w', 'wal', 'UTC', 'en')"
        )
    # As a crash leaves it: committed rows only in the -wal.
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for part in ("", "-wal"):
        (crashed / f"caravan.sqlite{part}").write_bytes(Path(f"{database}{part}").read_bytes())
    connection.close()
    file = crashed / "caravan.sqlite"
    aside = put_in_place(tmp_path / "copy.sqlite", file, now=datetime(2027, 1, 11, tzinfo=UTC))
    assert aside == crashed / "caravan.sqlite.before-restore-20270111T000000"
    assert people_in(aside) == ["wal"]
    assert people_in(file) == []


def test_a_database_so_damaged_that_it_cannot_be_read_is_still_kept_aside(database: Path, tmp_path: Path) -> None:
    done("backup", "copy.sqlite")
    database.write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    done("restore", "copy.sqlite")
    (aside,) = tmp_path.glob("caravan.sqlite.before-restore-*")
    assert aside.read_bytes().endswith(b"rubbish")
    assert people_in(database) == []


def test_a_database_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "caravan.sqlite").write_text("my diary")
    for arguments in (["migrate"], ["export", "nps"], ["backup", "copy"]):
        assert "is not a SQLite database" in refused(*arguments)
    assert (tmp_path / "caravan.sqlite").read_text() == "my diary"
    (tmp_path / "config.toml").write_text('database = "sqlite:///nowhere/caravan.sqlite"\n')
    assert "in a folder that exists" in refused("migrate")
    (tmp_path / "config.toml").write_text('database = "postgresql://nobody@127.0.0.1:1/none"\n')
    assert "use pg_dump" in refused("backup", "copy")
    assert "the database refused" in failed("migrate")


# -- doctor, manifest, run -------------------------------------


def test_the_doctor_finds_nothing_wrong_where_nothing_is(tmp_path: Path) -> None:
    printed = done("doctor")
    assert "✗" not in printed
    assert "does not exist yet" in printed
    assert list(tmp_path.iterdir()) == []
    done("migrate")
    assert "✓ integrity: whole" in done("doctor")


def test_the_doctor_says_where_the_screen_of_a_session_is(tmp_path: Path) -> None:
    assert "screen: none: without public_url" in done("doctor")
    (tmp_path / "config.toml").write_text('[web]\npublic_url = "https://caravan.example.org"\n')
    assert "screen: https://caravan.example.org/screen/ has to lead here" in done("doctor")


def test_the_doctor_names_the_mend_for_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "broken.toml").write_text("key = 1")
    (tmp_path / "words" / "sessions").mkdir(parents=True)
    (tmp_path / "words" / "sessions" / "recapp.md.j2").write_text("# x")
    (tmp_path / "words" / "sessions" / "ended.md.j2").write_text("# {{ x")
    (tmp_path / "config.toml").write_text('programs_dir = "programs"\ntemplates_dir = "words"\n')
    (tmp_path / "caravan.sqlite").write_text("my diary")
    result = caravan("doctor")
    assert result.exit_code == 1
    wrong = [line for line in result.stdout.splitlines() if line.startswith("✗")]
    assert len(wrong) == 4
    assert any("rename it to sessions/recap.md.j2" in line for line in wrong)
    assert any("ended.md.j2: line 1" in line for line in wrong)
    assert any("lint --all programs/broken.toml" in line for line in wrong)
    assert any("is not a SQLite database" in line for line in wrong)
    (tmp_path / "config.toml").write_text("x")
    result = caravan("doctor")
    assert result.exit_code == 1
    assert "✗ config: config.toml: line 1" in result.stdout


def test_old_tables_are_found_by_the_doctor_and_mended_by_migrate(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "caravan.sqlite").close()
    result = caravan("doctor")
    assert result.exit_code == 1
    assert "✗ tables: not those of this version; run: caravan migrate" in result.stdout
    assert "caravan migrate" in failed("export", "nps")
    done("migrate")
    done("doctor")


def test_a_manifest_says_what_it_needs_to_know() -> None:
    assert "DISCORD_TOKEN is not set" in refused("manifest", "discord")
    assert "expected one of config, slack, discord" in refused("manifest", "teams")


def test_without_tokens_run_says_what_to_set_and_offers_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    line = refused("run")
    for words in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN", "caravan demo"):
        assert words in line
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-not-to-be-shown")
    line = refused("run")
    assert "SLACK_APP_TOKEN is not set" in line
    assert "not-to-be-shown" not in line
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    monkeypatch.setenv("DISCORD_TOKEN", "x")
    assert "DISCORD_TOKEN: found something else" in refused("run")


# -- health ----------------------------------------------------

SERVING = """
import sys
from pathlib import Path
from bot.cli.run import serve_alone
from bot.config import load
from bot.platforms.local.chat import Chat
from bot.platforms.local.send import LocalPlatform
from bot.clock import SystemClock
serve_alone(load(), [lambda _: LocalPlatform(Chat(), SystemClock().now)])
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def serving(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A running Caravan, with health beside it."""
    environment = {**os.environ, "CARAVAN_WEB__PORT": str(port), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", SERVING], cwd=tmp_path, env=environment, text=True)
    try:
        for _ in range(600):
            try:
                urlopen(f"http://127.0.0.1:{port}/health", timeout=30).close()
                break
            except URLError:
                assert process.poll() is None, "it ended"
                time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_running_caravan_tells_how_it_is_and_stops_when_told(serving: subprocess.Popen[str], port: int) -> None:
    address = f"http://127.0.0.1:{port}"
    assert done("health", "--url", f"{address}/health").startswith("ok: 0 waiting")
    with urlopen(f"{address}/health", timeout=30) as answer:
        body = json.load(answer)
    assert body == {
        "status": "ok",
        "problems": [],
        "platforms": {"local": True},
        "waiting": 0,
        "oldest_waiting_s": 0.0,
        "next_due": None,
    }
    with urlopen(f"{address}/metrics", timeout=30) as answer:
        assert 'caravan_effects{state="sent"} 0.0' in answer.read().decode()
    assert "is not Caravan" in failed("health", "--url", f"{address}/metrics")
    assert "in use by another caravan process" in failed("migrate")
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(timeout=30) == 0
    assert "does not answer" in failed("health", "--url", f"{address}/health")


def test_health_asks_where_the_config_says(tmp_path: Path, port: int) -> None:
    (tmp_path / "config.toml").write_text(f'[web]\nhost = "0.0.0.0"\nport = {port}\n')
    assert f"http://127.0.0.1:{port}/health: does not answer" in failed("health")
    (tmp_path / "config.toml").write_text("[web]\nport = 0\n")
    assert "switches health off" in failed("health")
    assert "expected an address" in refused("health", "--url", "file:///etc/passwd")


def test_late_work_stuck_messages_and_a_fallen_platform_are_problems(chat: World) -> None:
    running(chat, 3)
    app: App = chat.app
    soon = app.store.read(lambda db: count(db, chat.clock.now())).next_due
    assert soon is not None
    chat.until(soon - timedelta(minutes=1))  # letters that wait for their reader's day are gone by then
    fine = app.store.read(lambda db: count(db, chat.clock.now()))
    assert fine.next_due == soon
    assert problems(fine, {"local": True}) == []
    assert problems(fine, {"local": False}) == ["local is not listening"]
    later = soon + timedelta(seconds=121)
    late = app.store.read(lambda db: count(db, later))
    assert late.tick_late == pytest.approx(121)
    assert problems(late, {"local": True}) == ["due work is late"]
    text = exposed(late, {"local": True}).decode()
    assert "caravan_tick_late_seconds 121.0" in text
    assert f'caravan_effects{{state="sent"}} {float(fine.effects["sent"])}' in text
    assert f'caravan_touchpoints{{state="pending"}} {float(fine.touchpoints["pending"])}' in text
    app.store.write(lambda db: db.connection().exec_driver_sql("UPDATE effect SET state = 'pending' WHERE id = 1"))
    stuck = app.store.read(lambda db: count(db, chat.clock.now() + timedelta(seconds=601)))
    assert "messages are stuck" in problems(stuck, {})
    assert stuck.waiting == 1


# -- logs ------------------------------------------------------


def logged(settings: Settings) -> tuple[io.StringIO, object]:
    import structlog

    from bot import logs

    page = io.StringIO()
    logs.configure(settings, page)
    return page, structlog.get_logger("test")


@pytest.fixture
def log_again() -> Iterator[None]:
    """Logging as it was before the test."""
    import logging

    import structlog

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_log_line_has_no_secret_and_nothing_an_error_quotes(log_again: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import logging

    monkeypatch.setenv("DISCORD_TOKEN", "hush-hush")
    page, log = logged(Settings())
    try:
        raise ValueError("what Ana wrote")
    except ValueError:
        log.exception("bug", token="hush-hush", effect=7)  # type: ignore[attr-defined]
    log.debug("unheard")  # type: ignore[attr-defined]
    logging.getLogger("library").warning("payload %s", "what Ana wrote")
    logging.getLogger("library").info("unheard")
    first, second = map(json.loads, page.getvalue().splitlines())
    assert (first["event"], first["effect"], first["level"], first["error"]) == ("bug", 7, "error", "ValueError")
    assert first["token"] == "•••"
    assert any("test_command_line.py" in place for place in first["trace"])
    assert (second["event"], second["logger"]) == ("payload %s", "library")
    for words in ("Ana", "hush-hush", "unheard"):
        assert words not in page.getvalue()


def test_logs_can_be_read_on_a_console(log_again: None) -> None:
    page, log = logged(Settings(log_format="console", log_level="debug"))
    log.debug("tick", fired=3)  # type: ignore[attr-defined]
    assert "tick" in page.getvalue()
    assert "fired=3" in page.getvalue()
    assert not page.getvalue().startswith("{")


def test_a_store_that_is_not_there_does_not_come_to_be_by_asking(tmp_path: Path) -> None:
    file = tmp_path / "caravan.sqlite"
    assert Store(f"sqlite:///{file}").file == file
    for arguments in (["doctor"], ["export", "nps"], ["backup", "x"]):
        caravan(*arguments)
    assert not file.exists()
