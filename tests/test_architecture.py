"""The shape of the house, checked by reading the source: who may import what, and who may read the clock."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_MODULE = 400

CLOCKS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "sqlalchemy.func.now",
    "sqlalchemy.func.current_timestamp",
    "sqlmodel.func.now",
    "sqlmodel.func.current_timestamp",
}
NOT_FOR_RULES = {"bot", "asyncio", "jinja2"}
NOT_FOR_FEATURES = {"bot.platforms", "aiohttp", "discord", "slack_bolt", "slack_sdk"}
PLATFORMS = {path.name for path in (ROOT / "bot" / "platforms").iterdir() if (path / "__init__.py").exists()}
SLOW_TO_IMPORT = {"dateparser", "matplotlib", "openpyxl"}
CATCH_ALL = {"Exception", "BaseException"}

REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|crates\.io")
MACHINE_PATH = re.compile(r"(?<![\w.~}/-])/(?:home|root|Users|work)/\w|\b[A-Z]:\\Users\\")


@dataclass(frozen=True)
class Module:
    """One Python file: its dotted name, whether it is a package, and its parsed source."""

    name: str
    is_package: bool
    source: str
    tree: ast.Module


def read(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    source = path.read_text(encoding="utf-8")
    return Module(".".join(parts[:-1] if is_package else parts), is_package, source, ast.parse(source))


def snippet(source: str, name: str = "bot.features.kudos") -> Module:
    return Module(name, False, source, ast.parse(source))


def modules(*folders: str) -> list[Module]:
    return [read(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def imported(module: Module, node: ast.AST) -> Iterator[str]:
    """Dotted names that one import statement brings in; a relative import is made absolute."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name
    elif isinstance(node, ast.ImportFrom):
        here = module.name.split(".")
        base = here[: len(here) - node.level + module.is_package] if node.level else []
        stem = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            yield f"{stem}.{alias.name}"


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def forbidden_imports(module: Module, packages: set[str]) -> list[str]:
    return [
        f"{module.name}:{node.lineno} imports {name}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in imported(module, node)
        if within(name, packages)
    ]


def platforms_by_name(module: Module) -> list[str]:
    """Every platform's name that stands in the code by itself, as it does where it is compared."""
    return [
        f"{module.name}:{node.lineno} knows {node.value!r}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() in PLATFORMS
    ]


def clock_readings(module: Module) -> list[str]:
    """Every mention of a clock, also under another name and also when only passed on as a default."""
    known: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.split(".")[0]
                known[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def dotted(node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return known.get(node.id)
        if isinstance(node, ast.Attribute) and (owner := dotted(node.value)):
            return f"{owner}.{node.attr}"
        return None

    return [
        f"{module.name}:{node.lineno} reads the clock with {name}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute | ast.Name) and (name := dotted(node)) in CLOCKS
    ]


def swallowed_errors(module: Module) -> list[str]:
    """Bare excepts, and handlers or `suppress` that drop any error whatever without a word."""

    def catches_all(node: ast.expr) -> bool:
        if isinstance(node, ast.Tuple):
            return any(catches_all(part) for part in node.elts)
        return isinstance(node, ast.Name) and node.id in CATCH_ALL

    def silent(statement: ast.stmt) -> bool:
        if isinstance(statement, ast.Expr):
            return isinstance(statement.value, ast.Constant)
        return isinstance(statement, ast.Pass | ast.Continue)

    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                found.append(f"{module.name}:{node.lineno} has a bare except")
            elif catches_all(node.type) and all(silent(statement) for statement in node.body):
                found.append(f"{module.name}:{node.lineno} swallows every error")
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "suppress" and any(catches_all(argument) for argument in node.args):
                found.append(f"{module.name}:{node.lineno} suppresses every error")
    return found


def slow_imports(module: Module) -> list[str]:
    """Slow libraries imported when the module is, rather than by the function that uses them."""

    def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if isinstance(statement, ast.If) and ast.unparse(statement.test).endswith("TYPE_CHECKING"):
                yield from statements(statement.orelse)
                continue
            yield statement
            for inner in ("body", "orelse", "finalbody"):
                yield from statements(getattr(statement, inner, []))
            for handler in getattr(statement, "handlers", []):
                yield from statements(handler.body)

    return [
        f"{module.name}:{statement.lineno} imports {name} at top level"
        for statement in statements(module.tree.body)
        for name in imported(module, statement)
        if within(name, SLOW_TO_IMPORT)
    ]


def shape_faults(module: Module) -> list[str]:
    faults = [] if ast.get_docstring(module.tree) else [f"{module.name} does not say what it is for"]
    lines = len(module.source.splitlines())
    if lines > LONGEST_MODULE and ".migrations.versions." not in module.name:
        faults.append(f"{module.name} has {lines} lines; above {LONGEST_MODULE}, split it")
    return faults


def addresses(name: str, text: str) -> list[str]:
    return [
        f"{name}:{number} names {found.group()!r}"
        for number, line in enumerate(text.splitlines(), start=1)
        for pattern in (REGISTRY, MACHINE_PATH)
        if (found := pattern.search(line))
    ]


def files_in_git() -> list[Path]:
    """Tracked files and those about to be, as git names them."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_rules_import_neither_chat_nor_templates_nor_asyncio() -> None:
    assert [fault for module in modules("cohorts") for fault in forbidden_imports(module, NOT_FOR_RULES)] == []


def test_rules_are_told_the_time_and_never_read_it() -> None:
    assert [fault for module in modules("cohorts") for fault in clock_readings(module)] == []


def test_features_know_no_platform() -> None:
    found = [fault for module in modules("bot/features") for fault in forbidden_imports(module, NOT_FOR_FEATURES)]
    assert found == []


def test_rules_and_features_ask_what_a_platform_can_do_and_not_for_its_name() -> None:
    assert {"local", "slack", "discord"} <= PLATFORMS
    assert [fault for module in modules("cohorts", "bot/features") for fault in platforms_by_name(module)] == []


def test_no_error_disappears() -> None:
    assert [fault for module in modules("bot", "cohorts", "tests") for fault in swallowed_errors(module)] == []


def test_slow_libraries_wait_until_they_are_used() -> None:
    assert [fault for module in modules("bot", "cohorts") for fault in slow_imports(module)] == []


def test_every_module_says_what_it_is_for_and_stays_readable() -> None:
    assert [fault for module in modules("bot", "cohorts") for fault in shape_faults(module)] == []


def test_no_file_names_a_registry_or_a_folder_of_somebodys_machine() -> None:
    found = []
    for path in files_in_git():
        content = path.read_bytes()
        if b"\0" not in content:
            text = content.decode("utf-8", errors="replace")
            found += addresses(str(path.relative_to(ROOT)), text)
    assert found == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (clock_readings, "import datetime\nwhen = datetime.datetime.now()"),
        (clock_readings, "from datetime import date as day\nwhen = day.today()"),
        (clock_readings, "from time import time\nwhen = time()"),
        (
            clock_readings,
            "from datetime import datetime\ndef make(): return Field(default_factory=datetime.utcnow)",
        ),
        (lambda module: forbidden_imports(module, NOT_FOR_FEATURES), "from ..platforms.slack import send"),
        (lambda module: forbidden_imports(module, NOT_FOR_FEATURES), "from bot import platforms"),
        (lambda module: forbidden_imports(module, NOT_FOR_FEATURES), "def f():\n    import aiohttp.web"),
        (platforms_by_name, "threads = place.platform == 'discord'"),
        (platforms_by_name, "match platform:\n    case 'local' | 'Slack':\n        f()"),
        (swallowed_errors, "try:\n    f()\nexcept:\n    raise"),
        (swallowed_errors, "try:\n    f()\nexcept (ValueError, Exception):\n    pass"),
        (swallowed_errors, "import contextlib\nwith contextlib.suppress(BaseException):\n    f()"),
        (slow_imports, "try:\n    import matplotlib.pyplot\nexcept ImportError:\n    raise"),
        (slow_imports, "from openpyxl import Workbook"),
        (shape_faults, "x = 1"),
        (shape_faults, '"""A long one."""\n' + "x = 1\n" * LONGEST_MODULE),
        (lambda module: addresses("file", module.source), "# https:" + "//py" + "pi.org/project"),
        (lambda module: addresses("file", module.source), "path = '" + "/ho" + "me/ada/caravan'"),
    ],
)
def test_each_rule_notices_what_it_forbids(rule: Callable[[Module], list[str]], source: str) -> None:
    assert rule(snippet(source)) != []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (clock_readings, "from datetime import datetime\ndef later(now: datetime) -> datetime: return now"),
        (clock_readings, "import time\nwaited = time.monotonic()"),
        (lambda module: forbidden_imports(module, NOT_FOR_FEATURES), "from ..message import Message"),
        (platforms_by_name, "'''A Slack workspace, a Discord server, the local chat.'''"),
        (swallowed_errors, "try:\n    f()\nexcept Exception as error:\n    log(error)"),
        (swallowed_errors, "try:\n    f()\nexcept KeyError:\n    pass"),
        (slow_imports, "def chart():\n    import matplotlib.pyplot"),
        (slow_imports, "if TYPE_CHECKING:\n    import openpyxl"),
        (
            lambda module: addresses("file", module.source),
            "'/cohort home/ada', '/usr/bin/chromium', 'x/work/y'",
        ),
    ],
)
def test_each_rule_leaves_what_is_fine_alone(rule: Callable[[Module], list[str]], source: str) -> None:
    assert rule(snippet(source)) == []
