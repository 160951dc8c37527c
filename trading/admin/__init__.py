from trading.admin import accounts, instruments, journal, risk, rows

__all__ = ["accounts", "instruments", "journal", "risk", "rows"]
