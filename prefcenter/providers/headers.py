"""The headers of a request, as far as the checks of signatures need them."""

from __future__ import annotations

from typing import Protocol


class Headers(Protocol):
    """Finds a header by its name, in any case."""

    def get(self, name: str, /) -> str | None:
        """The header's value, or None where there is none."""
        ...
