"""Logs: one JSON line each, or lines for a terminal. They hold ids, keys and counts, never what people write.

An error's message may quote what somebody typed, and so may a library's; both are left out, the places are kept.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.bugs import traced
from bot.config import ConfigError, Settings, secret, secret_names

LONGEST = 200
HIDDEN = "•••"
_TOKEN = re.compile(r"\bx(?:ox[a-z]|app)-[\w-]{8,}")  # those that workspaces gave us are in no variable


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """From now on everything logged goes to `stream` (standard error), at the level and in the form of the settings."""
    stream = stream or sys.stderr
    console = settings.log_format == "console" or (settings.log_format == "auto" and stream.isatty())
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _places_only,
        _without(known_secrets()),
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_of_library, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    # Libraries write whole payloads at lower levels: people's words, and tokens.
    root.setLevel(max(level, logging.WARNING))


def known_secrets() -> tuple[str, ...]:
    """Those that are set; one that can't be read can't be logged either."""
    found = []
    for name in secret_names():
        try:
            value = secret(name)
        except ConfigError:
            continue
        if value is not None:
            found.append(value)
    return tuple(found)


def _without(secrets: Sequence[str]) -> Processor:
    def hide(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        for key, value in event.items():
            if isinstance(value, str):
                for one in secrets:
                    value = value.replace(one, HIDDEN)
                value = _TOKEN.sub(HIDDEN, value)
                event[key] = value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
        return event

    return hide


def _places_only(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """In the place of an exception: its kind and where it came from."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event.update(traced(error))
    return event


def _of_library(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A library's message before anything was put into it."""
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        event["event"] = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        event["logger"] = record.name
    event.pop("positional_args", None)
    return event
