"""What a running exchange has cost is counted of what lasts, whatever else its server does meanwhile."""

import os
import subprocess
import sys

import psycopg
import pytest

from tests.performance.costs import Costs

VISITOR = """
import os, sys, psycopg
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, replication="database"):
    print("there", flush=True)
    sys.stdin.read()
"""


@pytest.mark.process
def test_a_process_that_ends_while_costs_are_counted(postgres, valkey, installation):
    """Like a worker of autovacuum: neither a backend of the client nor of any other."""
    database_url = os.environ.get("DATABASE_URL", installation.database_url)
    valkey_url = os.environ.get("VALKEY_URL", installation.valkey_url)
    with psycopg.connect(database_url, autocommit=True) as client:
        command, env = [sys.executable, "-c", VISITOR], {**os.environ, "DATABASE_URL": database_url}
        with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as visitor:
            assert visitor.stdout.readline() == b"there\n"
            costs = Costs(pids={"own": os.getpid()}, client="own", database_url=database_url, valkey_url=valkey_url)
            visitor.stdin.close()
        with costs.spent() as spent:
            client.execute("SELECT sum(number) FROM generate_series(1, 1000000) number")
    assert spent["postgresql"] > 0.02
