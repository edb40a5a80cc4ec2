"""Sample of real schemas: each gets a valid value, or is refused if unsatisfiable."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from gemulator.generate.json_schema import Unsatisfiable, normalise, value_for

SHARED = Path(os.environ.get("GEMULATOR_SHARED", Path(__file__).parents[2].parent / "shared"))
CORPUS = SHARED / "corpora" / "schemas-open.jsonl.gz"
PER_SOURCE = 6
# Adversarial: for some of them, no value is known.
LEFT_OUT = {"maskbench-handwritten"}


def sample() -> list[dict[str, Any]]:
    taken: Counter[str] = Counter()
    kept = []
    with gzip.open(CORPUS, "rt", encoding="utf-8", errors="surrogatepass") as lines:
        for record in sorted(map(json.loads, lines), key=lambda record: str(record["sha"])):
            if record["broken"] or record["source"] in LEFT_OUT or taken[record["source"]] >= PER_SOURCE:
                continue
            taken[record["source"]] += 1
            kept.append(record)
    return kept


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.exists(), reason="schema corpus not found (set GEMULATOR_SHARED)")
def test_real_schema_gets_a_valid_value() -> None:
    wrong = []
    for record in sample():
        schema = normalise(record["schema"]) if record["dialect"] == "gemini" else record["schema"]
        cls = validator_for(schema, default=Draft202012Validator)
        try:
            value = value_for(record["schema"])
        except Unsatisfiable as refusal:
            if record["sat"]:
                wrong.append(f"{record['source']} {record['sha']}: {refusal}")
            continue
        wrong += [
            f"{record['source']} {record['sha']}: {error.message[:100]}"
            for error in cls(schema, format_checker=cls.FORMAT_CHECKER).iter_errors(value)
        ]
    assert wrong == []
