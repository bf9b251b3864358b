"""The SOAP envelope, the XML form of its values, and the messages as values."""
