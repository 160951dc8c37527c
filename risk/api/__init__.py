"""The REST API of risk under /api/v1/risk."""
