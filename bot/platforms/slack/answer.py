"""What somebody gets for what they did: within the acknowledgement if it is ready in time, else by other ways."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import aiohttp
import structlog

from bot.message import Button, Form, Message, Paragraph, Text
from bot.platforms.base import Outcome, SendError
from bot.platforms.slack.draw import Drawn, draw, home_view, reply_modal
from bot.platforms.slack.forms import Kept, answers, modal, remarks_by_block, shown_again, waiting, without_files
from bot.platforms.slack.inbound import AGAIN, Arrival, Place, same_again
from bot.platforms.slack.workspaces import Workspace
from bot.words import Words

log = structlog.get_logger(__name__)

Json: TypeAlias = Mapping[str, Any]  # as Slack takes it

NOTHING: Json = {}
FAILURES = (SendError, OSError, aiohttp.ClientError)  # what keeps an answer from arriving, other than a bug

PATIENCE = 10.0  # seconds that an answer waits when Slack has heard too much

_PLAIN: Json = {"unfurl_links": False, "unfurl_media": False}


class Answer:
    """The answer to one arrival: `at_once` or, when that would be too late, `early`; then `afterwards`."""

    def __init__(self, arrival: Arrival, workspace: Workspace, words: Words, session: aiohttp.ClientSession) -> None:
        self._arrival = arrival
        self._workspace = workspace
        self._words = words
        self._session = session
        self._early = False
        self._left: list[Drawn] | None = None  # of the message, what the acknowledgement did not carry

    @property
    def is_early(self) -> bool:
        """Whether Slack has its acknowledgement, without the answer."""
        return self._early

    def owes(self, outcome: Outcome) -> bool:
        """Whether anything is left for `afterwards`."""
        match self._arrival.place:
            case Place.FORM:
                return self._early
            case Place.NOWHERE:
                return False
            case Place.HOME:
                return True  # the page itself
            case _:
                return outcome.form is not None or (self._message(outcome) is not None and self._left != [])

    def early(self) -> Json:
        """The acknowledgement when the answer is not ready; what was typed into a form is kept by `afterwards`."""
        self._early = True
        if self._arrival.place is Place.FORM:
            return {"response_action": "update", "view": waiting(self._words)}
        return NOTHING

    def at_once(self, outcome: Outcome) -> Json:
        """The acknowledgement with as much of the answer as fits into it."""
        match self._arrival.place:
            case Place.COMMAND if (message := self._message(outcome)) is not None:
                parts = draw(message)
                self._left = list(parts[1:])
                return {"response_type": "ephemeral", **_body(parts[0])} if parts else NOTHING
            case Place.FORM:
                return self._form_answered(outcome)
            case _:
                return NOTHING

    async def afterwards(self, outcome: Outcome, *, again: bool = False) -> None:
        """What is still to be done once Slack has its acknowledgement. What can't be given is logged, by ids only."""
        try:
            if self._arrival.place is Place.FORM:
                if self._early:
                    await self._form_answered_late(outcome)
            elif outcome.form is not None:
                await self._open(outcome.form)
            elif (message := self._message(outcome)) is not None:
                await self._tell(message, replace=outcome.replaces, keep=not outcome.errors)
        except FAILURES as failed:
            if isinstance(failed, SendError) and 0 < (failed.retry_after or 0) <= PATIENCE and not again:
                await asyncio.sleep(failed.retry_after or 0)
                await self.afterwards(outcome, again=True)
                return
            reason = failed.reason if isinstance(failed, SendError) else type(failed).__name__
            log.warning(
                "slack answer not given",
                team=self._workspace.team,
                inbound=self._arrival.event_id,
                place=self._arrival.place.value,
                reason=reason,
            )

    def _message(self, outcome: Outcome) -> Message | None:
        return _remarks(outcome.errors) if outcome.errors else outcome.message

    def _say(self, name: str) -> Message:
        return Message(blocks=(Paragraph((Text(self._words.get("slack", "answers", name)),)),))

    # A submitted form.

    def _form_answered(self, outcome: Outcome) -> Json:
        view = self._arrival.view
        if outcome.errors:
            if beside := remarks_by_block(outcome.errors, view):
                return {"response_action": "errors", "errors": beside}
            return {"response_action": "push", "view": reply_modal(_remarks(outcome.errors), self._words)}
        if outcome.form is not None:
            return {"response_action": "update", "view": self._next(outcome.form)}
        if outcome.message is not None:
            return {"response_action": "update", "view": reply_modal(outcome.message, self._words)}
        return NOTHING

    async def _form_answered_late(self, outcome: Outcome) -> None:
        """In the place of the form that asks to wait; where it was opened, when that was put away meanwhile."""
        view = self._arrival.view
        message = self._message(outcome) or self._say("done")
        if outcome.errors and remarks_by_block(outcome.errors, view):
            shown: Json = shown_again(view, {**outcome.lost, **outcome.errors})
        elif outcome.form is not None:
            shown = self._next(outcome.form)
        else:
            shown = reply_modal(message, self._words)
        try:
            await self._workspace.call("views.update", view_id=view["id"], view=shown)
        except SendError as refused:
            log.info("slack form gone", team=self._workspace.team, reason=refused.reason)
            if outcome.form is not None:
                await self._tell_in_chat(draw(self._say("ask-again")))
            elif self._message(outcome) is not None:
                await self._tell_in_chat(draw(message))

    def _next(self, form: Form) -> Json:
        returned = answers(self._arrival.view)
        return modal(form, self._words, kept=returned.kept if returned is not None else None)

    # A form that is to be opened.

    async def _open(self, form: Form) -> None:
        arrival = self._arrival
        where = Kept(
            channel=arrival.channel or None, thread=arrival.thread or None, response_url=arrival.response_url or None
        )
        await self._show(modal(form, self._words, kept=where), None)

    async def _show(self, view: Json, otherwise: Message | None) -> None:
        """Opens `view`; when the moment for that has passed, says `otherwise` or offers to ask again."""
        arrival = self._arrival
        if arrival.trigger:
            method = "views.push" if arrival.place is Place.DIALOG else "views.open"
            for shown in (view, without_files(view)):
                if shown is None:
                    continue
                try:
                    await self._workspace.call(method, trigger_id=arrival.trigger, view=shown)
                    return
                except SendError as refused:
                    log.info("slack form not opened", team=self._workspace.team, reason=refused.reason)
        if arrival.place is Place.DIALOG:
            try:
                await self._workspace.call("views.update", view_id=arrival.view["id"], view=view)
                return
            except SendError as refused:
                log.info("slack form not replaced", team=self._workspace.team, reason=refused.reason)
        await self._tell_in_chat(draw(otherwise or self._once_more()))

    def _once_more(self) -> Message:
        """A sentence with a button that does the same again, from a new moment on. Plain words never open a form."""
        carried = same_again(self._arrival.deed)
        if carried is None:
            return self._say("ask-again")
        name = "again" if self._arrival.trigger else "press"
        label = self._words.get("slack", "answers", f"{name}-button")
        return Message(blocks=self._say(name).blocks, buttons=(Button(AGAIN, label, carried),))

    # A message.

    async def _tell(self, message: Message, *, replace: bool, keep: bool) -> None:
        arrival = self._arrival
        match arrival.place:
            case Place.PAGE:
                view = home_view(message, self._words)
                await self._workspace.call("views.publish", user_id=arrival.account, view=view)
            case Place.HOME:
                await self._show(reply_modal(message, self._words), message)
            case Place.DIALOG if replace:
                view = reply_modal(message, self._words)
                await self._workspace.call("views.update", view_id=arrival.view["id"], view=view)
            case Place.DIALOG:
                await self._show(reply_modal(message, self._words), message)
            case Place.NOWHERE:
                return
            case _:
                parts = draw(message) if self._left is None else self._left
                await self._tell_in_chat(parts, replace=replace, keep=keep)

    async def _tell_in_chat(self, parts: Sequence[Drawn], *, replace: bool = False, keep: bool = False) -> None:
        """By the response_url: it reaches rooms that the bot is not in."""
        arrival = self._arrival
        if not parts:
            return
        if not arrival.response_url:
            await self._write(parts)
            return
        kept = keep and arrival.place is Place.MESSAGE and arrival.direct  # what is said in a DM stays there
        for number, part in enumerate(parts):
            replaced = replace and arrival.private and number == 0
            body = {
                **_body(part),
                "response_type": "in_channel" if kept else "ephemeral",
                "replace_original": replaced,
                **({"thread_ts": arrival.thread} if arrival.thread and not replaced else {}),
            }
            try:
                await self._respond(body)
            except FAILURES:
                await self._write(parts[number:])
                return

    async def _respond(self, body: Json) -> None:
        timeout = aiohttp.ClientTimeout(total=10)
        async with self._session.post(self._arrival.response_url, json=body, timeout=timeout) as response:
            if response.status != 200:
                raise SendError("answer-expired", permanent=True, detail=str(response.status))

    async def _write(self, parts: Sequence[Drawn]) -> None:
        """Without the help of a response_url: beside what was said, else in the bot's direct message."""
        arrival = self._arrival
        if arrival.room is not None:
            try:
                for part in parts:
                    body = {**_body(part), "channel": arrival.channel, "user": arrival.account}
                    await self._workspace.call("chat.postEphemeral", **body, thread_ts=arrival.thread or None)
                return
            except SendError:
                pass  # it is not in that room: the direct message is the other way
        bots_own = arrival.direct and arrival.place in (Place.WORDS, Place.MESSAGE)
        channel = arrival.channel if bots_own else await self._workspace.dm(arrival.account)
        thread = (arrival.thread or None) if bots_own else None
        for part in parts:
            await self._workspace.call("chat.postMessage", **_body(part), channel=channel, thread_ts=thread)


def _body(part: Drawn) -> dict[str, Any]:
    return {**_PLAIN, "text": part.text, "blocks": list(part.blocks)}


def _remarks(errors: Mapping[str, str]) -> Message:
    """Remarks that have no field to stand beside."""
    return Message(blocks=tuple(Paragraph((Text(remark, literal=True),)) for remark in errors.values()))
