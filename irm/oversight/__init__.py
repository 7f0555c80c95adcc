"""Oversight of organizations and vendors: what they owe through the year, papers, planned changes."""
