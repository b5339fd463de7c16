"""Stand-ins for what the tests cannot reach: a provider of models on the loopback interface."""
