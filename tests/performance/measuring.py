"""The measured process: `python -m tests.performance.measuring REQUEST` prints one line of JSON."""

import gc
import importlib
import json
import sys

from exchange import compiled


def main() -> None:
    request = json.loads(sys.argv[1])
    compiled.use_if_asked()
    from tests.performance import calibrate

    module, _, function = request["function"].partition(":")
    before = calibrate.factor() if request["calibrated"] else 1.0
    gc.disable()
    result = getattr(importlib.import_module(f"tests.performance.{module}"), function)(**request["arguments"])
    after = calibrate.factor() if request["calibrated"] else 1.0
    print(json.dumps({"factor": (before + after) / 2, **result}))


if __name__ == "__main__":
    main()
