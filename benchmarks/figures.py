"""Recall, precision and F1 of a set of finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """How good finds are: ``right`` of ``wanted`` were found, and ``wrong`` others with them."""

    wanted: int
    right: int
    wrong: int

    @property
    def recall(self) -> float:
        """The share of the wanted that was found."""
        return self.right / max(self.wanted, 1)

    @property
    def precision(self) -> float:
        """The share of the finds that was wanted."""
        return self.right / max(self.right + self.wrong, 1)

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.right / max(self.wanted + self.right + self.wrong, 1)

    def __str__(self) -> str:
        return f"recall {self.recall:.4f}  precision {self.precision:.4f}  F1 {self.f1:.4f}"
