"""Drivers that run a model under a budget: transformers first; vLLM and servers to come."""
