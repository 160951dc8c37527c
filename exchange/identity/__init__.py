"""Who is asking: users, their trading accounts, API keys, authentication, scopes and rate limits."""
