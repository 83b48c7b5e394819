"""Which secrets are set, whether they go together, and what they make of a platform. One line for what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.config import OF_A_WORKSPACE, ConfigError, Settings, secret, secret_names, suffix_of

if TYPE_CHECKING:
    from bot.platforms.discord.setup import Setup as DiscordSetup
    from bot.platforms.slack.setup import Installed, Mode, OAuth, Setup, SlackApp
    from bot.sealing import Seal

BOT, APP, SIGNING = OF_A_WORKSPACE
CLIENT, CLIENT_SECRET, KEY = "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "CARAVAN_SECRET_KEY"
DISCORD = "DISCORD_TOKEN"

# How Slack's tokens begin: what it is, and where the right one is found.
BEGINNINGS = {
    "xoxb-": "a bot token",
    "xapp-": "an app-level token",
    "xoxp-": "a user's token",
    "xoxe.": "a token that rotates (make the app anew from the manifest: it has no rotation)",
    "xoxe-": "a refresh token",
    "xoxs-": "a session's token",
    "xoxc-": "a browser's token",
    "xoxd-": "a browser's cookie",
}
BOT_TOKEN = "the bot token, xoxb-…, of OAuth & Permissions"
APP_TOKEN = "the app-level token, xapp-…, of Basic Information, App-Level Tokens"
SIGNING_SECRET = "the signing secret of Basic Information, App Credentials"
DISCORD_TOKEN = "the bot's token, of the application's page Bot, Reset Token"


def slack_setup(settings: Settings) -> Setup | None:
    """Slack as the config and the secrets have it, None when no secret of Slack's is set. ConfigError names the
    variable and the mend for what does not go together."""
    from bot.platforms.slack.setup import Mode, Setup

    slack, mode = settings.slack, Mode(settings.slack.mode)
    oauth = _oauth(settings, mode)
    tokens = _bot_tokens(settings, needed=oauth is None)
    if not tokens and oauth is None:
        return None
    installed = tuple(_installed(suffix, name, token, mode) for suffix, name, token in tokens)
    if not settings.web.port:
        if mode is Mode.HTTP:
            raise ConfigError('web.port: found 0, but with slack.mode = "http" events come in there; set a port')
        if oauth is not None:
            raise ConfigError(f"web.port: found 0, but with {CLIENT} set, /slack/install is there; set a port")
    return Setup(
        api_url=slack.api_url,
        mode=mode,
        minimal=slack.minimal,
        prefix=settings.command_prefix,
        installed=installed,
        oauth=oauth,
    )


def discord_setup(settings: Settings) -> DiscordSetup | None:
    """Discord as the config and the token have it, None without a token. ConfigError for what can't be one."""
    from bot.platforms.discord.setup import Setup

    if (token := secret(DISCORD)) is None:
        return None
    kind = next((kind for start, kind in BEGINNINGS.items() if token.startswith(start)), None)
    # The application's public key and its client secret, which stand near by, have no dot.
    if kind is not None or "." not in token:
        raise ConfigError(f"environment: {DISCORD}: found {kind or 'something else'}; expected {DISCORD_TOKEN}")
    discord = settings.discord
    return Setup(
        token=token,
        api_url=discord.api_url,
        gateway_url=discord.gateway_url,
        prefix=settings.command_prefix,
        guilds_for_development=discord.development_guilds,
    )


def app_of(suffix: str, mode: Mode) -> SlackApp:
    """The credentials of the app that a workspace uses: its own, or those that all share."""
    from bot.platforms.slack.setup import Mode, SlackApp

    app_token, signing = (_own_or_shared(name, suffix) for name in (APP, SIGNING))
    for name, value in (app_token, signing):
        _check(name, value, "xapp-" if name.startswith(APP) else "")
    if mode is Mode.SOCKET and app_token[1] is None:
        raise ConfigError(f'environment: {APP} is not set; Slack needs it too, or set mode = "http" in [slack]')
    if mode is Mode.HTTP and signing[1] is None:
        raise ConfigError(f'environment: {SIGNING} is not set; slack.mode = "http" needs it: {SIGNING_SECRET}')
    return SlackApp(app_token=app_token[1], signing_secret=signing[1], held_in=app_token[0])


def seal() -> Seal:
    """What seals tokens. ConfigError when there is no key, or none that is one."""
    from bot.sealing import BadKey, seal_from

    key = secret(KEY)
    if key is None:
        raise ConfigError(
            f"environment: {KEY} is not set; with {CLIENT} set, it seals the tokens of those who install the app: "
            "openssl rand -base64 32 makes one, which must be kept"
        )
    try:
        return seal_from(key)
    except BadKey as error:
        raise ConfigError(f"environment: {KEY}: {error}") from None


def _bot_tokens(settings: Settings, *, needed: bool) -> list[tuple[str, str, str]]:
    """Suffix, name and token of each workspace that the environment names."""
    found = []
    if (token := secret(BOT)) is not None:
        found.append(("", "", token))
    for name in settings.slack.workspaces:
        suffix = f"_{suffix_of(name)}"
        if (token := secret(BOT + suffix)) is None:
            raise ConfigError(f'environment: {BOT}{suffix} is not set; slack.workspaces names "{name}"')
        found.append((suffix, name, token))
    known = {f"_{suffix_of(name)}" for name in settings.slack.workspaces}
    for name in secret_names():
        own = next((one for one in OF_A_WORKSPACE if name.startswith(f"{one}_")), None)
        if own is not None and (suffix := name.removeprefix(own)) not in known:
            raise ConfigError(f'environment: {name} is set; add "{suffix[1:].lower()}" to workspaces of [slack]')
    whose: dict[str, str] = {}
    for suffix, _, token in found:
        _check(BOT + suffix, token, "xoxb-")
        if token in whose:
            raise ConfigError(
                f"environment: {BOT}{suffix}: the same token as {whose[token]}; each workspace has its own"
            )
        whose[token] = BOT + suffix
    if needed and not found and (alone := next((name for name in (APP, SIGNING) if secret(name)), None)):
        raise ConfigError(f"environment: {BOT} is not set, but {alone} is; Slack needs it too: {BOT_TOKEN}")
    return found


def _installed(suffix: str, name: str, token: str, mode: Mode) -> Installed:
    from bot.platforms.slack.setup import Installed

    return Installed(bot_token=token, app=app_of(suffix, mode), name=name)


def _own_or_shared(name: str, suffix: str) -> tuple[str, str | None]:
    """The variable, and what it holds."""
    if suffix and (own := secret(name + suffix)) is not None:
        return name + suffix, own
    return name, secret(name)


def _check(name: str, value: str | None, beginning: str) -> None:
    """A token of another kind is the commonest mistake; what was found is told by its kind only."""
    if value is None or (beginning and value.startswith(beginning)):
        return
    kind = next((kind for start, kind in BEGINNINGS.items() if value.startswith(start)), None)
    if kind is None and not beginning:
        return
    wanted = BOT_TOKEN if name.startswith(BOT) else APP_TOKEN if name.startswith(APP) else SIGNING_SECRET
    if name in (CLIENT, CLIENT_SECRET):
        wanted = "what stands in Basic Information, App Credentials"
    raise ConfigError(f"environment: {name}: found {kind or 'something else'}; expected {wanted}")


def _oauth(settings: Settings, mode: Mode) -> OAuth | None:
    from bot.platforms.slack.manifest import REDIRECT_PATH
    from bot.platforms.slack.setup import OAuth

    client, client_secret = secret(CLIENT), secret(CLIENT_SECRET)
    if client is None and client_secret is None:
        return None
    if client is None or client_secret is None:
        missing, there = (CLIENT, CLIENT_SECRET) if client is None else (CLIENT_SECRET, CLIENT)
        raise ConfigError(f"environment: {missing} is not set, but {there} is; /slack/install needs both")
    _check(CLIENT, client, "")
    _check(CLIENT_SECRET, client_secret, "")
    seal()
    if not settings.slack.public_url:
        raise ConfigError(f"slack.public_url: not set; with {CLIENT} set, Slack sends people back there: https://…")
    return OAuth(client, client_secret, settings.slack.public_url + REDIRECT_PATH, app_of("", mode))
