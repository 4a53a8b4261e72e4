"""The trial as written: frozen values read from protocol.toml."""

from calor.protocol.protocol import Protocol
from calor.protocol.read import parse_protocol, read_protocol
from calor.protocol.schema import protocol_schema

__all__ = ["Protocol", "parse_protocol", "protocol_schema", "read_protocol"]
