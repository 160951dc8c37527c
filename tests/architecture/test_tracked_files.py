"""What is in the repository must make sense on any machine."""

import re
import subprocess
from pathlib import Path

from tests.architecture.sources import ROOT

TEXT = {".py", ".md", ".toml", ".txt", ".html", ".css", ".js", ".svg", ".json", ".yml", ".cfg", ""}
MACHINE_PATHS = re.compile(r"(?<![\w.$])/(?:home|root|Users|work)/\w|\.pyenv/|/site-packages/")
RELATIVE_DATA = re.compile(r"\.\./(?:shared|data)\b")


def tracked_texts():
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if path.suffix in TEXT and path.is_file() and path != Path(__file__):
            yield name, path.read_text(errors="replace")


def test_no_file_names_a_path_of_one_machine():
    assert [(name, found[0]) for name, text in tracked_texts() if (found := MACHINE_PATHS.search(text))] == []


def test_only_the_continuous_integration_script_knows_where_recorded_markets_may_lie():
    assert [name for name, text in tracked_texts() if RELATIVE_DATA.search(text)] == [".ci/run"]


def test_no_secret_or_generated_file_is_tracked():
    generated = re.compile(r"(^|/)(var|build|\.venv|__pycache__)/|\.(so|pyc)$|(^|/)state\.json$")
    assert [name for name, _ in tracked_texts() if generated.search(name)] == []
