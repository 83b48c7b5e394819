"""What Discord says when it says no, in our own words; and what leaves open whether something happened."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.platforms.base import SendError


class AnswerLost(OSError):
    """Discord may have done it or not: whoever asked has to look."""


class DiscordRefusal(SendError):
    """Discord said no, and did nothing. `code` is its own number for it, 0 when it gave none."""

    def __init__(
        self, code: int, reason: str, *, permanent: bool = True, retry_after: float | None = None, detail: str = ""
    ) -> None:
        super().__init__(reason, permanent=permanent, retry_after=retry_after, detail=detail)
        self.code = code


TOKEN_REVOKED = "token-revoked"
RATE_LIMITED = "rate-limited"
MISSING_PERMISSION = "missing-permission"
ROLE_ORDER = "role-order"
UNTOLD = 30.0  # seconds to wait after a 429 that doesn't say
LATER = 300.0  # until a token may have been mended

# Discord's numbers that callers act upon.
UNKNOWN_CHANNEL = 10003
UNKNOWN_MEMBER = 10007
UNKNOWN_MESSAGE = 10008
UNKNOWN_OVERWRITE = 10009
UNKNOWN_ROLE = 10011
NO_ACCESS = 50001
NO_PERMISSION = 50013
INVALID_ROLE = 50028  # one that belongs to an integration
THREAD_ARCHIVED = 50083
THREAD_EXISTS = 160004

_CODES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "room-gone": (UNKNOWN_CHANNEL, 10004),
        "person-gone": (UNKNOWN_MEMBER, 10013, 50033, 50278),
        "message-gone": (UNKNOWN_MESSAGE, 50005, 50021),
        "role-gone": (UNKNOWN_ROLE,),
        "not-in-room": (NO_ACCESS,),
        "dm-closed": (50007,),
        MISSING_PERMISSION: (NO_PERMISSION, 50028),
        "room-archived": (THREAD_ARCHIVED, 160005),
        "room-full": (30003, 30010, 30033, 30046, 160006, 160007),
        "server-full": (30005, 30013, 30038),
        "too-large": (40005,),
        "not-allowed": (20001, 20012, 20022, 40001, 40002, 40007, 50003, 50008, 50024, 60003, 200000, 200001, 240000),
        RATE_LIMITED: (20016, 20028, 20029, 31001, 40062),
        "bug": (50006, 50035, 50109, 50014, 50016, 50020, 50046, 50080),
    }
)

TABLE: Mapping[int, str] = MappingProxyType({code: reason for reason, codes in _CODES.items() for code in codes})


def refusal(code: int, status: int, *, retry_after: float | None = None) -> Exception:
    """The error to raise for an answer that is none of the good ones."""
    if status >= 500:
        return AnswerLost(f"HTTP {status}")
    if status == 401:
        return DiscordRefusal(code, TOKEN_REVOKED, permanent=False, retry_after=LATER)
    reason = TABLE.get(code, "other")
    if status == 429 or reason == RATE_LIMITED:
        return DiscordRefusal(code, RATE_LIMITED, permanent=False, retry_after=retry_after or UNTOLD)
    return DiscordRefusal(code, reason, detail=str(code or f"HTTP {status}") if reason in ("bug", "other") else "")
