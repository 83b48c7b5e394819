"""The `caravan` command. Each subcommand is a module of `bot.cli`, imported when it is used."""

from __future__ import annotations

import sys

from bot.cli.group import program


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 shows a question mark rather than failing.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    program()()


if __name__ == "__main__":
    main()
