"""What `opencbr demo` occupies once its backup is made and nobody asks for anything."""

import tempfile
import time
from pathlib import Path

from bench.demo import running


def main() -> list[str]:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "state") as (demo, _):
        time.sleep(3)  # at rest: nothing is under way any more
        rows = [process(pid) for pid in tree(demo.pid)]
    total = sum(pss for _, pss in rows)
    return [
        f"{total:.0f} MiB in {len(rows)} processes (proportional set size)",
        *(f"{pss:7.0f} MiB  {name}" for name, pss in rows),
    ]


def tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in tree(int(child)))]


def process(pid: int) -> tuple[str, float]:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().split()
    pss = next(
        line for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:")
    )
    return " ".join(word for word in words[1:] if not word.startswith("/"))[:60], int(pss.split()[1]) / 1024


if __name__ == "__main__":
    print("\n".join(main()))
