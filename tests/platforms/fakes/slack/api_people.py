"""Methods about tokens, installations, bots, workspaces and people."""

from __future__ import annotations

from .api import Ask, Method
from .payloads import user_object
from .state import Json, SlackError


def api_test(ask: Ask) -> Json:
    return {"args": {name: value for name, value in ask.args.items() if name != "token"}}


def auth_test(ask: Ask) -> Json:
    team = ask.team
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": team.bot.name,
        "team_id": team.id,
        "user_id": team.bot.id,
        "bot_id": team.bot.bot_id,
        "is_enterprise_install": False,
    }


def auth_revoke(ask: Ask) -> Json:
    if ask.flag("test"):
        return {"revoked": False}
    ask.slack.soon(ask.team.revoke_token())
    ask.team.revoked.add(ask.team.bot_token)
    return {"revoked": True}


def connections_open(ask: Ask) -> Json:
    if "connections:write" not in ask.app.app_token_scopes:
        provided = ",".join(sorted(ask.app.app_token_scopes))
        raise SlackError("missing_scope", needed="connections:write", provided=provided)
    if ask.app.request_url is not None:
        raise SlackError("forbidden_for_http_apps")  # Socket Mode is switched off in the app's settings
    return {"url": ask.slack.delivery.ticket(ask.app)}


def oauth_access(ask: Ask) -> Json:
    app = ask.slack.app_of_client(ask.given("client_id", "invalid_client_id"))
    if ask.args.get("client_secret") != app.client_secret:
        raise SlackError("bad_client_secret")
    grant = ask.slack.grants.get(ask.given("code", "invalid_code"))
    if grant is None or grant.app is not app:
        raise SlackError("invalid_code")
    if grant.used:
        raise SlackError("code_already_used")
    if ask.args.get("redirect_uri", "") != grant.redirect_uri:
        raise SlackError("bad_redirect_uri")
    grant.used = True
    team = grant.team
    team.install(set(grant.scopes))
    return {
        "app_id": app.id,
        "authed_user": {"id": grant.by},
        "scope": ",".join(sorted(team.scopes)),
        "token_type": "bot",
        "access_token": team.bot_token,
        "bot_user_id": team.bot.id,
        "team": {"id": team.id, "name": team.name},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def bots_info(ask: Ask) -> Json:
    bot = ask.team.bot
    if ask.args.get("bot", bot.bot_id) != bot.bot_id:
        raise SlackError("bot_not_found")
    return {
        "bot": {
            "id": bot.bot_id,
            "deleted": False,
            "name": bot.name,
            "updated": int(ask.slack.clock()),
            "app_id": ask.team.app.id,
            "user_id": bot.id,
        }
    }


def team_info(ask: Ask) -> Json:
    team = ask.team
    return {
        "team": {
            "id": team.id,
            "name": team.name,
            "domain": team.domain,
            "url": f"https://{team.domain}.slack.com/",
            "email_domain": "",
        }
    }


def users_info(ask: Ask) -> Json:
    return {"user": user_object(ask.team, ask.user(ask.given("user", "user_not_found")))}


def users_list(ask: Ask) -> Json:
    users, following = ask.page(list(ask.team.users.values()), 1000, 1000)
    members = [user_object(ask.team, each) for each in users]
    return {"members": members, "cache_ts": int(ask.slack.clock()), "response_metadata": {"next_cursor": following}}


def users_by_email(ask: Ask) -> Json:
    email = ask.given("email", "users_not_found").casefold()
    for user in ask.team.users.values():
        if user.email and user.email.casefold() == email and user.kind != "deactivated":
            return {"user": user_object(ask.team, user)}
    raise SlackError("users_not_found")


METHODS = {
    "api.test": Method(api_test, tier=100, token="none"),
    "auth.test": Method(auth_test, tier=None),
    "auth.revoke": Method(auth_revoke),
    "apps.connections.open": Method(connections_open, tier=None, token="app"),
    "oauth.v2.access": Method(oauth_access, tier=100, token="none"),
    "bots.info": Method(bots_info, ("users:read",)),
    "team.info": Method(team_info, ("team:read",)),
    "users.info": Method(users_info, ("users:read",), 100),
    "users.list": Method(users_list, ("users:read",), 20),
    "users.lookupByEmail": Method(users_by_email, ("users:read.email",)),
}
