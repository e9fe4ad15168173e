"""What counts as a tag of a server or a volume."""

import pytest

from opencbr.cloud.resource_tags import tags_of


@pytest.mark.parametrize(
    ("body", "tags"),
    [
        ({}, set()),
        ({"metadata": {}, "tags": []}, set()),
        ({"metadata": {"a": "1", "b": ""}}, {("a", "1"), ("b", "")}),
        (
            {"tags": ["a=1", "nightly", "x=y=z", "=odd"]},
            {("a", "1"), ("nightly", ""), ("x", "y=z"), ("", "odd")},
        ),
        ({"metadata": {"a": "1"}, "tags": ["a=2"]}, {("a", "1"), ("a", "2")}),
        ({"metadata": None, "tags": None}, set()),
        ({"metadata": ["a"], "tags": "nightly"}, set()),
        (
            {"metadata": {"a": 1, "b": {"c": "d"}, "e": "f"}, "tags": [1, None, ["x"], "g"]},
            {("e", "f"), ("g", "")},
        ),
    ],
)
def test_tags_of_a_body(body, tags):
    assert tags_of(body) == tags
