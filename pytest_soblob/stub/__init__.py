"""The endpoint that clients call: how it answers, what it records, what it plays."""
