"""Drills: planned, approved, run on the same engine as the real night, scored, reported (GB/T 38645-2020 annex A)."""
