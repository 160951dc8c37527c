"""The exchange's settings for benchmarks: every limit is looked at and none is reached; an empty view."""

from exchange.settings import *  # noqa: F403

RATE_LIMITS = dict.fromkeys(("key", "user", "ip", "sign_in_ip", "sign_in_email"), (10**9, 10**6))
ANONYMOUS_SOCKETS_PER_ADDRESS = 10**6
ROOT_URLCONF = "tests.performance.peer_views"
