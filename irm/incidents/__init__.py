"""What was told (filings), the happening (incident), each organization's share of it (parts), and how grave it is."""
