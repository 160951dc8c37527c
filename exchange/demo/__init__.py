"""The demo world: its people, its money and its crowd. Only with DEMO=1."""
