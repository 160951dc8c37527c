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
    before = calibrate.factor() if request["calibrated"] else 0.0
    gc.disable()
    result = getattr(importlib.import_module(f"tests.performance.{module}"), function)(**request["arguments"])
    if request["calibrated"]:
        result = {"factor": (before + calibrate.factor()) / 2, **result}  # its own, if it measured one alongside
    else:
        result = {key: value for key, value in result.items() if not key.endswith("_calibrated")} | {"factor": 1.0}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
