"""What an installation generates for itself: once, for its owner's eyes, on ports that are free."""

import socket
import stat

import pytest

from exchange.embedded import state


def test_state_is_generated_once(tmp_path):
    first = state.load(tmp_path / "var")
    assert state.load(tmp_path / "var") == first
    assert first.postgres_password != first.valkey_password
    assert len(first.secret_key) >= 50


def test_two_installations_share_nothing(tmp_path):
    one, other = state.load(tmp_path / "one"), state.load(tmp_path / "other")
    assert one.secret_key != other.secret_key
    assert one.secret_keys != other.secret_keys
    assert one.postgres_password != other.postgres_password


def test_only_the_owner_reads_the_state(tmp_path):
    state.load(tmp_path)
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600


def test_ports_stay_while_they_are_free(tmp_path):
    first = state.load(tmp_path)
    assert state.load_with_free_ports(tmp_path) == first


def test_a_taken_port_is_replaced_and_the_rest_kept(tmp_path):
    first = state.load(tmp_path)
    with socket.socket() as squatter:
        squatter.bind((state.LOOPBACK, first.postgres_port))
        moved = state.load_with_free_ports(tmp_path)
    assert moved.postgres_port != first.postgres_port
    assert (moved.postgres_password, moved.secret_keys) == (first.postgres_password, first.secret_keys)
    assert state.load(tmp_path) == moved


def test_an_installation_has_one_supervisor(tmp_path):
    second = state.sole_user(tmp_path)
    with state.sole_user(tmp_path), pytest.raises(state.InUse, match="Another exchange runs"), second:
        pass
    with state.sole_user(tmp_path):
        pass
