"""A token that ends early, under many calls at once: each is asked once more, none is taken for a refusal."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from .clouds import CloudEnv


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
