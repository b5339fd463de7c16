"""Model agents, one provider a module."""
