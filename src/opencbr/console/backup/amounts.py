"""Amounts in words."""

_MOST = 6
_PLURALS = {
    "QoS policy": "QoS policies",
    "QoS specs": "QoS specs",
    "export record of a disk": "export records of disks",
    "image of the root disk": "images of the root disk",
}


def counted(amount: int, word: str) -> str:
    """Say how many: `1 port`, `2 ports`."""
    return f"{amount} {word if amount == 1 else _PLURALS.get(word, word + 's')}"


def few(lines: tuple[str, ...], most: int = _MOST) -> tuple[str, ...]:
    """Keep the first lines and say how many were left out; the tables of the page have them all."""
    if len(lines) <= most:
        return lines
    return (*lines[: most - 1], f"and {len(lines) - most + 1} more")
