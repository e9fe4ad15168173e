"""The progress of the backup: a moving bar in a terminal, a line a step elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from opencbr.cli.demo import story
from opencbr.cli.demo.story import Progress


@contextmanager
def progress(console: Console) -> Iterator[Callable[[Progress], None]]:
    """Show what the block tells."""
    if not console.is_terminal:
        seen: set[str] = set()

        def line(now: Progress) -> None:
            if now.words not in seen:
                seen.add(now.words)
                console.print(f"  {now.percent:3d} %  {now.words}", markup=False)

        yield line
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("backup of " + story.SERVER),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("", total=100, words="")
        yield lambda now: bar.update(task, completed=now.percent, words=now.words)
