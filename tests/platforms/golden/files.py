"""The files of one platform: what they should hold, what they do hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.platforms.golden import scenes
from tests.platforms.golden.platforms import PLATFORMS

HERE = Path(__file__).parent


def expected(platform: str) -> dict[str, str]:
    """The content of every file, by its path below the platform's folder."""
    golden = PLATFORMS[platform]
    messages = {**scenes.templates(golden.directory)}
    messages |= {f"scenes/{name}": message for name, message in scenes.messages(golden.directory).items()}
    shown = {name: golden.message(message) for name, message in messages.items()}
    shown |= {f"forms/{name}": golden.form(form) for name, form in scenes.forms().items()}
    return {f"{name}.json": as_file(value) for name, value in shown.items()}


def as_file(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def kept(platform: str) -> dict[str, str]:
    return {str(file.relative_to(HERE / platform)): file.read_text("utf-8") for file in _files(platform)}


def write(platform: str) -> tuple[int, int]:
    """How many files were written, and how many were taken away because nothing is drawn into them any more."""
    wanted = expected(platform)
    old = [file for file in _files(platform) if str(file.relative_to(HERE / platform)) not in wanted]
    for file in old:
        file.unlink()
    for name, text in wanted.items():
        file = HERE / platform / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return len(wanted), len(old)


def _files(platform: str) -> Iterator[Path]:
    return (HERE / platform).rglob("*.json")
