"""Where the boxes go: columns beside each other, in each one the boxes below each other near what they are joined to.

The tallest column is filled from the top; from it outwards each column puts its boxes at the mean height of their
neighbours, as near as they go without overlapping. Same diagram, same places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opencbr.console.topology.diagram import Box, Column, Diagram, Line

WIDTH = 190.0
"""Width of a box that lies in no other one, in pixels, as all lengths here."""
GAP_X, GAP_Y, PADDING, MARGIN = 36.0, 14.0, 10.0, 8.0
CAPTION, NAME, LINE = 16.0, 18.0, 16.0
"""Heights of the three sorts of text lines."""


@dataclass(frozen=True, slots=True)
class Place:
    """A box and the rectangle it covers; `x`, `y` is the upper left corner."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    parent: str | None = None

    @property
    def middle(self) -> float:
        """The height at which lines end: the middle, or that of the name where other boxes lie inside."""
        return self.y + (PADDING + CAPTION + NAME / 2 if self.box.inside else self.height / 2)


@dataclass(frozen=True, slots=True)
class Layout:
    """All boxes with their places by key, in the order of drawing, and the size of the drawing."""

    places: Mapping[str, Place]
    width: float
    height: float


def lay_out(diagram: Diagram) -> Layout:
    """Give every box its place."""
    columns = [column for column in diagram.columns if column.boxes]
    heights = [_stacked(column) for column in columns]
    room = max(heights, default=0.0)
    tallest = heights.index(room) if heights else 0
    order = sorted(range(len(columns)), key=lambda number: (number > tallest, abs(number - tallest)))
    placed: dict[str, Place] = {}
    for number in order:
        boxes = columns[number].boxes
        tops = _tops(boxes, _wanted(boxes, diagram.lines, placed), room)
        for box, top in zip(boxes, tops, strict=True):
            _put(box, MARGIN + number * (WIDTH + GAP_X), MARGIN + top, placed)
    count = max(len(columns), 1)
    return Layout(placed, 2 * MARGIN + count * WIDTH + (count - 1) * GAP_X, 2 * MARGIN + room)


def height_of(box: Box) -> float:
    """Return how high a box is, with all that lies in it."""
    own = 2 * PADDING + CAPTION + NAME + LINE * len(box.lines)
    return own + sum(GAP_Y / 2 + height_of(one) for one in box.inside)


def _stacked(column: Column) -> float:
    return sum(map(height_of, column.boxes)) + GAP_Y * (len(column.boxes) - 1)


def _wanted(boxes: Sequence[Box], lines: Sequence[Line], placed: Mapping[str, Place]) -> list[float | None]:
    """Return the height at which the middle of each box would lie best, None where nothing tells."""
    joined: dict[str, list[float]] = {}
    for line in lines:
        for here, there in ((line.left, line.right), (line.right, line.left)):
            if there in placed:
                joined.setdefault(here, []).append(placed[there].middle - MARGIN)
    wanted: list[float | None] = []
    for box in boxes:
        around = [middle for one in box.all() for middle in joined.get(one.key, ())]
        wanted.append(sum(around) / len(around) if around else None)
    return wanted


def _tops(boxes: Sequence[Box], wanted: Sequence[float | None], room: float) -> list[float]:
    """Stack boxes as near to the wanted heights as they go: pushed down by those above, then up into the room."""
    heights = [height_of(box) for box in boxes]
    if not any(middle is not None for middle in wanted):
        free = (room - sum(heights) - GAP_Y * (len(boxes) - 1)) / 2
        wanted = [free + heights[0] / 2, *wanted[1:]] if heights else []
    tops: list[float] = []
    end = 0.0
    for height, middle in zip(heights, wanted, strict=True):
        tops.append(end if middle is None else max(end, middle - height / 2))
        end = tops[-1] + height + GAP_Y
    limit = room
    for number in reversed(range(len(tops))):
        tops[number] = min(tops[number], limit - heights[number])
        limit = tops[number] - GAP_Y
    return tops


def _put(box: Box, x: float, y: float, placed: dict[str, Place], parent: Place | None = None) -> None:
    width = WIDTH if parent is None else parent.width - 2 * PADDING
    place = Place(box, x, y, width, height_of(box), parent.box.key if parent else None)
    placed[box.key] = place
    inner = y + PADDING + CAPTION + NAME + LINE * len(box.lines)
    for one in box.inside:
        inner += GAP_Y / 2
        _put(one, x + PADDING, inner, placed, place)
        inner += height_of(one)
