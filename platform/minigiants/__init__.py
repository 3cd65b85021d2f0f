"""The web application of Minigiants."""
