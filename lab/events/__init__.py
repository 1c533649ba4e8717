"""What a run says while it trains: the schema, the writing, and reading it back in bounded memory."""
