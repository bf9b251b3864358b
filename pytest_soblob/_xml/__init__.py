"""Bytes to a tree: the document, its prolog, syntax errors and positions."""
