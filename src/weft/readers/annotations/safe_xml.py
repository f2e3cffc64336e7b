"""XML from strangers as small, bounded trees.

The standard library's expat parser, with everything refused that a data file does not
need: document types (and with them entities), more than 64 levels, more than 512 MiB.
"""

from __future__ import annotations

import xml.parsers.expat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from weft.core import UnreadableError, UnsupportedError

MAX_BYTES = 512 << 20
MAX_DEPTH = 64


@dataclass
class Element:
    """One element: its tag, attributes, text in front of its first child, and children."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def get(self, name: str, default: str | None = None) -> str:
        """An attribute's value; ``default`` (or nothing at all) where it is absent."""
        return self.attributes.get(name, default)  # type: ignore[return-value]

    def find(self, tag: str) -> Element | None:
        """The first child of that tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def findall(self, tag: str) -> list[Element]:
        """The children of that tag."""
        return [child for child in self.children if child.tag == tag]

    def iter(self, *tags: str) -> Iterator[Element]:
        """Every descendant of one of the tags, in the order of the file."""
        stack = list(reversed(self.children))
        while stack:
            element = stack.pop()
            if element.tag in tags:
                yield element
            stack.extend(reversed(element.children))


class _Tree:
    """Builds elements from the parser's events."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Element | None = None
        self.open: list[Element] = []
        self.pieces: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        if len(self.open) >= MAX_DEPTH:
            raise UnsupportedError(f"{self.name}: expected at most {MAX_DEPTH} levels of XML, found more")
        element = Element(tag, attributes)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)
        self.pieces = []

    def end(self, tag: str) -> None:
        """An element closes."""
        element = self.open.pop()
        if not element.children:
            element.text = "".join(self.pieces)
        self.pieces = []

    def characters(self, text: str) -> None:
        """Some text."""
        self.pieces.append(text)

    def refuse(self, *_: object) -> NoReturn:
        """A document type or an entity."""
        raise UnsupportedError(
            f"{self.name}: declares a document type or entities, which no annotation file needs and which "
            "can be used to attack; remove the DOCTYPE"
        )


def parse_xml(path: Path, name: str) -> Element:
    """The root element of the file at ``path``; errors call it ``name``.

    Raises
    ------
    UnreadableError
        If it is empty, not well-formed, or cut off.
    UnsupportedError
        If it declares a document type, or is too large or too deep.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UnsupportedError(f"{name}: expected at most {MAX_BYTES >> 20} MiB of XML, found {size >> 20} MiB")
    tree = _Tree(name)
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.characters
    parser.StartDoctypeDeclHandler = tree.refuse
    parser.EntityDeclHandler = tree.refuse
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except xml.parsers.expat.ExpatError as error:
        raise UnreadableError(f"{name}: expected whole, well-formed XML, found: {error}; it may be cut off") from None
    except (LookupError, ValueError, UnicodeError) as error:  # an encoding that it names but that is none
        raise UnreadableError(f"{name}: expected XML in a known encoding, found: {error}") from None
    if tree.root is None:
        raise UnreadableError(f"{name}: expected XML, found an empty file")
    return tree.root
