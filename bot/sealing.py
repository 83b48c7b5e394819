"""Secrets at rest: sealed with a key from the environment, and readable by nobody without it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

KEY_BYTES = 32


class BadKey(ValueError):
    """Not a key; the message says what one looks like, and holds nothing of what was found."""


class Broken(Exception):
    """Sealed with a key that is not here, changed since, or sealed for something else."""


class Seal:
    """The first key closes, every key opens: a new one is put before the old, which goes when nothing needs it."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise BadKey("expected at least one key")
        self._newest, *_ = every = [Fernet(_key(one)) for one in keys]
        self._any = MultiFernet(every)

    def close(self, secret: str, *, about: str) -> bytes:
        """`about` says whose it is; the seal opens for nobody else, so that two rows can't be swapped."""
        return self._newest.encrypt(f"{about}\n{secret}".encode())

    def open(self, sealed: bytes, *, about: str) -> str:
        try:
            whose, _, secret = self._any.decrypt(sealed).decode().partition("\n")
        except InvalidToken:
            raise Broken("no key opens it") from None
        if whose != about:
            raise Broken("it was sealed for something else")
        return secret

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the key that closes today closed this one."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return False
        return True


def seal_from(text: str) -> Seal:
    """A seal from a variable's words: one key, or several with commas between them, the newest first."""
    return Seal([key.strip() for key in text.split(",") if key.strip()])


def _key(text: str) -> bytes:
    """In either alphabet of base 64, so that `openssl rand -base64 32` makes one."""
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise BadKey("expected 32 random bytes in base 64, such as `openssl rand -base64 32` prints")
    return base64.urlsafe_b64encode(raw)
