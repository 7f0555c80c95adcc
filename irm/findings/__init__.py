"""Findings and their rectification: what was found wrong, who puts it right until when, and who says that it is right."""
