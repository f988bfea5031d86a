"""The vectors of the project."""
