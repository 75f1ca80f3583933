"""What a terminal is shown: no control characters, which come with records of strangers and would
write elsewhere than where they stand, or backwards."""

from __future__ import annotations

import io
import re
from typing import TextIO

__all__ = ["Printable", "guarded", "printable"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters but tab and end of line; marks and breaks that turn the direction of text."""


def printable(text: str) -> str:
    """Return ``text`` with every control character written out.

    >>> printable("a" + chr(27) + "[2J" + chr(0x202e))
    'a\\\\x1b[2J\\\\u202e'
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class Printable(io.TextIOWrapper):
    """A text stream that writes control characters out; ``unfiltered`` is the stream itself, for
    progress bars."""

    unfiltered: TextIO

    def write(self, text: str) -> int:
        super().write(printable(text))
        return len(text)


def guarded(stream: io.TextIOWrapper) -> Printable:
    """Return a stream to the same place and in the same encoding that writes control characters
    out."""
    guard = Printable(
        stream.buffer,
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering or stream.isatty(),
        write_through=stream.write_through,
    )
    guard.unfiltered = stream
    return guard
