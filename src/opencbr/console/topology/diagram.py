"""What is drawn: boxes in columns, and lines between boxes of neighbouring columns."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One thing. `key` is unique in the diagram, `kind` its class in the stylesheet, `faded` what is not there or not known.

    `caption` says what kind of thing it is, `name` is in large letters, `lines` tell more; boxes in it are drawn inside.
    """

    key: str
    kind: str
    caption: str
    name: str
    lines: tuple[str, ...] = ()
    faded: bool = False
    inside: tuple["Box", ...] = ()

    def all(self) -> Iterator["Box"]:
        """Yield the box and all boxes in it."""
        yield self
        for one in self.inside:
            yield from one.all()


@dataclass(frozen=True, slots=True)
class Column:
    """Boxes below each other; `title` stands above them in the list for readers."""

    title: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A connection, from a box to one further right, by their keys; `kind` is its class in the stylesheet."""

    left: str
    right: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """A drawing: `title` in a few words, `description` in a sentence, `remarks` on what is not drawn."""

    title: str
    description: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    def boxes(self) -> Iterator[Box]:
        """Yield all boxes."""
        for column in self.columns:
            for box in column.boxes:
                yield from box.all()
