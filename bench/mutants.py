"""`make mutants`: small faults are put into the code one at a time; the share that the fast suite finds is the score.

Each process works on a copy of the tree, so that the programs which a test starts are mutants too. First the fast suite
runs once, whole: it tells which tests meet which line. The quickest of these run on each mutant until one fails. A mutant
that no test meets survives; one whose tests do not end has been found.
"""

import argparse
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from bench.mutations import Mutant, sample
from bench.test_choice import Choice, copy_tree

ROOT = Path(__file__).parent.parent
PLACE = ROOT / "build" / "mutants"
ROOMS = ("model", "records", "keys", "jobs")
FAST = "not thorough and not postgres and not openstack"

MAY_FAIL = 3
"""So many tests of the survey, on a machine that is busy with something else."""

PASSED, FAILED, NOTHING_RAN = (0,), (1, 2, 3, 4), 5
"""Exit codes of pytest; a mutant that cannot be imported or breaks pytest itself is found, too."""


def run(tree: Path, *words: str, seconds: float | None = None, **environ: str) -> int | None:
    """Run a module on a tree in a session of its own; the exit code, None if it did not end in time."""
    environ = os.environ | {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"} | environ
    with (tree.with_suffix(".log")).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=tree,
            env=environ,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a mutant may lose its children
            process.wait()


def survey(tree: Path, tests: list[str], processes: int) -> Choice:
    """Run the fast suite on the untouched tree; a test that fails there by itself finds no mutant and is left out."""
    words = ("coverage", "run", "-m", "pytest", "-q", "-n", str(processes), "-m", FAST, *tests)
    if run(tree, *words, OPENCBR_TEST_CONTEXTS="build/tests.json") not in PASSED:
        log = tree.with_suffix(".log").read_text(errors="replace")
        failed = [line for line in log.splitlines() if line.startswith(("FAILED", "ERROR"))]
        if not failed or len(failed) > MAY_FAIL:
            sys.exit(f"the fast suite fails on the untouched tree: {tree.with_suffix('.log')}")
        print("left out, for they fail on the untouched tree:", *failed, sep="\n  ", flush=True)
    run(tree, "coverage", "combine", "--quiet")
    return Choice(tree)


def judge(tree: Path, mutant: Mutant, choice: Choice, seconds: float) -> str:
    """Say what became of a mutant: one word, "survived" among them."""
    tests = choice.tests(mutant.path, mutant.line, seconds)
    if not tests:
        return "survived: no test meets it"
    file = tree / "src" / mutant.path
    before = file.read_bytes()
    file.write_bytes(mutant.text.encode())
    try:
        words = ("pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *tests)
        code = run(tree, *words, seconds=10 * seconds + 60)
    finally:
        file.write_bytes(before)
    if code == NOTHING_RAN:
        sys.exit(f"no test ran for {mutant.path}:{mutant.line}: {tree.with_suffix('.log')}")
    return "survived" if code in PASSED else "found" if code in FAILED else "found: it did not end"


def main() -> None:
    """Print a line for each mutant, the survivors and the score."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=300, help="how many mutants (300)")
    parser.add_argument("--seed", type=int, default=20261127, help="which ones")
    parser.add_argument("--minutes", type=float, default=60, help="no mutant is begun after so many (60)")
    parser.add_argument("--seconds", type=float, default=20, help="of tests on one mutant (20)")
    parser.add_argument("--again", action="store_true", help="choose tests by the survey of the last run")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("tests", nargs="*", default=["tests"], help="with these tests only")
    asked = parser.parse_args()

    end = time.monotonic() + 60 * asked.minutes
    if not asked.again:
        shutil.rmtree(PLACE, ignore_errors=True)
    trees = [PLACE / f"tree{number}" for number in range(asked.processes)]
    for tree in trees:
        copy_tree(ROOT, tree)
    paths = [
        str(file.relative_to(ROOT / "src"))
        for room in ROOMS
        for file in sorted((ROOT / "src/opencbr" / room).rglob("*.py"))
    ]
    mutants = sample(ROOT / "src", paths, asked.count, asked.seed)
    choice = Choice(trees[0]) if asked.again else survey(trees[0], asked.tests, 2 * asked.processes)
    waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    for mutant in mutants:
        waiting.put(mutant)
    ends: dict[Mutant, str] = {}

    def work(tree: Path) -> None:
        with suppress(queue.Empty):
            while time.monotonic() < end:
                mutant = waiting.get_nowait()
                ends[mutant] = judge(tree, mutant, choice, asked.seconds)
                print(f"{ends[mutant]:28} {mutant.path}:{mutant.line}  {mutant.fault}", flush=True)

    workers = [threading.Thread(target=work, args=(tree,)) for tree in trees]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print("\nsurvivors:")
    for mutant in sorted(
        (one for one, what in ends.items() if what.startswith("survived")), key=lambda m: (m.path, m.line)
    ):
        print(f"  src/{mutant.path}:{mutant.line}  {mutant.fault}")
    found = sum(what.startswith("found") for what in ends.values())
    print(
        f"\nscore: {found} of {len(ends)} found, {100 * found / max(len(ends), 1):.1f} % (seed {asked.seed})"
    )
    if len(ends) < len(mutants) or not ends:
        sys.exit(f"{len(mutants) - len(ends)} mutants were not tried: the time was over")


if __name__ == "__main__":
    main()
