"""What mkdocs calls while it builds the site: adds the pages made of the code (pages.py),
points links at pages, and sets formulas as MathML, which browsers draw without a script."""

from __future__ import annotations

import posixpath
import re
from html import unescape
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files
from pages import MOVED, ROOT, pages

MATHS = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s:]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """Put the pages that are made into the navigation, below the ones that list them."""
    for section in config.nav:
        for title, index in section.items():
            if isinstance(index, str):
                folder = index.removesuffix("index.md")
                below = [name for name in pages() if name.startswith(folder) and name != index]
                section[title] = [index, *below]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add every page that is made."""
    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Point links at pages of the site; what is in the repository alone is named, not linked. A
    link to nothing stays, and fails the build."""
    source = page.file.src_uri
    origin = {target: name for name, target in MOVED.items()}.get(source, f"docs/{source}")
    folder = posixpath.dirname(origin)

    def pointed(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        path = posixpath.normpath(posixpath.join(folder, target))
        page_path = MOVED.get(path, path.removeprefix("docs/"))
        if files.get_file_from_path(page_path):
            link = posixpath.relpath(page_path, posixpath.dirname(source) or ".")
            return f"[{text}]({link}{anchor})"
        return text if (ROOT / path).exists() else match[0]

    return LINK.sub(pointed, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Set the formulas of a page."""

    def formula(match: re.Match[str]) -> str:
        display = {"span": "inline", "div": "block"}[match[1]]
        return convert(unescape(match[2]).strip(), display=display)

    return MATHS.sub(formula, html)
