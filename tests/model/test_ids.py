"""Request ids: each once, whoever asks, in the form of a UUID."""

import uuid
from concurrent.futures import ThreadPoolExecutor

from opencbr.model.ids import RequestIds


def test_threads_and_sources_never_share_an_id():
    sources = [RequestIds(), RequestIds()]
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda number: sources[number % 2].next(), range(4_000)))
    assert len(set(given)) == len(given)


def test_an_id_reads_as_a_random_uuid():
    front, _, text = RequestIds().next().partition("-")
    assert (front, str(uuid.UUID(text)), uuid.UUID(text).version) == ("req", text, 4)
