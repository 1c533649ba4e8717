"""One model from base and adapter: measured first, then chosen, then saved."""
