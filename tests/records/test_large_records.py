"""A record with a body of megabytes (a security group of many thousand rules) is closed without long work."""

import json

import zstandard

from opencbr.model import secrets
from opencbr.records import build
from opencbr.records.compression import load_dictionary
from records.protected import documents, protect, server_reading
from records.templates import server_templates


def test_only_texts_of_the_usual_size_are_compressed_with_the_thorough_search(monkeypatch):
    """It takes seconds for each megabyte."""
    strategies = []
    made = zstandard.ZstdCompressor

    def compressor(**given):
        strategies.append(given["compression_params"].strategy)
        return made(**given)

    monkeypatch.setattr(zstandard, "ZstdCompressor", compressor)
    dictionary = load_dictionary()
    rules = json.dumps([{"id": n, "remote_ip_prefix": f"10.0.{n % 256}.0/24"} for n in range(20_000)])
    for texts in ([b'{"server":{}}', rules[:1000].encode()], [b'{"server":{}}', rules.encode()]):
        assert dictionary.decompress(dictionary.compress(texts)) == texts
    assert strategies[0] == zstandard.STRATEGY_BTULTRA2
    assert strategies[1] < zstandard.STRATEGY_BTLAZY2


def test_what_reads_the_same_the_second_time_is_masked_once(database, records, monkeypatch):
    masked = []

    def mask(name, *rest):
        masked.append(name)
        return secrets.mask(name, *rest)

    monkeypatch.setattr(build, "mask", mask)
    templates = server_templates()
    after = server_reading(documents=documents(templates | {"flavor": '{"flavor":{}}'}))
    _, _, closed = protect(database, records, server_reading(), after=after)
    assert closed.verdict == "drifted"
    assert sorted(masked) == sorted([*(one.name for one in after.documents), "flavor"])
