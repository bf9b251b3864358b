"""Whether a message conforms to the contract: rules, verdicts and their rendering."""
