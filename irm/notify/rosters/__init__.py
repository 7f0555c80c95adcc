"""Rosters as they are made: rotations, overrides, swaps, leave, temporary schedules, and what becomes of them."""
