"""A client of DMPC in Python, written from docs/PROTOCOL.md and the .proto files alone.

It shares no code with the implementation in Rust: what both agree on is what the document says.
"""
