"""What Discord is sent for every template and some forms: `python -m tests.platforms.golden.discord_files` writes."""

from __future__ import annotations

from bot.message import Form, Mention, Message, RoomMention
from bot.platforms.discord.draw import draw
from bot.platforms.discord.forms import introduction, modal, must_introduce, pages_of
from bot.platforms.discord.shelf import Kept
from bot.render import Directory
from bot.words import Words
from tests.features.test_words import TEMPLATES
from tests.platforms.golden import scenes
from tests.platforms.golden.files import HERE, as_file

FOLDER = HERE / "discord"
KEY = "k3pt4n4s"  # of a form on the shelf


def discord_message(message: Message) -> object:
    return [
        {"components": drawn.components, "allowed_mentions": drawn.allowed_mentions.to_dict()}
        for drawn in draw(message, key="golden")
    ]


def discord_form(form: Form) -> object:
    """What is said before, if anything has to be, and each modal."""
    words = Words([TEMPLATES])
    introduced = must_introduce(form, words)
    kept = Kept(form, introduced=introduced)
    sheets = range(1, len(pages_of(form, words, introduced=introduced)) + 1)
    return {
        "before": discord_message(introduction(form, words, KEY)) if introduced else [],
        "modals": [modal(kept, words, key=KEY, sheet=sheet).json() for sheet in sheets],
    }


def directory() -> Directory:
    return Directory(
        {1: Mention("Ana", "100000000000000001"), 2: Mention("Ben", "100000000000000002"), 3: Mention("Chi", None)},
        {1: RoomMention("value", "200000000000000001")},
    )


def expected() -> dict[str, str]:
    """The content of every file, by its path below the folder."""
    known = directory()
    messages = {**scenes.templates(known)}
    messages |= {f"scenes/{name}": message for name, message in scenes.messages(known).items()}
    shown = {name: discord_message(message) for name, message in messages.items()}
    shown |= {f"forms/{name}": discord_form(form) for name, form in scenes.forms().items()}
    return {f"{name}.json": as_file(value) for name, value in shown.items()}


def kept_files() -> dict[str, str]:
    return {str(file.relative_to(FOLDER)): file.read_text("utf-8") for file in FOLDER.rglob("*.json")}


def write() -> None:
    wanted = expected()
    for name in set(kept_files()) - set(wanted):
        (FOLDER / name).unlink()
    for name, text in wanted.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write()
