"""Writes the golden files anew: look at the difference before it is kept."""

from __future__ import annotations

from tests.platforms.golden.files import write
from tests.platforms.golden.platforms import PLATFORMS

if __name__ == "__main__":
    for platform in PLATFORMS:
        written, removed = write(platform)
        print(f"{platform}: {written} files written, {removed} removed")
