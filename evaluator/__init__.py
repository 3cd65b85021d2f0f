"""The workers of Minigiants: inspection, sandbox, harness, scoring.

Nothing in this package imports Django or the web application.
"""
