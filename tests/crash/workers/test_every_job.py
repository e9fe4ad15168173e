"""Every job of the workers is killed in this folder, on its good way and after a failure."""

from opencbr.jobs.registry import JOB_TYPES

from . import (
    test_backups,
    test_checkpoints,
    test_deletions,
    test_drills,
    test_new_servers,
    test_new_volumes,
    test_restores,
)
from .deaths import KILLED

WITH_DEATHS = (
    test_backups,
    test_checkpoints,
    test_deletions,
    test_drills,
    test_new_servers,
    test_new_volumes,
    test_restores,
)
"""What fills KILLED when it is imported."""


def test_no_job_of_the_workers_is_forgotten_here() -> None:
    wanted = {(kind, failing) for kind in JOB_TYPES for failing in (False, True)}
    missing = [
        f'@in_each({kind}, failing="<a step>")' if failing else f"@in_each({kind})"
        for kind, failing in sorted(wanted - KILLED)
    ]
    assert not missing, f"no test in this folder has {' nor '.join(missing)} (docs/howto/add-a-job.md)"
