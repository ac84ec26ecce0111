"""config.toml -> frozen settings; all faults at once, each with its key and line."""
