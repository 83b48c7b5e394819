"""A bug as logs may tell it: what kind and where, never the words it happened on.

Messages of errors quote what they choke on, and tracebacks with local values quote everything: neither is logged.
"""

from __future__ import annotations

import traceback

DEEPEST = 12  # frames of one error, counted from where it was raised


def traced(error: BaseException) -> dict[str, object]:
    """For a log entry: the error's kind, with those that caused it, and the frames of each, the innermost last."""
    kinds: list[str] = []
    frames: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        kinds.append(type(link).__name__)
        walked = traceback.extract_tb(link.__traceback__)
        frames += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in walked[-DEEPEST:]]
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return {"error": " from ".join(kinds), "trace": frames}
