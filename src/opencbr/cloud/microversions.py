"""Microversions: a service's newest one against the one from which on it does something."""


def at_least(newest: str, wanted: str) -> bool:
    """Say whether the newest microversion ("" where there is none) is `wanted` or a later one."""
    return tuple(map(int, newest.split("."))) >= tuple(map(int, wanted.split("."))) if newest else False
