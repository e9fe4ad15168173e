"""Freshness in words: ages that a person reads at a glance, and what is to be said of them."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def age_in_words(seconds: int) -> str:
    """Say an age in its largest fitting unit, rounded down: `90 minutes`, `36 hours`, `2 days`."""
    if seconds < _MINUTE:
        return "less than a minute"
    if seconds < 2 * _HOUR:
        return _count(seconds // _MINUTE, "minute")
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR} hours"
    return f"{seconds // _DAY} days"


def ago_in_words(seconds: int) -> str:
    """Say how long ago something was."""
    return f"{age_in_words(seconds)} ago"


def complete_in_words(unprotected_seconds: int, *, has_complete: bool) -> str:
    """Say how old the newest complete backup is, or since when there is none."""
    ago = ago_in_words(unprotected_seconds)
    return ago if has_complete else f"none since it was bound {ago}"


def finished_in_words(verdict: str | None, seconds: int) -> str:
    """Say of a finished backup that is newer than the newest complete one why it does not count."""
    return f"the newest is {verdict or 'without a verdict'}, {ago_in_words(seconds)}"


def runs_in_words(missed: int, late: int) -> str:
    """Say how many runs were missed and late; nothing where none was."""
    told = [f"{number} {word}" for number, word in ((missed, "missed"), (late, "late")) if number]
    return ", ".join(told)


def summary_in_words(
    *, resources: int, without_backup: int, last_run_failed: int, oldest_unprotected_seconds: int | None
) -> list[str]:
    """Say the numbers of a vault or a project as sentences, what is wrong after what is."""
    if oldest_unprotected_seconds is None:
        return ["nothing is bound"]
    bound = f"{_count(resources, 'resource')} bound"
    told = [f"{bound}, the oldest unprotected age is {age_in_words(oldest_unprotected_seconds)}"]
    if without_backup:
        told.append(f"{without_backup} without a backup")
    if last_run_failed:
        told.append(f"the last run of {last_run_failed} failed")
    return told


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
