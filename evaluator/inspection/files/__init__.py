"""Readers of the files of an artifact: tensors, archives of tensors, and text."""
