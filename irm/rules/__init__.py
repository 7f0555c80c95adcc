"""What the law asks, as data: rule packs, grading, and who owes what to whom by when."""
