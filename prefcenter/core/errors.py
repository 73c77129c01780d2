"""The one error tree of the product.

Every error that a user can cause or mend derives from :class:`PrefcenterError`. It carries data (the place, the
remedy), and its text says what was wrong, where, and what to do. Each outer layer maps the tree once: the command line
to an exit code, the web to an HTTP status.
"""

from __future__ import annotations


class PrefcenterError(Exception):
    """Something went wrong that the reader of the message can do something about.

    Args:
        message: what was wrong and where, as one sentence.
        remedy: what to do about it, as one sentence; empty where the message already says it.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()


class BadInput(PrefcenterError):
    """What was given cannot be used as it is (exit code 2, HTTP 422)."""


class BadAddress(BadInput):
    """An email address, a phone number or a postal address that cannot be one.

    Args:
        message: what is wrong with it. It never repeats a whole address: errors end up in logs (X8).
        field: the part that is wrong, such as ``email`` or ``zip``.
    """

    def __init__(self, message: str, *, field: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.field = field


class NotFound(PrefcenterError):
    """What was named does not exist (exit code 2, HTTP 404)."""


class Unavailable(PrefcenterError):
    """Our own fault or a passing one: try again (exit code 1, HTTP 503)."""
