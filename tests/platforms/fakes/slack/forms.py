"""How a client lets a person fill one input: what may be typed or chosen, and what `state.values` then holds."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from .limits import FILES, INPUT_LENGTH
from .payloads import blank, given_file
from .render import Reader, all_options
from .state import Json, UploadedFile, Value, View


class CannotDo(AssertionError):
    """No client lets a person do that."""


def simple(words: str) -> str:
    """For comparing labels: no case, no punctuation, one space."""
    return " ".join(re.findall(r"\w+", words.casefold().replace("_", " ")))


def find_input(view: View, key: str, reader: Reader) -> Json:
    """The input block that a test means: by block_id, action_id or label."""
    blocks = [each for each in view.blocks if each["type"] == "input"]
    for block in blocks:
        if key in (block["block_id"], block["element"]["action_id"], block["label"]["text"]):
            return block
    found = [each for each in blocks if simple(key) == simple(each["label"]["text"])]
    found = found or [each for each in blocks if simple(re.split(r"[:/.]", each["block_id"])[-1]) == simple(key)]
    if len(found) == 1:
        return found[0]
    labels = [f"{each['label']['text']} ({each['block_id']})" for each in blocks]
    raise CannotDo(f"the form has {'no' if not found else 'more than one'} field {key!r}, but {labels}")


def typed(element: Json, answer: object, reader: Reader) -> Value:
    """The entry in `state.values` when a person answers so; None empties the field."""
    value = blank(element)
    name = next(each for each in value if each != "type")
    if answer is None or answer == "" or answer == []:
        value[name] = [] if name.endswith("s") and name != "value" else None
        return value
    kind = element["type"]
    match kind:
        case "plain_text_input" | "email_text_input" | "url_text_input":
            value["value"] = _text(element, str(answer))
        case "number_input":
            value["value"] = _number(element, answer)
        case "datepicker":
            value["selected_date"] = str(date.fromisoformat(str(answer)))
        case "timepicker":
            at = answer if isinstance(answer, time) else time.fromisoformat(str(answer))
            value["selected_time"] = f"{at:%H:%M}"
        case "datetimepicker":
            seconds = answer.timestamp() if isinstance(answer, datetime) else answer
            value["selected_date_time"] = int(str(seconds).partition(".")[0])
        case "static_select" | "radio_buttons":
            value["selected_option"] = option(element, answer, reader)
        case "multi_static_select" | "checkboxes":
            value["selected_options"] = [option(element, each, reader) for each in _several(element, answer)]
        case "file_input":
            value["files"] = [_uploaded(each, reader) for each in _files(element, answer)]
        case "rich_text_input":
            part = {"type": "rich_text_section", "elements": [{"type": "text", "text": str(answer)}]}
            value["rich_text_value"] = {"type": "rich_text", "elements": [part]}
        case "users_select" | "channels_select" | "conversations_select":
            value[name] = _id(answer, reader)
        case "multi_users_select" | "multi_channels_select" | "multi_conversations_select":
            value[name] = [_id(each, reader) for each in _several(element, answer)]
        case _:
            raise CannotDo(f"nobody here can fill a {kind}")
    return value


def filled(value: Value) -> bool:
    return any(content not in (None, "", []) for name, content in value.items() if name != "type")


def _text(element: Json, words: str) -> str:
    if not element.get("multiline"):
        words = words.replace("\n", " ")  # a single line has no room for more
    longest, shortest = element.get("max_length", INPUT_LENGTH), element.get("min_length", 0)
    if len(words) > longest:
        raise CannotDo(f"only {longest} characters can be typed here")
    if len(words) < shortest:
        raise CannotDo(f"at least {shortest} characters must be typed here")
    if element["type"] == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.\w+", words):
        raise CannotDo(f"not an e-mail address: {words}")
    if element["type"] == "url_text_input" and not re.fullmatch(r"https?://[^\s/]+\S*", words):
        raise CannotDo(f"not a link: {words}")
    return words


def _number(element: Json, answer: object) -> str:
    try:
        number = Decimal(str(answer))
    except InvalidOperation:
        raise CannotDo(f"not a number: {answer}") from None
    if not element["is_decimal_allowed"] and number != int(number):
        raise CannotDo(f"only whole numbers can be typed here, not {answer}")
    if "min_value" in element and number < Decimal(element["min_value"]):
        raise CannotDo(f"not below {element['min_value']}: {answer}")
    if "max_value" in element and number > Decimal(element["max_value"]):
        raise CannotDo(f"not above {element['max_value']}: {answer}")
    return str(answer)


def _files(element: Json, answer: object) -> Sequence[tuple[str, bytes]]:
    """Files are given as pairs of name and content."""
    several: list[tuple[str, bytes]] = answer if isinstance(answer, list) else [answer]  # type: ignore[list-item]
    most = element.get("max_files", FILES)
    if len(several) > most:
        raise CannotDo(f"only {most} files can be attached here")
    endings = element.get("filetypes")
    for each in several:
        if not isinstance(each, tuple):
            raise CannotDo(f"{each!r} is no file")
        if endings and each[0].rpartition(".")[2] not in endings:
            raise CannotDo(f"only files of the types {endings} can be attached here")
    return several


def _uploaded(given: tuple[str, bytes], reader: Reader) -> Json:
    """A client uploads it at once; the form only tells of it."""
    name, content = given
    team = reader.team
    file = UploadedFile(team.slack.ids.next("F"), name, len(content), content=content, received=True, complete=True)
    file.user, file.created = reader.user.id, int(team.slack.clock())
    team.files[file.id] = file
    return given_file(team, file, mimetypes.guess_type(name)[0] or "application/octet-stream")


def _several(element: Json, answer: object) -> Sequence[object]:
    several = answer if isinstance(answer, list | tuple | set) else [answer]
    most = element.get("max_selected_items", len(several))
    if len(several) > most:
        raise CannotDo(f"only {most} can be chosen here")
    return list(several)


def option(element: Json, answer: object, reader: Reader) -> Json:
    """The offered option with this visible text."""
    options = all_options(element)
    for each in options:
        if str(answer) == reader.text(each["text"]):
            return each
    for each in options:
        if simple(str(answer)) == simple(reader.text(each["text"])):
            return each
    raise CannotDo(f"{answer!r} is not offered, but {[reader.text(each['text']) for each in options]}")


def _id(answer: object, reader: Reader) -> str:
    if not isinstance(answer, str):
        return str(getattr(answer, "id", answer))
    named = [(each.id, each.name) for each in reader.team.users.values()]
    named += [(each.id, each.name) for each in reader.team.channels.values()]
    for names in named:
        if answer.lstrip("@#") in names:
            return names[0]
    raise CannotDo(f"nobody and nothing here is called {answer}")
