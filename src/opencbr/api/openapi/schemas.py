"""The schemas of all types that the routes name, and of what those hold."""

from typing import Any

import msgspec
from msgspec import Struct

from opencbr.api.route import Route
from opencbr.api.schema import ErrorBody

_REFERENCE = "#/components/schemas/{name}"


class Schemas:
    """The document's schemas: `components` by name."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        """Make them; raises ValueError where two types have one name."""
        queries = {kind for route in routes if (kind := route.types.query)}
        bodies = {kind: None for route in routes for kind in (route.types.body, route.types.answer) if kind}
        types: list[type[Struct]] = [*bodies, ErrorBody, *queries]
        references, self.components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
        # msgspec puts the module in front of a name that two types have; a public name must not come from a module's.
        if alike := sorted(name for name in self.components if "." in name):
            raise ValueError(f"two types have one name, rename one: {', '.join(alike)}")
        self._references: dict[type[Struct], dict[str, Any]] = dict(zip(types, references, strict=True))
        # A query type describes parameters, not a body: as a schema of its own it would be noise.
        self._queries: dict[type[Struct], dict[str, Any]] = {
            kind: self.components.pop(kind.__name__) for kind in queries
        }

    def reference(self, kind: type[Struct]) -> dict[str, Any]:
        """Return the `$ref` of a body's type."""
        return self._references[kind]

    def query(self, kind: type[Struct]) -> dict[str, Any]:
        """Return the whole schema of a query's type."""
        return self._queries[kind]
