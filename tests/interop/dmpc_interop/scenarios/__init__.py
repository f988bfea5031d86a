"""What the specifications ask of the client: each scenario takes and gives JSON, and raises when something is wrong."""
