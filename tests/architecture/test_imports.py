"""Who may import whom: the contracts in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import ROOT


def test_every_import_contract_is_kept():
    lint_imports = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([lint_imports, "--no-logo"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "5 kept, 0 broken" in run.stdout


def test_an_import_against_the_layers_would_be_found(tmp_path):
    (tmp_path / "upper.py").write_text("")
    (tmp_path / "lower.py").write_text("import upper\n")
    (tmp_path / ".importlinter").write_text(
        "[importlinter]\nroot_packages =\n  upper\n  lower\n"
        "[importlinter:contract:1]\nname = layers\ntype = layers\nlayers =\n  upper\n  lower\n"
    )
    lint_imports = Path(sys.executable).with_name("lint-imports")
    command = [lint_imports, "--config", ".importlinter", "--no-cache"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1, run.stdout + run.stderr
