"""Files of results folders: written whole or not at all; read only where they are plain files of a
size that can be.

A results folder may be a stranger's: a link in it would show a file of this machine's, and a pipe
would never end. Standard library only.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

__all__ = ["atomic_write", "open_plain", "read_plain"]


def atomic_write(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader, or a crash at any moment, sees the old file or
    the new one and nothing between."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:  # its mode is what the umask leaves, as of any new file
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def open_plain(path: str | Path, largest: int) -> BinaryIO:
    """Return a regular file of at most ``largest`` bytes, open for reading; ``OSError`` says what
    else it is, as it says that there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a link, and links are not followed") from None
        raise
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        if about.st_size > largest:
            size = f"it has {about.st_size:,} bytes, more than the {largest:,} that are read"
            raise OSError(errno.EFBIG, size)
    except OSError:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def read_plain(path: str | Path, largest: int) -> bytes:
    """Return the bytes of a regular file of at most ``largest`` bytes, as :func:`open_plain`
    does."""
    with open_plain(path, largest) as file:
        return file.read(os.fstat(file.fileno()).st_size)
