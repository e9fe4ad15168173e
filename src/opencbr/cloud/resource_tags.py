"""What stands for tags on OpenStack: of servers their metadata and their tags, of volumes their metadata (contract 13)."""

from typing import Any


def tags_of(body: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """Return the tags of a server or a volume, by its body, as keys with values.

    A tag of Nova's is one word: `key=value` is such a pair, a word without `=` a key with an empty value. What is shaped
    otherwise than the API promises is no tag.
    """
    metadata, words = body.get("metadata"), body.get("tags")
    found = set()
    if isinstance(metadata, dict):
        found |= {(key, value) for key, value in metadata.items() if isinstance(value, str)}
    if isinstance(words, list):
        pairs = (word.partition("=") for word in words if isinstance(word, str))
        found |= {(key, value) for key, _, value in pairs}
    return frozenset(found)
