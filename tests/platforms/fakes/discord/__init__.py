"""A strict Discord in memory: REST v10, a gateway over WebSocket, and people who do what a client lets them do."""

from .errors import Fault
from .guild import FakeGuild
from .interactions import Interaction, Modal
from .people import CannotDo, Person, Suggestion
from .permissions import Permission
from .server import FakeDiscord
from .state import Channel, Message, Role

__all__ = [
    "CannotDo", "Channel", "FakeDiscord", "FakeGuild", "Fault", "Interaction", "Message", "Modal", "Permission",
    "Person", "Role", "Suggestion",
]  # fmt: skip
