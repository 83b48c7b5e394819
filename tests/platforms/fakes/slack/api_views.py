"""The views.* methods: modals, which need a fresh trigger, and the home tab."""

from __future__ import annotations

from .api import Ask, Method
from .limits import check_view
from .payloads import view_object
from .state import Json, SlackError, Trigger, View

TRIGGER_SECONDS = 3.0
DEEPEST = 3  # modals on top of each other


def _trigger(ask: Ask) -> Trigger:
    """Uses the trigger up: it is good once, and for three seconds."""
    trigger = ask.slack.triggers.get(str(ask.args.get("trigger_id") or ask.args.get("interactivity_pointer") or ""))
    if trigger is None or trigger.team != ask.team.id:
        raise SlackError("invalid_trigger_id")
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    if ask.slack.clock() - trigger.issued > TRIGGER_SECONDS:
        raise SlackError("expired_trigger_id")
    return trigger


def _may_show(ask: Ask) -> None:
    """Inputs for files are for apps that may read them."""
    for block in ask.args["view"].get("blocks", []):
        if (block.get("element") or {}).get("type") == "file_input":
            ask.scope("files:read")


def _unique_external(ask: Ask, view: Json, but: str = "") -> None:
    external = view.get("external_id")
    if external and any(
        each.body.get("external_id") == external and each.open and each.id != but for each in ask.team.views.values()
    ):
        raise SlackError("duplicate_external_id")


def open_(ask: Ask) -> Json:
    trigger = _trigger(ask)
    check_view(ask.args.get("view"))
    _may_show(ask)
    _unique_external(ask, ask.args["view"])
    trigger.used = True
    view = ask.slack.new_view(ask.team, trigger.user, ask.args["view"])
    ask.team.people[trigger.user].shows(view, instead=True)
    return {"view": view_object(ask.team, view)}


def push(ask: Ask) -> Json:
    trigger = _trigger(ask)
    check_view(ask.args.get("view"))
    _may_show(ask)
    person = ask.team.people[trigger.user]
    if not trigger.view or not person.stack:
        raise SlackError("invalid_trigger_id")
    if len(person.stack) >= DEEPEST:
        raise SlackError("push_limit_reached")
    _unique_external(ask, ask.args["view"])
    trigger.used = True
    view = ask.slack.new_view(ask.team, trigger.user, ask.args["view"], under=person.stack[-1])
    person.shows(view)
    return {"view": view_object(ask.team, view)}


def update(ask: Ask) -> Json:
    external = ask.args.get("external_id")
    found = ask.team.views.get(str(ask.args.get("view_id") or "")) or next(
        (each for each in ask.team.views.values() if external and each.body.get("external_id") == external), None
    )
    check_view(ask.args.get("view"), kinds=("modal", "home"))
    if found is None or not found.open:
        raise SlackError("not_found")
    if ask.args["view"]["type"] != found.body["type"]:
        raise SlackError("invalid_arguments", "the type of a view can't be changed [json-pointer:/view/type]")
    _fresh(ask, found)
    _unique_external(ask, ask.args["view"], found.id)
    ask.slack.change_view(ask.team, found, ask.args["view"])
    return {"view": view_object(ask.team, found)}


def publish(ask: Ask) -> Json:
    person = ask.team.people.get(ask.given("user_id", "user_not_found"))
    if person is None:
        raise SlackError("user_not_found")
    if not ask.team.app.home_enabled:
        raise SlackError("not_enabled")
    check_view(ask.args.get("view"), kinds=("home",))
    if person.home_view is None:
        person.home_view = ask.slack.new_view(ask.team, person.id, ask.args["view"])
    else:
        _fresh(ask, person.home_view)
        ask.slack.change_view(ask.team, person.home_view, ask.args["view"])
    return {"view": view_object(ask.team, person.home_view)}


def _fresh(ask: Ask, view: View) -> None:
    if ask.args.get("hash") and ask.args["hash"] != view.hash:
        raise SlackError("hash_conflict")


METHODS = {
    "views.open": Method(open_, tier=100),
    "views.push": Method(push, tier=100),
    "views.update": Method(update, tier=100),
    "views.publish": Method(publish, tier=100),
}
