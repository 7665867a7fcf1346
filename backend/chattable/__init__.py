"""A ChatGPT-like chat for any Django app."""
