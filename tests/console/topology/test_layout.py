"""Whatever the sizes: no two boxes overlap, unless one lies in the other; all lie within the drawing."""

from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from opencbr.console.topology.diagram import Box, Column, Diagram, Line
from opencbr.console.topology.labels import ELLIPSIS, fitted, width
from opencbr.console.topology.layout import Layout, Place, lay_out
from opencbr.console.topology.outline import outline_of
from opencbr.console.topology.svg import svg_of


def box(key: str, lines: int, *inside: Box) -> Box:
    return Box(key=key, kind="port", caption="Port", name=key, lines=("line",) * lines, inside=inside)


@st.composite
def diagrams(draw: st.DrawFn) -> Diagram:
    columns = []
    for number in range(draw(st.integers(0, 6))):
        boxes = []
        for row in range(draw(st.integers(0, 12))):
            key = f"{number}.{row}"
            inner = [box(f"{key}.{n}", draw(st.integers(0, 6))) for n in range(draw(st.integers(0, 3)))]
            boxes.append(box(key, draw(st.integers(0, 6)), *inner))
        columns.append(Column(str(number), tuple(boxes)))
    keys = [[one.key for top in column.boxes for one in top.all()] for column in columns]
    joints = [(left, right) for one, next_ in pairwise(keys) for left in one for right in next_]
    chosen = draw(st.lists(st.sampled_from(joints), max_size=20)) if joints else []
    lines = tuple(Line(left, right) for left, right in [*chosen, ("nothing", "0.0")])
    return Diagram(title="t", description="d", columns=tuple(columns), lines=lines)


def overlapping(one: Place, other: Place) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height


def check(layout: Layout) -> None:
    """Fail where boxes cover each other, stand out of the drawing or of the box that they lie in."""
    tolerance = 0.001
    for one in layout.places.values():
        assert min(one.x, one.y) >= 0
        assert one.x + one.width <= layout.width
        assert one.y + one.height <= layout.height + tolerance
        if one.parent is not None:
            around = layout.places[one.parent]
            assert around.x < one.x
            assert one.x + one.width < around.x + around.width
            assert around.y < one.y
            assert one.y + one.height < around.y + around.height
    for one, other in combinations(layout.places.values(), 2):
        if one.parent == other.parent:
            assert not overlapping(one, other), (one, other)


@given(diagrams())
def test_no_boxes_overlap_and_none_is_left_out(diagram: Diagram):
    layout = lay_out(diagram)
    check(layout)
    assert list(layout.places) == list(dict.fromkeys(layout.places))
    assert set(layout.places) == {one.key for one in diagram.boxes()}


@given(diagrams())
@settings(max_examples=20)
def test_the_same_diagram_gives_the_same_drawing(diagram: Diagram):
    assert svg_of(diagram) == svg_of(diagram)


@given(diagrams())
def test_the_list_tells_every_box_and_every_line_between_boxes(diagram: Diagram):
    told = str(outline_of(diagram))
    keys = {one.key for one in diagram.boxes()}
    for key in keys:
        assert f"'Port: {key}'" in told
    assert ("connected to" in told) == any({line.left, line.right} <= keys for line in diagram.lines)


def test_what_is_joined_lies_at_one_height():
    columns = (
        Column("a", tuple(box(f"a{n}", n) for n in range(6))),
        Column("b", (box("b", 1),)),
    )
    layout = lay_out(Diagram(title="", description="", columns=columns, lines=(Line("a4", "b"),)))
    assert abs(layout.places["a4"].middle - layout.places["b"].middle) < 1


@given(st.text(max_size=400), st.floats(40, 300), st.sampled_from([12.0, 14.0]))
def test_a_cut_text_fits_and_says_that_it_was_cut(text: str, room: float, size: float):
    shown = fitted(text, room, size)
    assert width(shown, size) <= room
    assert "\n" not in shown
    assert shown == " ".join(text.split()) or shown.endswith(ELLIPSIS)


def test_a_short_text_stays():
    assert fitted("db1-front", 170, 14) == "db1-front"


def test_full_names_are_in_the_titles():
    long = "n" * 300
    diagram = Diagram(title="t", description="d", columns=(Column("c", (box(long, 1),)),))
    root = ET.fromstring(svg_of(diagram).replace(' xmlns="http://www.w3.org/2000/svg"', ""))
    assert root.findtext("g/title") == f"Port: {long}\nline"
    assert root.find("g/text[@class='name']").text.endswith(ELLIPSIS)
