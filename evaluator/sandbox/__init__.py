"""Runs a submitted model where it can reach nothing: one interface, several strengths.

`base` is the interface, `choice` picks an implementation, `conversation` is what every
implementation holds with the harness beside the model.
"""
