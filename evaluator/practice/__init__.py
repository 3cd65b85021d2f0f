"""A model scored on its owner's machine, on data whose labels are public.

The same harness, protocol, task and metrics as on the platform; no sandbox, because the model is
the caller's own. Started as `python -m evaluator.practice` by the command line's `score`.
"""
