"""Modules of tests with one name in two folders are told apart by their packages."""

from pathlib import Path

TESTS = Path(__file__).parents[1]
NO_PACKAGE = {TESTS / "openstack"}
"""A package of this name in front of the path would hide openstacksdk's."""


def test_every_folder_with_tests_is_a_package() -> None:
    folders = {module.parent for module in TESTS.rglob("test_*.py")} - NO_PACKAGE
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
    assert folders
