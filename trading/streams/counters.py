"""What a process counts of its sockets."""

from typing import Final

from prometheus_client import Counter, Gauge

OPEN: Final = Gauge("exchange_sockets_open", "Sockets open now.", multiprocess_mode="livesum")
RECEIVED: Final = Counter("exchange_socket_frames_received", "Messages of clients.")
SENT: Final = Counter("exchange_socket_frames_sent", "Frames given to the network.")
CLOSED: Final = Counter("exchange_sockets_closed_by_us", "Sockets that were closed for a reason.", ["code"])
