"""Reads checkpoints as transformers writes them: configuration, index, shards, packed weights."""
