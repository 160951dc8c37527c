"""The supervisor with real processes: restarts, order of stopping, and nobody left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from exchange.embedded import supervisor as supervisor_module
from exchange.embedded.program import Program
from exchange.embedded.supervisor import Supervisor

WAIT_S = 20


class Recorder:
    """A supervisor and the lines it wrote."""

    def __init__(self):
        self.lines = []
        self.supervisor = Supervisor(write=lambda name, line: self.lines.append((name, line)))

    def start(self, name, source, **options):
        command = (sys.executable, "-c", textwrap.dedent(source))
        self.supervisor.start(Program(name=name, command=command, **options))

    def until(self, condition):
        deadline_s = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < deadline_s, self.lines
            self.supervisor.step(timeout_s=0.05)

    def printed(self, name):
        return [line for program, line in self.lines if program == name]


@pytest.fixture
def recorder():
    recorder = Recorder()
    yield recorder
    recorder.supervisor.stop()


def is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until_gone(pids):
    deadline_s = time.monotonic() + WAIT_S
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline_s, f"still alive: {[pid for pid in pids if is_alive(pid)]}"
        time.sleep(0.05)


SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


def test_lines_carry_the_name_and_a_last_one_without_its_end_is_not_lost(recorder):
    recorder.start("a", "print('one'); print('two', end='')", once=True)
    recorder.until(recorder.supervisor.all_done)
    assert recorder.lines == [("a", "one"), ("a", "two")]


def test_much_output_at_once_is_passed_on_whole(recorder):
    recorder.start("a", "print('x' * 70 + '\\n' * 1, end=''); [print(i) for i in range(30_000)]", once=True)
    recorder.until(recorder.supervisor.all_done)
    assert recorder.printed("a")[1:] == [str(i) for i in range(30_000)]


def test_a_killed_program_starts_again(recorder):
    recorder.start("a", SLEEPER)
    recorder.until(lambda: len(recorder.printed("a")) == 1)
    os.kill(int(recorder.printed("a")[0]), signal.SIGKILL)
    recorder.until(lambda: len(recorder.printed("a")) == 3)
    first, message, second = recorder.printed("a")
    assert message == "ended with signal SIGKILL; starts again in 0.4 s"
    assert first != second


def test_a_program_that_keeps_dying_is_given_more_and_more_time(recorder, monkeypatch):
    monkeypatch.setattr(supervisor_module, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(supervisor_module, "LONGEST_DELAY_S", 0.1)
    recorder.start("a", "raise SystemExit(3)")
    recorder.until(lambda: len(recorder.lines) == 5)
    delays = [line.split()[-2] for line in recorder.printed("a")]
    assert delays == ["0.0", "0.0", "0.1", "0.1", "0.1"]
    assert "ended with exit code 3" in recorder.printed("a")[0]


def test_a_program_that_runs_once_is_tried_until_it_succeeds(recorder, tmp_path):
    flag = tmp_path / "flag"
    source = f"""
        import pathlib
        flag = pathlib.Path({str(flag)!r})
        if not flag.exists():
            flag.touch()
            raise SystemExit(1)
    """
    recorder.start("a", source, once=True)
    recorder.until(recorder.supervisor.all_done)
    assert [line.split(";")[0] for line in recorder.printed("a")] == ["ended with exit code 1"]


def test_servers_stop_after_their_clients(recorder):
    source = """
        import os, signal, sys, time
        def stop(*_):
            time.sleep(0.2)
            os.write(1, b"stopped\\n")  # the signal may come while the line before is still being printed
            sys.exit()
        signal.signal(signal.SIGTERM, stop)
        print("started", flush=True)
        time.sleep(600)
    """
    recorder.start("server", source, is_server=True)
    recorder.start("client", source)
    recorder.until(lambda: len(recorder.lines) == 2)
    recorder.supervisor.stop()
    assert recorder.lines[2:] == [("client", "stopped"), ("server", "stopped")]


def test_who_does_not_stop_is_killed_with_its_children(recorder, monkeypatch):
    monkeypatch.setattr(supervisor_module, "STOP_TIMEOUT_S", 0.5)
    source = """
        import os, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(os.getpid(), child.pid, flush=True)
        time.sleep(600)
    """
    recorder.start("stubborn", source)
    recorder.until(lambda: recorder.lines)
    pids = [int(word) for word in recorder.printed("stubborn")[0].split()]
    recorder.supervisor.stop()
    assert "is killed" in recorder.printed("stubborn")[-1]
    wait_until_gone(pids)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
def test_a_killed_supervisor_leaves_nobody(tmp_path):
    source = f"""
        import sys
        from exchange.embedded.program import Program
        from exchange.embedded.supervisor import Supervisor
        supervisor = Supervisor(write=lambda name, line: print(line, flush=True))
        for name in ("a", "b"):
            supervisor.start(Program(name=name, command=(sys.executable, "-c", {SLEEPER!r})))
        while True:
            supervisor.step()
    """
    command = [sys.executable, "-c", textwrap.dedent(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        pids = [int(supervisor.stdout.readline()) for _ in range(2)]
        assert all(is_alive(pid) for pid in pids)
        supervisor.kill()
    wait_until_gone(pids)
