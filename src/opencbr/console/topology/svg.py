"""A diagram as SVG: classes for the stylesheet, no style of its own, no script; escaped by the XML writer alone.

Font sizes and places are attributes: what fits is reckoned with them. Colours are the stylesheet's.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, tostring

from opencbr.console.topology.diagram import Diagram, Line
from opencbr.console.topology.labels import BOLD, fitted
from opencbr.console.topology.layout import CAPTION, LINE, NAME, PADDING, Layout, Place, lay_out

_SIZES = {"caption": 12.0, "name": 14.0, "line": 12.5}
_BASELINE = 4.0
"""From the lower end of a text's line up to its letters' foot."""


def svg_of(diagram: Diagram, prefix: str = "topology") -> str:
    """Write a diagram as one `svg` element; `prefix` begins the ids of its title and description."""
    layout = lay_out(diagram)
    width, height = _number(layout.width), _number(layout.height)
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    root.attrib |= {"class": "topology", "viewBox": f"0 0 {width} {height}", "width": width, "height": height}
    root.set("aria-labelledby", f"{prefix}-title {prefix}-description")
    SubElement(root, "title", id=f"{prefix}-title").text = diagram.title
    SubElement(root, "desc", id=f"{prefix}-description").text = diagram.description
    for line in diagram.lines:
        _draw_line(root, line, layout)
    for place in layout.places.values():
        _draw_box(root, place)
    return tostring(root, encoding="unicode")


def _draw_box(root: Element, place: Place) -> None:
    box = place.box
    classes = f"box {box.kind}" + (" faded" if box.faded else "")
    group = SubElement(root, "g", {"class": classes, "data-key": box.key})
    SubElement(group, "title").text = "\n".join([f"{box.caption}: {box.name}", *box.lines])
    sides = {"width": place.width, "height": place.height, "x": place.x, "y": place.y, "rx": 6.0}
    SubElement(group, "rect", {name: _number(value) for name, value in sides.items()})
    bottom = place.y + PADDING
    for kind, text, height in _texts(place):
        bottom += height
        label = SubElement(group, "text", {"class": kind, "font-size": _number(_SIZES[kind])})
        label.attrib |= {"x": _number(place.x + PADDING), "y": _number(bottom - _BASELINE)}
        letters = _SIZES[kind] * (BOLD if kind == "name" else 1)
        label.text = fitted(text, place.width - 2 * PADDING, letters)


def _texts(place: Place) -> Iterator[tuple[str, str, float]]:
    yield "caption", place.box.caption, CAPTION
    yield "name", place.box.name, NAME
    for line in place.box.lines:
        yield "line", line, LINE


def _draw_line(root: Element, line: Line, layout: Layout) -> None:
    """Draw a curve from the right side of one box to the left side of another; nothing when one of them is not drawn."""
    left, right = layout.places.get(line.left), layout.places.get(line.right)
    if left is None or right is None:
        return
    x1, y1, x2, y2 = left.x + left.width, left.middle, right.x, right.middle
    half = (x1 + x2) / 2
    points = [(x1, y1), (half, y1), (half, y2), (x2, y2)]
    start, *curve = (f"{_number(x)} {_number(y)}" for x, y in points)
    SubElement(root, "path", {"class": f"line-to {line.kind}".strip(), "d": f"M{start} C{', '.join(curve)}"})


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
