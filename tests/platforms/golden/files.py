"""The files of one platform: what they should hold, what they do hold. A platform is two functions in `PLATFORMS`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bot.message import Form, Mention, Message, RoomMention
from bot.platforms.slack.draw import draw
from bot.platforms.slack.forms import Kept, modal
from bot.render import Directory
from bot.words import Words
from tests.features.test_words import TEMPLATES
from tests.platforms.golden import scenes

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Golden:
    """How a platform draws, and whom it knows."""

    message: Callable[[Message], object]
    form: Callable[[Form], object]
    directory: Directory


def slack_message(message: Message) -> object:
    return [{"text": drawn.text, "blocks": drawn.blocks} for drawn in draw(message)]


def slack_form(form: Form) -> object:
    return modal(form, Words([TEMPLATES]), kept=Kept(channel="D0ANA"))


PLATFORMS: Mapping[str, Golden] = MappingProxyType(
    {
        "slack": Golden(
            slack_message,
            slack_form,
            Directory(
                {1: Mention("Ana", "U0ANA"), 2: Mention("Ben", "U0BEN"), 3: Mention("Chi", None)},
                {1: RoomMention("value", "C0VALUE")},
            ),
        ),
    }
)


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
