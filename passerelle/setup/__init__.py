"""What ``passerelle setup`` asks for, and the config.toml that follows; it asks nothing itself."""
