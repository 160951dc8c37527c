"""Where a request comes from. X-Forwarded-For counts only as far as it was written by TRUSTED_PROXIES."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(request: HttpRequest) -> Address | None:
    """The nearest address that is not a trusted proxy; None when the connection has none (a unix socket)."""
    address = _parse(request.META.get("REMOTE_ADDR", ""))
    proxies = _networks_of(tuple(settings.TRUSTED_PROXIES))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while address is not None and forwarded and is_in(address, proxies):
        earlier = _parse(forwarded.pop().strip())
        if earlier is None:
            break
        address = earlier
    return address


def is_in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def rate_limit_name(address: Address | None) -> str:
    """One name for all a customer can choose freely from: an IPv4 address, an IPv6 /64."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=16)
def _networks_of(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)
