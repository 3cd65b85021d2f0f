"""The embedded server: everything that Minigiants needs, on one machine, without root or Docker.

It starts PostgreSQL, Redis, the web application and the workers as child processes and watches
over them. It imports neither Django nor any other package of the platform: they run in children.
"""
