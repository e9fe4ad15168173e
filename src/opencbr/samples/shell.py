"""Words of a POSIX shell."""

import shlex
from collections.abc import Iterable, Sequence

from opencbr.samples.call import NotAvailable


def quoted(text: str) -> str:
    """Quote one word: inside of single quotes nothing has a meaning.

    Raises NotAvailable for invisible characters but line feed and tab: a word cannot hold NUL, a terminal obeys control
    characters when they are pasted, and others make a line look like another.
    """
    if not all(one.isprintable() or one in "\n\t" for one in text):
        raise NotAvailable("A value has an invisible character that cannot be pasted into a shell.")
    return shlex.quote(text)


def command(*lines: Iterable[str]) -> str:
    """Put the words of one command together, a line for each group, continued by backslashes."""
    return " \\\n  ".join(" ".join(words) for words in lines) + "\n"


def script(program: str, lexer: str, packages: Sequence[str]) -> str:
    """Write what runs a program, given its Python packages; no line of a program is the word that ends it here."""
    install = (
        "python3 -m venv sample-venv && . sample-venv/bin/activate && "
        f"pip install --quiet {' '.join(packages)}\n"
    )
    run = f"python3 - <<'END'\n{program}END\n" if lexer == "python" else program
    return (install if packages else "") + run
