"""A second engine, written from docs/engine-rules.md alone: lists, linear scans, everything computed anew.

It shares the vocabulary (commands, events, terms) with `trading.engine` and nothing else; it is the oracle for it.
"""
