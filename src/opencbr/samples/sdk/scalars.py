"""Scalar values in the SDKs whose languages have types: Java, Go and .NET."""

from collections.abc import Callable

from opencbr.samples.call import NotAvailable
from opencbr.samples.sdk.arguments import Leaf


def written(leaf: Leaf, quoted: Callable[[str], str], fraction: str = "") -> str:
    """Write a value; `quoted` writes texts, `fraction` is what the language has after a fraction of 32 bits.

    Raises NotAvailable for an integer that needs more than 32 bits.
    """
    match leaf.value:
        case bool(truth):
            return str(truth).lower()
        case str(text):
            return quoted(text)
        case number if leaf.kind.name == "number":
            return f"{number}{fraction}"
        case number if -(2**31) <= number < 2**31:
            return str(number)
    raise NotAvailable(f"The SDK's integers have 32 bits: {leaf.value} does not fit.")
