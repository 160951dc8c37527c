"""The WebSocket at /ws/v1: channels to listen to, and orders by message."""
