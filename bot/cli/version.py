"""Which version this is."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path


def version() -> str:
    """Of the installed package; in a checkout that is not installed, of its pyproject.toml."""
    try:
        return metadata.version("caravan-cohorts")
    except metadata.PackageNotFoundError:
        file = Path(__file__).parents[2] / "pyproject.toml"
        return str(tomllib.loads(file.read_text("utf-8"))["project"]["version"])
