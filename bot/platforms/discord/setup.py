"""What the adapter needs to be told: where Discord is, which bot it is, and what its commands begin with."""

from __future__ import annotations

from dataclasses import dataclass, field

API_URL = "https://discord.com/api/v10"


@dataclass(frozen=True, slots=True)
class Setup:
    """`guilds_for_development` have the commands at once, and nobody else has them; without any, everybody has."""

    token: str = field(repr=False)
    api_url: str = API_URL
    gateway_url: str = ""  # when it is not the one that the API names
    prefix: str = ""  # of commands
    guilds_for_development: tuple[int, ...] = ()
