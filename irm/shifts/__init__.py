"""交接班: what a desk has in hand goes from one shift to the next, on record."""
