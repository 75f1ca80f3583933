"""The options of data on which records were published stay what they are, to the character: a new
one, even with a default, would change the spec of every record, and with it the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark import registry
from benchmark.names import labels
from benchmark.records import load_records
from benchmark.spec import RunSpec, canonical_json

PUBLISHED = Path(__file__).parents[2] / "results" / "published"

OPTIONS = {
    "digits": "{}",
    "circle": '{"noise":0.1}',
    "one-moon": '{"noise":0.1}',
    "latent-8": '{"law":"normal","noise":0.0}',
    "latent-16": '{"law":"normal","noise":0.0}',
    "sprites": '{"count":10000,"size":64}',
    "dsprites": '{"count":10000,"size":64}',
    "mnist": "{}",
    "mnist-limited": '{"train":1000}',
}
"""What the spec of a run on each dataset says where no option is given."""


@pytest.mark.parametrize("name", OPTIONS)
def test_specs_say_the_same_options(name: str) -> None:
    assert canonical_json(dict(registry.choose("datasets", name).options)) == OPTIONS[name]


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="records lie in the repository alone")
@pytest.mark.parametrize("folder", ["headline", "seeds"])
def test_published_records_keep_their_keys(folder: str) -> None:
    """What one would type for the data of a published run gives its key today."""
    records = [record for record in load_records(PUBLISHED / folder) if record.spec["seed"] == 0]
    assert len(records) > 10
    for record in records:
        options = registry.choose("datasets", labels(record.spec)[1]).options
        assert RunSpec(**{**record.spec, "options": dict(options)}).key == record.key
        changed = {**options, "planted": 0}
        assert RunSpec(**{**record.spec, "options": changed}).key != record.key
