"""HTTP mode: what Slack posts to /slack/events, signed, on the process's own web server."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.platforms.base import Door
from bot.platforms.slack import oauth
from bot.platforms.slack.listen import Ear, Hearing, Slack

log = structlog.get_logger(__name__)

PATH = "/slack/events"


def routes(platform: Slack, door: Door) -> Sequence[web.RouteDef]:
    """503 until the adapter listens; 401 for whatever no app of ours has signed in the last five minutes."""
    hearing = platform.hearing(door)

    async def events(request: web.Request) -> web.Response:
        if not platform.hears:
            return web.Response(status=503)
        try:
            body = await request.text()
        except (UnicodeDecodeError, LookupError):
            return web.Response(status=400)
        ear = _signer(hearing, request, body)
        if ear is None:
            log.warning("slack signature refused")
            return web.Response(status=401)
        try:
            asked = AsyncBoltRequest(body=body, query=request.query_string, headers=dict(request.headers))
        except (ValueError, TypeError, AttributeError):  # Bolt takes any JSON for an object
            return web.Response(status=400)
        return await to_aiohttp_response(await ear.by_http(asked))

    return [web.post(PATH, events), *oauth.routes(platform)]


def _signer(hearing: Hearing, request: web.Request, body: str) -> Ear | None:
    """The app whose secret made the signature. Bolt looks again, and at the age too."""
    signature = request.headers.get("X-Slack-Signature", "")
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal()):
        return None
    for ear in hearing.ears():
        secret = ear.app.signing_secret
        if secret and SignatureVerifier(secret).is_valid(body, timestamp, signature):
            return ear
    return None
