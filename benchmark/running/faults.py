"""What a record says of an error, whatever the error is: one line that can be written and read."""

from __future__ import annotations

import traceback

__all__ = ["LONGEST", "LONGEST_LOG", "error_text", "one_line", "traceback_bytes"]

LONGEST = 1000
"""Characters of an error in a record."""

LONGEST_LOG = 200_000
"""Characters of a traceback in ``log.txt``."""


def error_text(error: BaseException) -> str:
    """Return the text of ``error``; where it has none that can be made, that."""
    try:
        return str(error)
    except Exception as other:
        return f"its text could not be made: {type(other).__name__} in __str__"


def one_line(text: str) -> str:
    """Return ``text`` in one line of at most :data:`LONGEST` characters, each of which can be
    encoded."""
    return _clipped(" ".join(text.split()), LONGEST).encode(errors="backslashreplace").decode()


def traceback_bytes(error: BaseException) -> bytes:
    """Return the traceback of ``error``, its beginning and end where it is too long."""
    lines = traceback.format_exception(error)
    return _clipped("".join(lines), LONGEST_LOG).encode(errors="backslashreplace")


def _clipped(text: str, longest: int) -> str:
    """Return ``text``, the middle left out where it has more than ``longest`` characters.

    >>> _clipped("abcdefgh", 4)
    'ab ... (4 characters left out) ... gh'
    """
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]} ... ({len(text) - 2 * half:,} characters left out) ... {text[-half:]}"
