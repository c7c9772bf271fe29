"""Checks that files have rows with equal problems and errors: rows.py A B."""

import json
import sys
from pathlib import Path

first, second = (json.loads(Path(path).read_text()) for path in sys.argv[1:])
assert len(first) == len(second) == 1
for key in ("workload", "tiles", "pairs", "bytes", "error", "lse_error"):
    assert first[0][key] == second[0][key], key
assert second[0]["floor_ms"] is None
