"""What a shell completes when a person presses Tab."""
