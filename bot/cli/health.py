"""`caravan health`: ask a running Caravan whether all is well; for a container's health check."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Annotated
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import typer

from bot.cli.errors import BadInput
from bot.cli.failed import Failed
from bot.cli.settings import settings_of
from bot.config import Settings

PATIENCE = 8.0  # seconds: the container's check gives up after ten
LONGEST = 100_000
EVERYWHERE = ("0.0.0.0", "::", "*")  # listened on, not asked


def health(
    ctx: typer.Context,
    url: Annotated[str, typer.Option(metavar="URL", help="Where to ask; that of the config when left out.")] = "",
) -> None:
    """Ask a running Caravan whether all is well: exit code 0, or 1 with what is wrong.

    \b
    Example: caravan health --url http://127.0.0.1:8080/health
    """
    address = url or address_of(settings_of(ctx))
    if not address.startswith(("http://", "https://")):
        raise BadInput(f"--url: found {address!r}, expected an address such as http://127.0.0.1:8080/health")
    said, wrong = asked(address)
    if wrong:
        raise Failed(f"{address}: {wrong}")
    typer.echo(said)


def address_of(settings: Settings) -> str:
    host, port = settings.web.host, settings.web.port
    if not port:
        raise Failed("web.port is 0, which switches health off")
    host = "127.0.0.1" if host in EVERYWHERE else host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/health"


def asked(address: str) -> tuple[str, str]:
    """What it says, and what is wrong, if anything."""
    try:
        # Never through a proxy: it is asked about this machine.
        with build_opener(ProxyHandler({})).open(address, timeout=PATIENCE) as answer:
            return _read(answer.read(LONGEST))
    except HTTPError as error:
        with error:
            said, wrong = _read(error.read(LONGEST))
        return said, wrong or f"answered {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        return "", f"does not answer: {getattr(error, 'reason', None) or error}"


def _read(body: bytes) -> tuple[str, str]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or "status" not in found:
        return "", "answers, but is not Caravan"
    wrong = found.get("problems") or []
    if found["status"] != "ok":
        return "", "; ".join(map(str, wrong)) or "not well"
    return f"ok: {found.get('waiting', 0)} waiting, next due {found.get('next_due') or 'nothing'}", ""
