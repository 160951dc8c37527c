"""What the wallets decide, without database or clock. Pure."""
