"""Pure: each order's fate, missed sales, guards, fulfilment, the pool."""
