"""One workspace's Web API: a call waits for its pace, and its answer is either good or one of our errors."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TypeAlias

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.base import SendError
from bot.platforms.slack.errors import AnswerLost, refusal
from bot.platforms.slack.pacing import Pace

Answer: TypeAlias = Mapping[str, object]

# Well below delivery's lease: who waits longer may find the work taken up by another.
TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)
_UNTOLD = 30.0  # seconds to wait after a 429 that doesn't say


def new_session() -> aiohttp.ClientSession:
    """The one that all workspaces of a process share; to be made inside a running loop, and closed."""
    return aiohttp.ClientSession(timeout=TIMEOUT)


class Api:
    """Slack as one token sees it. Nothing here logs: parameters hold people's words, errors hold answers."""

    def __init__(self, token: str, base_url: str, session: aiohttp.ClientSession, pace: Pace) -> None:
        # Slack's library would repeat a post whose answer was lost, and log what it sends.
        mute = logging.Logger("slack", level=logging.CRITICAL)
        self.client = AsyncWebClient(token=token, base_url=base_url, session=session, logger=mute, retry_handlers=[])
        self._session = session
        self._pace = pace

    async def call(self, method: str, **params: object) -> Answer:
        """SendError: Slack did nothing. OSError (timeouts too): it may have."""
        channel = params.get("channel")
        channel = channel if isinstance(channel, str) else ""
        form = _form(params)
        await self._pace.wait(method, channel)
        try:
            answer = await self.client.api_call(method, data=form)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise SendError("unreachable", permanent=False) from None
        except SlackApiError as error:
            raise self._said_no(method, channel, error) from None
        except TimeoutError:
            raise
        except (aiohttp.ClientError, SlackClientError, AttributeError, UnicodeDecodeError, OSError) as error:
            # The library stumbles in several ways over an answer that isn't JSON.
            raise AnswerLost(type(error).__name__) from None
        finally:
            self._pace.answered(method, channel)
        if not isinstance(answer.data, dict):
            raise AnswerLost("no object")
        return answer.data

    async def upload(self, url: str, content: bytes) -> None:
        """The bytes of a file, to where Slack said. Nobody sees them before the upload is completed."""
        try:
            async with self._session.post(url, data=content) as response:
                status = response.status
        except (aiohttp.ClientError, OSError):
            raise SendError("unreachable", permanent=False) from None
        if status != 200:
            raise SendError("unreachable", permanent=False, detail=str(status))

    def _said_no(self, method: str, channel: str, error: SlackApiError) -> Exception:
        response = error.response
        # An answer that isn't JSON comes as aiohttp's own response, with other names.
        status = int(getattr(response, "status_code", None) or getattr(response, "status", None) or 0)
        data = getattr(response, "data", None)
        answer = data if isinstance(data, dict) else {}
        code = text(answer, "error")
        if status == 429 or code == "ratelimited":
            seconds = _seconds(getattr(response, "headers", None))
            self._pace.refused(method, channel, seconds)
            return refusal("ratelimited", retry_after=seconds)
        if status >= 500 or not code:
            return AnswerLost(f"HTTP {status}")
        return refusal(code, needed=text(answer, "needed"))


def text(answer: Answer, key: str) -> str:
    """A text of an answer, "" when there is none."""
    value = answer.get(key)
    return value if isinstance(value, str) else ""


def part(answer: Answer, key: str) -> Answer:
    """An object inside an answer, an empty one when there is none."""
    value = answer.get(key)
    return value if isinstance(value, dict) else {}


def rows(answer: Answer, key: str) -> tuple[Answer, ...]:
    """The objects of a list inside an answer."""
    value = answer.get(key)
    return tuple(row for row in value if isinstance(row, dict)) if isinstance(value, list) else ()


def _form(params: Mapping[str, object]) -> dict[str, str]:
    """As a form, which every method takes; not every one takes JSON."""
    return {key: _field(value) for key, value in params.items() if value is not None}


def _field(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _seconds(headers: object) -> float:
    if isinstance(headers, Mapping):
        for name, value in headers.items():
            if str(name).lower() == "retry-after":
                try:
                    return max(1.0, float(str(value)))
                except ValueError:
                    break
    return _UNTOLD
