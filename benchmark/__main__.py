"""``python -m benchmark`` is ``bench``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Call the command line; somebody who interrupts while it is imported gets the status of that,
    as later."""
    try:
        from benchmark.cli import main as command
    except KeyboardInterrupt:
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
