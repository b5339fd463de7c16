"""Ready-made agents: models, people, histories. Each module by itself; none imports another but for `llm.base`."""
