"""Small additions to the standard library: the real clock, checks of numbers, a kept property."""
