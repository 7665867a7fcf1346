"""What a pooled connection is asked before it is used again."""

import select
from typing import Any


def check_connection(connection: Any) -> None:
    """Raise `OperationalError` where the server has closed the connection, which it says before it is asked.

    psycopg's own check asks it with each use: a tenth of what the database has to do for a message.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        # It has said something: its end, or a notice.
        from psycopg_pool import ConnectionPool

        ConnectionPool.check_connection(connection)
