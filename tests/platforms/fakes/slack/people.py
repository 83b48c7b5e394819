"""People of a workspace. They type, press, fill and read, and can only do what a client allows."""

from __future__ import annotations

import html
import re
from typing import Any

from .forms import CannotDo, filled, find_input, option, typed
from .payloads import (
    blank,
    channel_in_payload,
    interaction,
    message_object,
    state_of,
    user_object,
    view_object,
)
from .places import Place, find_element
from .screen import Screen
from .state import Ack, Channel, Json, Message, User, View

__all__ = ["CannotDo", "Person"]


class Person(Screen):
    """One person of one workspace. Every act awaits the app's acknowledgement and returns it."""

    # Typing.

    async def types(self, line: str, channel: str | Channel | None = None, thread: Message | None = None) -> Ack:
        """A slash command. What comes with the acknowledgement is shown."""
        self._present()
        if thread is not None:
            raise CannotDo("commands do not work in threads")
        if not self.user.may_use_commands:
            raise CannotDo(f"{self.user.name} may not use commands")
        command, _, text = line.partition(" ")
        command = command.lower()
        known = self.team.app.commands
        if "commands" not in self.team.scopes or (known is not None and command not in known):
            raise CannotDo(f"{command} is not a valid command")
        room = self._room(channel)
        payload: Json = {
            "token": self.team.app.verification_token,
            "team_id": self.team.id,
            "team_domain": self.team.domain,
            "channel_id": room.id,
            "channel_name": channel_in_payload(room)["name"],
            "user_id": self.id,
            "user_name": self.user.handle,
            "command": command,
            "text": self._escaped(text.strip(), named=True) if self.team.app.should_escape else text.strip(),
            "api_app_id": self.team.app.id,
            "is_enterprise_install": "false",
            "response_url": self.slack.response_url(self.team, self.id, room.id),
            "trigger_id": self.slack.trigger(self.team, self.id),
        }
        ack = self._noticed(await self.slack.delivery.command(self.team, payload))
        if ack.answer is not None:
            token = payload["response_url"].rpartition("/")[2]
            self.slack.respond(self.slack.response_urls[token], ack.answer)
        return ack

    async def says(self, text: str, channel: str | Channel | None = None, thread: Message | None = None) -> Ack | None:
        """A message, to the bot unless a channel is named. None when the app does not hear of it."""
        self._present()
        room = self._room(channel)
        if text.startswith("/"):
            raise CannotDo("a client takes that for a command")
        if room.archived or (room.kind == "im" and not self.team.app.messages_tab):
            raise CannotDo("nobody can write there")
        message = self._write(room, text, thread)
        if self.team.bot.id not in room.members:
            return None
        body = {**message_object(self.team, message), "channel": room.id, "event_ts": message.ts}
        body["channel_type"] = {"public": "channel", "private": "group"}.get(room.kind, room.kind)
        return await self.slack.delivery.event(self.team, body, room.kind)

    async def mentions_bot(self, text: str, channel: str | Channel, thread: Message | None = None) -> Ack | None:
        self._present()
        room = self._room(channel)
        if self.team.bot.id not in room.members:
            raise CannotDo("the bot is not in there; a client offers to invite it")
        message = self._write(room, f"@{self.team.bot.name} {text}", thread)
        body = {**message_object(self.team, message), "type": "app_mention", "channel": room.id}
        return await self.slack.delivery.event(self.team, {**body, "event_ts": message.ts}, room.kind)

    def _write(self, room: Channel, text: str, thread: Message | None) -> Message:
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
        return self.team.post(
            room,
            Message(
                self.slack.ts(),
                room.id,
                self.id,
                self._escaped(text),
                self.team.block_ids([{"type": "rich_text", "elements": [section]}]),
                thread_ts=(thread.thread_ts or thread.ts) if thread else "",
            ),
        )

    # Pressing and choosing.

    async def presses(self, label: str, in_: str | Message | Channel | None = None, on: str = "") -> Ack:
        """The newest visible button (or overflow entry) with this text; `on`: beneath these words."""
        self._present()

        def wanted(element: Json) -> bool:
            if element["type"] == "overflow":
                return any(each["text"]["text"] == label for each in element["options"])
            return bool(element["type"] == "button" and element["text"]["text"] == label)

        place = find_element(self, wanted, in_, on)
        if place is None:
            raise CannotDo(f"{self.user.name} sees no button {label!r}{f' on {on!r}' if on else ''}")
        element = place.element
        action: Json = {
            name: element[name] for name in ("type", "action_id", "text", "value", "style") if name in element
        }
        if element["type"] == "overflow":
            action["selected_option"] = option(element, label, self.reader)
        return await self._acts(place, action)

    async def chooses(
        self, answer: object, of: str = "", in_: str | Message | Channel | None = None, on: str = ""
    ) -> Ack:
        """Picks in a menu, radio group or date picker outside an input; `of` is its placeholder or action_id."""
        self._present()

        def wanted(element: Json) -> bool:
            if element["type"] in ("button", "overflow", "image"):
                return False
            names = (element["action_id"], element.get("placeholder", {}).get("text"))
            return not of or of in names

        place = find_element(self, wanted, in_, on)
        if place is None:
            raise CannotDo(f"{self.user.name} sees no menu {of!r}")
        value = typed(place.element, answer, self.reader)
        place.values[(place.block["block_id"], place.element["action_id"])] = value
        return await self._acts(place, {"action_id": place.element["action_id"], **value})

    async def _acts(self, place: Place, action: Json) -> Ack:
        action |= {"block_id": place.block["block_id"], "action_ts": self.slack.ts()}
        body = interaction(
            self.team, "block_actions", self.user, self.slack.trigger(self.team, self.id, place.modal_id)
        )
        if place.view is not None:
            body["container"] = {"type": "view", "view_id": place.view.id}
            body["view"] = view_object(self.team, place.view)
        else:
            message = place.message
            assert message is not None
            room = self.team.channels[message.channel]
            body["container"] = {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": room.id,
                "is_ephemeral": bool(message.ephemeral_to),
                **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
            }
            body["channel"] = channel_in_payload(room)
            if not message.ephemeral_to:
                body["message"] = message_object(self.team, message, metadata=True)
            body["state"] = state_of(message.blocks, message.state)
            body["response_url"] = self.slack.response_url(self.team, self.id, room.id, message)
        body["actions"] = [action]
        return self._noticed(await self.slack.delivery.interactive(self.team, body))

    async def picks(self, shortcut: str, message: Message | str) -> Ack:
        """A message shortcut, by its name or callback_id, on a message or the newest one with these words."""
        self._present()
        if self.user.kind == "connect":
            raise CannotDo("people of other organisations have no shortcuts here")
        if isinstance(message, str):
            found = [each for each in self.visible_messages() if message in self.reader.message(each)]
            if not found:
                raise CannotDo(f"{self.user.name} sees no message with {message!r}")
            message = found[-1]
        room = self._room(self.team.channels[message.channel])
        body = interaction(self.team, "message_action", self.user, self.slack.trigger(self.team, self.id))
        body |= {
            "callback_id": self.team.app.shortcuts.get(shortcut, shortcut),
            "action_ts": self.slack.ts(),
            "response_url": self.slack.response_url(self.team, self.id, room.id, message),
            "message_ts": message.ts,
            "channel": channel_in_payload(room),
            "message": message_object(self.team, message),
        }
        return self._noticed(await self.slack.delivery.interactive(self.team, body))

    # Forms.

    @property
    def form(self) -> View | None:
        return self.stack[-1] if self.stack else None

    def shows(self, view: View, *, instead: bool = False) -> None:
        """A modal appears: on top, or in place of what was open."""
        if instead:
            for each in self.stack:
                each.open = False
            self.stack.clear()
        self.stack.append(view)

    async def fills(self, answers: dict[str, object] | None = None, /, **more: object) -> Ack:
        """Answers by label or key, then the submit button."""
        await self.enters(answers, **more)
        return await self.submits()

    async def enters(self, answers: dict[str, object] | None = None, /, **more: object) -> None:
        """Answers without submitting. Inputs with dispatch_action tell the app at once."""
        self._present()
        for key, answer in {**(answers or {}), **more}.items():
            view = self._open_form()
            block = find_input(view, key, self.reader)
            element = block["element"]
            value = typed(element, answer, self.reader)
            view.values[(block["block_id"], element["action_id"])] = value
            view.errors.pop(block["block_id"], None)
            if block.get("dispatch_action"):
                action = {"action_id": element["action_id"], **value}
                await self._acts(Place(block, element, view=view), action)

    async def submits(self) -> Ack:
        self._present()
        view = self._open_form()
        if "submit" not in view.body:
            raise CannotDo("this form has no submit button")
        for block in view.blocks:
            if block["type"] == "input" and not block.get("optional"):
                element = block["element"]
                value = view.values.get((block["block_id"], element["action_id"])) or blank(element)
                if not filled(value):
                    raise CannotDo(f"a required field is empty: {block['label']['text']}")
        body = interaction(self.team, "view_submission", self.user, self.slack.trigger(self.team, self.id, view.id))
        body |= {"view": view_object(self.team, view), "response_urls": []}
        ack = self._noticed(await self.slack.delivery.interactive(self.team, body))
        if ack.ok:
            self._submitted(view, ack.answer or {})
        return ack

    def _submitted(self, view: View, answer: Json) -> None:
        view.errors = {}
        match answer.get("response_action"):
            case None:
                self._close(view)
            case "errors":
                view.errors = dict(answer["errors"])
            case "update":
                self.slack.change_view(self.team, view, answer["view"])
            case "push":
                self.shows(self.slack.new_view(self.team, self.id, answer["view"], under=view))
            case "clear":
                for each in list(self.stack):
                    self._close(each)

    async def closes_form(self, answers: dict[str, object] | None = None, /, **typed_before: Any) -> Ack | None:
        """Puts the form away, after typing some of it. The app hears of it only if it asked to."""
        await self.enters(answers, **typed_before)
        view = self._open_form()
        self._close(view)
        if not view.body.get("notify_on_close"):
            return None
        body = interaction(self.team, "view_closed", self.user, None)
        body["view"] = view_object(self.team, view, with_state=self.slack.state_on_close)
        body["is_cleared"] = False
        return self._noticed(await self.slack.delivery.interactive(self.team, body))

    def _open_form(self) -> View:
        if not self.stack:
            raise CannotDo(f"{self.user.name} has no form open")
        return self.stack[-1]

    def _close(self, view: View) -> None:
        view.open = False
        if view in self.stack:
            self.stack.remove(view)

    # Coming, going, changing.

    async def opens_home(self) -> Ack | None:
        self._present()
        if not self.team.app.home_enabled:
            raise CannotDo("the app has no home")
        event: Json = {
            "type": "app_home_opened",
            "user": self.id,
            "channel": self.direct.id,
            "tab": "home",
            "event_ts": self.slack.ts(),
        }
        if self.home_view is not None:
            event["view"] = view_object(self.team, self.home_view)
        return await self.slack.delivery.event(self.team, event)

    async def changes(self, *, name: str = "", tz: str = "", email: str = "") -> Ack | None:
        self.user.name = name or self.user.name
        self.user.tz = tz or self.user.tz
        self.user.email = email or self.user.email
        event = {"type": "user_change", "user": user_object(self.team, self.user), "cache_ts": 0}
        return await self.slack.delivery.event(self.team, {**event, "event_ts": self.slack.ts()})

    async def is_deactivated(self) -> Ack | None:
        """An administrator takes the account away; it stays a member of its channels."""
        self.user.kind = "deactivated"
        event = {"type": "user_change", "user": user_object(self.team, self.user), "cache_ts": 0}
        return await self.slack.delivery.event(self.team, {**event, "event_ts": self.slack.ts()})

    async def joins(self, channel: str | Channel) -> None:
        room = self.team.channel(channel)
        if room.kind != "public":
            raise CannotDo(f"{self.user.name} can't see {room.name}")
        if self.id not in room.members:
            room.members.append(self.id)
            if self.team.bot.id in room.members:
                await self.team.joined(room, self.id)

    def leaves(self, channel: str | Channel) -> None:
        self._room(channel).members.remove(self.id)

    # Within.

    def _present(self) -> None:
        if self.user.kind == "deactivated":
            raise CannotDo(f"{self.user.name} has no account any more")

    def _noticed(self, ack: Ack) -> Ack:
        if not ack.ok:
            self.problems.append(ack.error)
        return ack

    def _names(self, user: User) -> str:
        """What the client completes to this user: the name, the handle, and a first name that only one has."""
        names = [user.name, user.handle]
        first = user.name.split()[0]
        if sum(each.name.split()[0] == first for each in self.team.users.values()) == 1:
            names.append(first)
        return "|".join(map(re.escape, names))

    def _escaped(self, text: str, *, named: bool = False) -> str:
        """Mentions, channels and links as Slack sends them; in commands with the name beside the id."""
        text = html.escape(text, quote=False)
        for user in sorted(self.team.users.values(), key=lambda each: -len(each.name)):
            entity = f"<@{user.id}|{user.handle}>" if named else f"<@{user.id}>"
            text = re.sub(rf"(?<![\w<])@({self._names(user)})\b", entity, text, flags=re.I)
        for channel in self.team.channels.values():
            if channel.name and self.team.visible(channel, self.id):
                entity = f"<#{channel.id}|{channel.name}>"
                text = re.sub(rf"(?<![\w<])#{re.escape(channel.name)}(?![\w-])", entity, text)
        return re.sub(r"(?<![<|])(https?://[^\s<>|]*[^\s<>|.,;:!?\"'”’)])", r"<\1>", text)
