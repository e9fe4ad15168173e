"""What runs by itself, before a commit and on a forge, is what the Makefile and .ci/run run."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())


def recipe(target):
    """Return the commands of a target that run a program of the environment."""
    [lines] = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    return re.findall(r"^\t\$\(BIN\)/(.+)$", lines, re.MULTILINE)


def test_hooks_run_what_make_lint_and_types_run():
    wanted = {
        " ".join(w for w in c.split() if w not in (".", "--check")) for c in recipe("lint") + recipe("types")
    }
    entries = [hook["entry"] for repo in HOOKS["repos"] for hook in repo["hooks"]]
    assert {e.removeprefix(".venv/bin/").removesuffix(" --force-exclude") for e in entries} == wanted


def test_hooks_download_nothing():
    assert [repo["repo"] for repo in HOOKS["repos"]] == ["local"]
    assert {hook["language"] for repo in HOOKS["repos"] for hook in repo["hooks"]} == {"system"}


def test_the_forge_runs_what_the_local_run_does():
    lines = re.findall(r"^ *(?:yielding )?make (.+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    here = {
        target
        for line in lines
        for target in re.findall(r"(?:^| )([a-z-]+)(?= |$)", re.split(r" [A-Z]+=| >| &&", line)[0])
    } - {"test-openstack"}
    steps = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
    there = {m[1] for step in steps if (m := re.match(r"make ([a-z-]+)", step.get("run", "")))}
    besides = {"coverage-report", "test-postgres-thorough"}
    assert there - besides == here, "the forge, whose jobs run side by side, has time for more"


def test_every_python_of_the_matrix_may_be_installed():
    [minimum] = re.findall(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    matrix = WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert matrix[0] == minimum
    assert len(matrix) >= 3
