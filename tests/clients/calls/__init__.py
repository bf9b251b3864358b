"""One module per client: the calls that it makes, for the recorder and for the live tests."""
