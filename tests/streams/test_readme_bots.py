"""The bots in the README run as they stand there."""

import re
import subprocess
import sys

import pytest

from tests.whole_exchange import ROOT

pytestmark = pytest.mark.process
BOTS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def test_there_are_two():
    assert len(BOTS) == 2


@pytest.mark.parametrize(("bot", "said"), [(BOTS[0], "'status': 'filled'"), (BOTS[1], "'quantity': '0.01'")])
def test_a_bot_trades(exchange, tmp_path, bot, said):
    (tmp_path / "var").symlink_to(exchange.folder)
    done = subprocess.run([sys.executable, "-c", bot], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout
