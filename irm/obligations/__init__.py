"""What is owed to whom by when, and what was done about it: obligations, submissions, receipts, contact records."""
