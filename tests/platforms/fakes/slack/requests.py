"""Every request that comes in: the Web API with its checks, uploads, response URLs and the OAuth page."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from . import api_chat, api_files, api_people, api_rooms, api_views
from .acks import check_response
from .api import Ask
from .state import Call, Json, SlackError
from .team import App, Grant, Team

if TYPE_CHECKING:
    from .server import FakeSlack

METHODS = {
    **api_people.METHODS,
    **api_rooms.METHODS,
    **api_chat.METHODS,
    **api_views.METHODS,
    **api_files.METHODS,
}
IN_JSON = ("blocks", "attachments", "metadata", "view", "files")  # arguments that come as JSON inside a form
FAULTY = {"invalid_blocks", "invalid_arguments", "invalid_blocks_format", "no_text", "msg_too_long"} | {
    "msg_blocks_too_long", "view_too_large", "invalid_metadata_format", "invalid_metadata_schema",
    "metadata_too_large", "too_long", "invalid_name_maxlength", "invalid_name_specials", "invalid_name_required",
    "unknown_method", "invalid_form_data", "alt_txt_too_large",
}  # fmt: skip
RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 30 * 60


class Requests:
    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024**2)
        app.router.add_route("*", "/api/{method:.*}", self._api)
        app.router.add_post("/upload/v1/{team}/{file}", self._upload)
        app.router.add_get("/files-pri/{team}-{file}/download/{name}", self._download)
        app.router.add_post("/hook/{token}", self._response_url)
        app.router.add_get("/oauth/v2/authorize", self._authorize)
        app.router.add_get("/link/", self.slack.delivery.serve)
        return app

    async def _api(self, request: web.Request) -> web.StreamResponse:
        self.slack.requests_open += 1
        try:
            return await self._method(request, request.match_info["method"])
        finally:
            self.slack.requests_open -= 1

    async def _method(self, request: web.Request, name: str) -> web.StreamResponse:
        if self.slack.is_down():
            return web.Response(status=503, text="upstream unavailable")
        method = METHODS.get(name)
        args: Json = {}
        team: Team | None = None
        call = Call(name, "", args, self.slack.clock())
        headers: dict[str, str] = {}
        lose = False
        try:
            args.update(await _arguments(request))
            self.slack.calls.append(call)
            if method is None:
                raise SlackError("unknown_method", req_method=name)
            app, team = self._who(request, args, method.token)
            call.team = team.id if team else ""
            if slow := self.slack.trouble.take("slow", name, args):
                await asyncio.sleep(slow.seconds)
            if status := self.slack.trouble.take("status", name, args):
                call.error = f"status {status.status}"
                return web.Response(status=status.status, text="server error")
            wait = self._must_wait(team.id if team else "", name, method.tier, args)
            if wait > 0:
                self.slack.rate_limited += 1
                call.error = "ratelimited"
                headers["Retry-After"] = str(max(1, -int(-wait // 1)))
                return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
            if refused := self.slack.trouble.take("error", name, args):
                raise SlackError(refused.error)
            ask = Ask(self.slack, name, args, app, team)
            for scope in method.scopes:
                ask.scope(scope)
            lose = self.slack.trouble.take("lose_answer", name, args) is not None
            body: Json = {"ok": True, **method.handler(ask)}
        except SlackError as error:
            body = error.answer()
            call.error = error.error
            if error.error in FAULTY:
                self.slack.refuse(name, error, args)
            else:
                self.slack.refusals.append((name, error.error))
        if team is not None:
            headers["x-oauth-scopes"] = ",".join(sorted(team.scopes))
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes if method else ())
        if lose:
            call.answered = False
            if request.transport is not None:
                request.transport.close()
        if after := self.slack.trouble.take("status_after", name, args):
            return web.Response(status=after.status, text="server error")
        return web.json_response(body, headers=headers)

    def _must_wait(self, team: str, name: str, tier: int | None, args: Json) -> float:
        if switched := self.slack.trouble.take("rate_limit", name, args):
            return switched.seconds
        if not self.slack.enforce_limits:
            return 0.0
        if (
            name in ("conversations.history", "conversations.replies")
            and team
            and self.slack.team(team).app.distributed
        ):
            tier = 1
        channel = str(args.get("channel") or "")
        if team and channel in self.slack.team(team).users:
            channel = self.slack.team(team).direct(channel).id  # one conversation, whichever way it is addressed
        return self.slack.rates.wait_for(team, name, tier, channel)

    def _who(self, request: web.Request, args: Json, kind: str) -> tuple[App | None, Team | None]:
        token = str(args.pop("token", "") or "")
        header = request.headers.get("Authorization", "")
        if header.startswith("Bearer "):
            token = header.removeprefix("Bearer ")
        elif header.startswith("Basic "):
            login, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
            args.setdefault("client_id", login)
            args.setdefault("client_secret", password)
        if kind == "none":
            return None, None
        if not token:
            raise SlackError("not_authed")
        for team in self.slack.teams:
            if token == team.app.app_token:
                if kind != "app":
                    raise SlackError("not_allowed_token_type")
                return team.app, None
            if token in team.revoked:
                raise SlackError("token_revoked")
            if token == team.bot_token and team.installed:
                if kind != "bot":
                    raise SlackError("not_allowed_token_type")
                if not team.bot_active:
                    raise SlackError("account_inactive")
                return team.app, team
        raise SlackError("invalid_auth")

    async def _upload(self, request: web.Request) -> web.Response:
        if self.slack.is_down():
            return web.Response(status=503)
        file = self.slack.team(request.match_info["team"]).files.get(request.match_info["file"])
        if request.content_type.startswith("multipart/"):
            parts = [part for part in (await request.post()).values() if isinstance(part, web.FileField)]
            content = parts[0].file.read() if parts else b""
        else:
            content = await request.read()
        if file is None or file.complete or len(content) != file.length:
            return web.Response(status=400, text="bad upload")
        file.content, file.received = content, True
        return web.Response(text=f"OK - {len(content)}")

    async def _download(self, request: web.Request) -> web.Response:
        """Whoever shows no token that may read files is sent to the page to sign in."""
        team = self.slack.team(request.match_info["team"])
        file = team.files.get(request.match_info["file"])
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.slack.downloads.append((request.match_info["file"], token))
        if file is None:
            return web.Response(status=404)
        if token != team.bot_token or "files:read" not in team.scopes:
            raise web.HTTPFound(f"{self.slack.url}/signin")
        return web.Response(body=file.content)

    async def _response_url(self, request: web.Request) -> web.Response:
        self.slack.requests_open += 1
        try:
            hook = self.slack.response_urls.get(request.match_info["token"])
            if self.slack.is_down() or self.slack.trouble.take("status", "response_url", {}):
                return web.Response(status=503)
            if hook is None or self.slack.clock() - hook.issued > RESPONSE_URL_SECONDS:
                return _no("expired_url")
            if hook.used >= RESPONSE_URL_USES:
                return _no("used_url")
            body = await request.json()
            try:
                check_response(body)
                hook.used += 1
                self.slack.respond(hook, body)
            except SlackError as error:
                self.slack.refuse("response_url", error, body)
                return _no(error.error)
            return web.Response(text="ok")
        finally:
            self.slack.requests_open -= 1

    async def _authorize(self, request: web.Request) -> web.Response:
        """The page where an administrator lets the app in; here one click, made at once."""
        query = request.query
        app = self.slack.app_of_client(query.get("client_id", ""))
        team = self.slack.installs_into or next(each for each in self.slack.teams if each.app is app)
        back = query.get("redirect_uri", "")
        answer = {"state": query.get("state", "")}
        if self.slack.declines_install:
            answer["error"] = "access_denied"
        else:
            code = answer["code"] = self.slack.ids.secret("code-")
            by = next(iter(team.people), "")
            self.slack.grants[code] = Grant(app, team, query.get("scope", "").split(","), back, by)
        raise web.HTTPFound(f"{back}{'&' if '?' in back else '?'}{urlencode(answer)}")


def _no(error: str) -> web.Response:
    return web.Response(status=404, text=json.dumps({"ok": False, "error": error}), content_type="application/json")


async def _arguments(request: web.Request) -> Json:
    """Arguments from the query, a form or a JSON body, as Slack takes them all."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json() if request.can_read_body else {}
        except json.JSONDecodeError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        args |= body
    elif request.method == "POST":
        args |= dict(await request.post())
    for name in IN_JSON:
        if isinstance(args.get(name), str):
            try:
                args[name] = json.loads(args[name])
            except json.JSONDecodeError:
                raise SlackError("invalid_arguments", f"must be JSON [json-pointer:/{name}]") from None
    return {name: value for name, value in args.items() if value is not None}
