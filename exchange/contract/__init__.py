"""What every app and every client agrees on: error codes, numbers as text, cursors, digests. Pure."""
