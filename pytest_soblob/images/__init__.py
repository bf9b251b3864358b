"""Pictures: what a specification makes of them, and what bytes are of one."""
