"""What mkdocstrings reads a docstring as: Markdown."""

from __future__ import annotations

from typing import Any

import griffe
from markup import mended


class Docstrings(griffe.Extension):
    """Mends every docstring where it is read."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Mend the docstring of ``obj``, where it has one."""
        if getattr(obj, "docstring", None):
            obj.docstring.value = mended(obj.docstring.value)
