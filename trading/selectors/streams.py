"""Where each stream stands: the last sequence at which what it is about changed."""

from collections.abc import Collection

from django.db import connection

StreamKey = tuple[str, int]


def stream_positions(*, keys: Collection[StreamKey]) -> dict[StreamKey, int]:
    """By (projection, owner id); 0 where nothing ever changed."""
    projections, owners = [key[0] for key in keys], [key[1] for key in keys]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT projection, owner_id, sequence FROM trading_streamposition"
            " WHERE (projection, owner_id) IN (SELECT * FROM unnest(%s::text[], %s::bigint[]))",
            [projections, owners],
        )
        found = {(projection, owner_id): sequence for projection, owner_id, sequence in cursor.fetchall()}
    return {key: found.get(key, 0) for key in keys}
