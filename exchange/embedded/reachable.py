"""One clear sentence about an address that is taken or a server that does not answer."""

import ipaddress
import urllib.error
import urllib.request

import psycopg
import redis


class Unreachable(Exception):
    """Its text is the sentence."""


def check_database(url: str) -> None:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        raise Unreachable(f"The database of DATABASE_URL does not answer: {_first_line(error)}") from None


def check_valkey(url: str) -> None:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise Unreachable(f"The Valkey of VALKEY_URL does not answer: {_first_line(error)}") from None


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def answers(url: str) -> bool:
    """Does a GET of `url` give 200 within a second?"""
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return response.status == 200
    except OSError:  # a refused connection, a status of failure and a time-out are all kinds of it
        return False


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
