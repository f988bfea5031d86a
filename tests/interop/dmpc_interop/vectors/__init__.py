"""The vectors of the project in tests/vectors, checked: one function for each kind of check."""
