"""Short words that code asks for by name: button labels, form titles, field labels, remarks. Never Markdown.

They stand in `templates/<feature>/words.toml`; an owner's `templates_dir` and a locale's folder come first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from cohorts.facts import Fact

_FACT = re.compile(r"\{([a-z_]+)\}")


class Words:
    """`roots` in the order in which they are asked."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._files: dict[str, tuple[Mapping[str, object], ...]] = {}

    def find(self, feature: str, section: str, name: str) -> str | None:
        for tables in self._of(feature):
            table = tables.get(section)
            if isinstance(table, dict) and isinstance(text := table.get(name), str):
                return text
        return None

    def get(self, feature: str, section: str, name: str, facts: Mapping[str, Fact] | None = None) -> str:
        """KeyError when nobody wrote the words: a mistake of ours, found by the tests."""
        text = self.find(feature, section, name)
        if text is None:
            raise KeyError(f"templates/{feature}/words.toml has no [{section}] {name}")
        return _FACT.sub(lambda match: _spoken((facts or {})[match[1]]), text)

    def _of(self, feature: str) -> tuple[Mapping[str, object], ...]:
        if feature not in self._files:
            files = (root / feature / "words.toml" for root in self._roots)
            self._files[feature] = tuple(_tables(file.read_text("utf-8")) for file in files if file.is_file())
        return self._files[feature]


@lru_cache(maxsize=512)
def _tables(text: str) -> Mapping[str, object]:
    """By what stands there, so that each rehearsal need not read every file anew."""
    return tomllib.loads(text)


def _spoken(fact: Fact) -> str:
    if isinstance(fact, (list, tuple)):
        return ", ".join(_spoken(one) for one in fact)
    return str(fact)
