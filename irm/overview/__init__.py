"""Pages that show many rooms at once: the duty board."""
