"""A diagram as a nested list, for screen readers and narrow screens: every box, every line, nothing cut."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from opencbr.console.topology.diagram import Box, Diagram


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the list and those below it."""

    text: str
    below: tuple["Item", ...] = ()


def outline_of(diagram: Diagram) -> tuple[Item, ...]:
    """Tell a diagram column by column, in the diagram's order."""
    named = {box.key: f"{box.caption}: {box.name}" for box in diagram.boxes()}
    joined: dict[str, list[str]] = {}
    for line in diagram.lines:
        if line.left in named and line.right in named:
            joined.setdefault(line.left, []).append(named[line.right])
            joined.setdefault(line.right, []).append(named[line.left])
    return tuple(
        Item(column.title, tuple(_items(column.boxes, joined))) for column in diagram.columns if column.boxes
    )


def _items(boxes: Iterable[Box], joined: dict[str, list[str]]) -> Iterator[Item]:
    for box in boxes:
        told = [Item(line) for line in box.lines]
        if connections := joined.get(box.key):
            told.append(Item(f"connected to {'; '.join(connections)}"))
        yield Item(f"{box.caption}: {box.name}", (*told, *_items(box.inside, joined)))
