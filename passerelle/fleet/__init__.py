"""Many shops on many machines: one queue in PostgreSQL, and whoever is free works on it."""
