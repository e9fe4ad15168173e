"""A token that ends early, under many calls at once: each is asked once more, none is taken for a refusal."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from .clouds import CloudEnv

TRIES = 20


def test_calls_refused_together_share_one_new_token(env: CloudEnv, monkeypatch) -> None:
    reader = env.cloud.reader()
    reader.newest("compute")
    paths = ["/flavors/1", "/os-keypairs", "/servers"]
    faults = [
        env.demo.faults.inject(service="compute", path=f"{path}$", status=401, delay_seconds=0.2)
        for path in paths
    ]
    together = Barrier(len(paths))

    def ask(path: str) -> int:
        together.wait()
        return reader.ask("compute", path).status

    with ThreadPoolExecutor(len(paths)) as pool:
        assert list(pool.map(ask, paths)) == [200] * len(paths)
    assert [fault.hits for fault in faults] == [1, 1, 1]


def test_a_token_that_another_call_has_fetched_in_the_second_of_the_revocation_is_not_taken(
    env: CloudEnv, monkeypatch
) -> None:
    """The first call waits for the next second; meanwhile a second one is refused too and signs in, too early."""
    access = env.cloud._scopes.home.access
    for _ in range(TRIES):
        fetched = []

        def another(seconds: float, fetched=fetched) -> None:
            fetched.append(access())
            env.demo.faults.inject(service="compute", path="/os-keypairs$", status=401)
            env.cloud.reader().ask("compute", "/os-keypairs")
            fetched.append(access())

        monkeypatch.setattr(env.clock, "sleep", another)
        env.demo.faults.inject(service="compute", path="/flavors/1$", status=401, times=2)
        assert env.cloud.reader().ask("compute", "/flavors/1").status == 200
        refused, early = fetched
        assert early is not refused
        if early.issued.replace(microsecond=0) == refused.issued.replace(microsecond=0):
            assert access() is not early
            return
    raise AssertionError("the two were never of the same second")
