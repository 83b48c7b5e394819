"""What a check finds: one line, with the mend when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line. Without a `mend` all is well."""

    what: str
    found: str
    mend: str = ""

    def __str__(self) -> str:
        return f"✗ {self.what}: {self.found}; {self.mend}" if self.mend else f"✓ {self.what}: {self.found}"
