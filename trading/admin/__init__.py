from trading.admin import accounts, instruments, journal, rows

__all__ = ["accounts", "instruments", "journal", "rows"]
