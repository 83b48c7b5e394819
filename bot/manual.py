"""The command tables of the README, made from the declarations. `python -m bot.manual README.md` writes them anew."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from bot import features
from bot.registry import Option, Registry, collect
from cohorts.people import Role

FOR = {
    "participant": (Role.ANYONE, Role.MEMBER),
    "facilitator": (Role.HOST, Role.FACILITATOR),
    "owner": (Role.OWNER,),
}
_PLACE = re.compile(r"(<!-- commands of the (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(registry: Registry, reader: str) -> str:
    """A Markdown table of the commands that are new to this reader."""
    rows = [
        f"| `/{name}{_options(declared.options)}` | {declared.help} |"
        for name, declared in sorted(registry.commands.items())
        if declared.role in FOR[reader]
    ]
    return "\n".join(["| you type | what it does |", "|---|---|", *rows])


def _options(options: tuple[Option, ...]) -> str:
    return "".join(f" {option.name}" if option.required else f" [{option.name}]" for option in options)


def written(text: str, registry: Registry) -> str:
    """A page with its tables as the declarations have them today."""
    return _PLACE.sub(lambda match: f"{match[1]}{table(registry, match[2])}\n{match[3]}", text)


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(written(page.read_text("utf-8"), collect(features)), "utf-8")
