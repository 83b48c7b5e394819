"""How Discord says no: a status, a code, a message and, for bad bodies, the errors of each field."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

MESSAGES = MappingProxyType(
    {
        10002: "Unknown Application",
        10003: "Unknown Channel",
        10004: "Unknown Guild",
        10007: "Unknown Member",
        10008: "Unknown Message",
        10009: "Unknown permission overwrite",
        10011: "Unknown Role",
        10013: "Unknown User",
        10015: "Unknown Webhook",
        10062: "Unknown interaction",
        10063: "Unknown application command",
        10065: "Unknown Voice State",
        10070: "Unknown Guild Scheduled Event",
        20012: "You are not authorized to perform this action on this application",
        30003: "Maximum number of pins reached for the channel (250)",
        30005: "Maximum number of guild roles reached (250)",
        30013: "Maximum number of guild channels reached (500)",
        30033: "Maximum number of thread participants reached (1000)",
        30032: "Maximum number of application commands reached (100)",
        30034: "Max number of daily application command creates has been reached (200)",
        30038: "Maximum number of uncompleted guild scheduled events reached (100)",
        40005: "Request entity too large",
        40032: "Target user is not connected to voice",
        40060: "Interaction has already been acknowledged.",
        50001: "Missing Access",
        50003: "Cannot execute action on a DM channel",
        50005: "Cannot edit a message authored by another user",
        50006: "Cannot send an empty message",
        50007: "Cannot send messages to this user",
        50008: "Cannot send messages in a non-text channel",
        50013: "Missing Permissions",
        50021: "Cannot execute action on a system message",
        50024: "Cannot execute action on this channel type",
        50027: "Invalid Webhook Token",
        50028: "Invalid Role",
        50033: "Invalid Recipient(s)",
        50035: "Invalid Form Body",
        50083: "Thread is archived",
        50109: "The request body contains invalid JSON.",
        50278: "Cannot send messages to this user due to having no mutual guilds",
        160004: "A thread has already been created for this message",
        160006: "Maximum number of active threads reached (1000)",
        520001: "Poll expired",
        520003: "Cannot edit a poll message",
        520006: "Cannot expire a non-poll message",
        180000: "Cannot update a finished event",
    }
)
STATUSES = MappingProxyType({
    40005: 413, 20012: 403, 50001: 403, 50005: 403, 50007: 403, 50013: 403, 50021: 403, 50027: 401, 50278: 403,
    30034: 429,
})  # fmt: skip
BAD_BODIES = frozenset({50006, 50035, 50109, 40005})  # what a careful bot never sends
ANSWERS = frozenset({10065})  # a no that was asked for: nobody can know before who is in a voice channel


class DiscordError(Exception):
    """One refusal, as the answer will carry it."""

    def __init__(self, code: int, errors: Json | None = None, status: int | None = None) -> None:
        super().__init__(f"{code} {MESSAGES.get(code, '')}")
        self.code = code
        self.errors = errors
        self.status = status or STATUSES.get(code) or (404 if 10000 <= code < 20000 else 400)

    def answer(self) -> Json:
        body: Json = {"message": MESSAGES.get(self.code, "Error"), "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


class Problems:
    """The faults of one body, gathered, each with the path of its field."""

    def __init__(self) -> None:
        self.errors: Json = {}

    def add(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        place = self.errors
        for step in path:
            place = place.setdefault(str(step), {})
        place.setdefault("_errors", []).append({"code": code, "message": message})

    def required(self, path: tuple[str | int, ...]) -> None:
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def length(self, path: tuple[str | int, ...], value: object, low: int, high: int) -> None:
        """A string between `low` and `high` characters."""
        if not isinstance(value, str):
            self.add(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
        elif not low <= len(value) <= high:
            if (low and len(value) > high) or len(value) < low:
                self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
            else:
                self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")

    def number(self, path: tuple[str | int, ...], value: object, low: int, high: int) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif not low <= value <= high:
            self.add(path, "NUMBER_TYPE_RANGE", f"int value should be between {low} and {high}.")

    def one_of(self, path: tuple[str | int, ...], value: object, choices: frozenset[Any]) -> None:
        if value not in choices:
            listed = ", ".join(map(str, sorted(choices)))
            self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")

    def raise_if_any(self) -> None:
        if self.errors:
            raise DiscordError(50035, self.errors)


@dataclass(frozen=True, slots=True)
class Fault:
    """A body that was refused for what it is."""

    route: str
    code: int
    errors: Json
    payload: Any

    def __str__(self) -> str:
        return f"{self.route}: {self.code} {self.errors}"
