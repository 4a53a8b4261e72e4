"""The trial as written: frozen values read from protocol.toml."""
