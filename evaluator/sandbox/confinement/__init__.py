"""Shuts a process into namespaces of its own, without a container engine.

Runs as a program of its own (`python -m evaluator.sandbox.confinement PLAN DESCRIPTOR`), because
namespaces must be entered before threads exist, and what enters them holds nothing of the worker.
Standard library only.
"""
