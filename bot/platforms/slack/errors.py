"""What Slack says when it says no, in our own words; and what leaves open whether something happened."""

from __future__ import annotations

from collections.abc import Mapping

from bot.platforms.base import SendError


class AnswerLost(OSError):
    """Slack may have done it or not: whoever asked has to look."""


class SlackRefusal(SendError):
    """Slack said no, and did nothing. `code` is its own word for it."""

    def __init__(
        self, code: str, reason: str, *, permanent: bool = True, retry_after: float | None = None, detail: str = ""
    ) -> None:
        super().__init__(reason, permanent=permanent, retry_after=retry_after, detail=detail)
        self.code = code


TOKEN_REVOKED = "token-revoked"
RATE_LIMITED = "rate-limited"

# After these the work may have been done all the same.
UNCERTAIN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})

# Those that pass by themselves or are mended elsewhere, with the seconds after which to try again.
PASSING: Mapping[str, float] = {TOKEN_REVOKED: 300.0, RATE_LIMITED: 30.0}

_CODES: Mapping[str, str] = {
    "room-gone": "channel_not_found",
    "room-archived": "is_archived already_archived",
    "room-full": "too_many_members",
    "not-in-room": "not_in_channel user_not_in_channel",
    "person-gone": "user_not_found users_not_found user_disabled no_user",
    "dm-closed": "cannot_dm_bot messages_tab_disabled user_not_visible users_not_visible",
    "guest-elsewhere": "ura_max_channels user_is_restricted user_is_ultra_restricted",
    "from-outside": "external_team_in_channel no_external_invite_permission user_team_not_in_channel",
    "message-gone": (
        "message_not_found cant_update_message edit_window_closed thread_not_found cannot_reply_to_message"
    ),
    "name-taken": "name_taken",
    "missing-scope": "missing_scope",
    "not-allowed": (
        "restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel "
        "restricted_action_non_threadable_channel restricted_action_thread_locked no_permission not_authorized "
        "permission_denied access_denied accesslimited ekm_access_denied team_access_not_granted "
        "enterprise_is_restricted org_login_required two_factor_setup_required not_allowed_token_type cant_invite "
        "cant_invite_self cant_kick_self cant_kick_from_general cant_kick_from_restricted_channel "
        "method_not_supported_for_channel_type file_uploads_disabled"
    ),
    TOKEN_REVOKED: "invalid_auth token_revoked token_expired account_inactive not_authed",
    RATE_LIMITED: "ratelimited rate_limited message_limit_exceeded",
    "bug": (
        "msg_too_long msg_blocks_too_long too_long no_text invalid_blocks invalid_blocks_format too_many_attachments "
        "metadata_too_large invalid_metadata_format invalid_metadata_schema metadata_must_be_sent_from_app "
        "invalid_arguments invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_json "
        "invalid_post_type missing_post_type missing_argument invalid_name invalid_name_specials "
        "invalid_name_punctuation invalid_name_required invalid_name_maxlength invalid_cursor invalid_limit "
        "invalid_ts_latest invalid_ts_oldest unknown_method"
    ),
}

TABLE: Mapping[str, str] = {code: reason for reason, codes in _CODES.items() for code in codes.split()}


def refusal(code: str, *, needed: str = "", retry_after: float | None = None) -> Exception:
    """The error to raise for an answer that isn't ok. `needed` are the scopes that Slack named."""
    if code in UNCERTAIN:
        return AnswerLost(code)
    reason = TABLE.get(code, "other")
    if reason in PASSING:
        wait = PASSING[reason] if retry_after is None else retry_after
        return SlackRefusal(code, reason, permanent=False, retry_after=wait)
    detail = needed if reason == "missing-scope" else code if reason in ("bug", "other") else ""
    return SlackRefusal(code, reason, detail=detail)
