"""Small faults for a file, cosmic-ray's: another operator, a number one off, a condition turned round, a loop never run."""

import ast
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Place = tuple[int, int]
"""Line, from 1, and column, from 0."""


@dataclass(frozen=True)
class Mutant:
    """One fault: the file below src/, where, and the file's whole text with it."""

    path: str
    line: int
    fault: str
    text: str


def sample(src: Path, paths: list[str], count: int, seed: int) -> list[Mutant]:
    """Draw places, each at most once, and one of the faults that are possible at each.

    The same seed draws the same mutants from the same text.
    """
    places = [
        (path, found) for path in paths for found in _places((src / path).read_bytes().decode()).values()
    ]
    drawn = random.Random(seed)
    drawn.shuffle(places)
    mutants = (_mutant(src, path, drawn.choice(found)) for path, found in places)
    return list(itertools.islice((mutant for mutant in mutants if mutant), count))


Fault = tuple[str, int, int]
"""An operator's name, which of its places in the file, and the line."""


def _places(source: str) -> dict[tuple[Place, Place], list[Fault]]:
    """Give each place of a file where a fault can be with the faults that can be there."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    idle, found = list(_idle(ast.parse(source))), defaultdict(list)
    nodes = list(ast_nodes(get_ast(source)))
    for name in sorted(operator_names()):
        if get_operator(name).arguments():
            continue  # these replace a variable that has to be named
        operator = get_operator(name)()
        positions = (position for node in nodes for position in operator.mutation_positions(node))
        for number, (begin, end) in enumerate(positions):
            if not any(first <= begin < last for first, last in idle):
                found[begin, end].append((name, number, begin[0]))
    return dict(sorted(found.items()))


def _idle(tree: ast.AST) -> Iterator[tuple[Place, Place]]:
    """Places where a fault is nobody's to see: annotations, and what makes a class frozen, slotted or keyword-only.

    Nothing runs the first; the type checker holds the second.
    """
    for node in ast.walk(tree):
        parts = [getattr(node, name, None) for name in ("annotation", "returns")]
        if isinstance(node, ast.ClassDef):
            parts += [keyword.value for keyword in node.keywords]
            for decorator in node.decorator_list:
                yield (decorator.lineno, 0), (decorator.end_lineno, decorator.end_col_offset)  # with its @
        for part in filter(None, parts):
            yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def _mutant(src: Path, path: str, fault: Fault) -> Mutant | None:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    name, number, line = fault
    source = (src / path).read_bytes().decode()
    text = mutate_code(source, get_operator(name)(), number)
    if text is None or text == source:
        return None
    return Mutant(path, line, _difference(source, text), text)


def _difference(before: str, after: str) -> str:
    lines = itertools.zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
    old, new = next((old, new) for old, new in lines if old != new)
    return f"{old.strip()}  ->  {new.strip()}"
