"""A strict Slack in memory: Web API, Socket Mode, signed HTTP, and people who do what a client lets them do."""

from .people import CannotDo, Person
from .server import FakeSlack
from .state import Ack, Call, Channel, Fault, Message
from .team import ALL_SCOPES, App, Team

__all__ = ["ALL_SCOPES", "Ack", "App", "Call", "CannotDo", "Channel", "FakeSlack", "Fault", "Message", "Person", "Team"]
