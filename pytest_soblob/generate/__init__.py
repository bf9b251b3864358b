"""Messages generated without Hypothesis: mutations, and bytes that keep their origin."""
