"""What the user decided, and where: flags, environment, files; roles and templates."""
