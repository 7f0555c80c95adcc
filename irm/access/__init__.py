"""Who is who and who may what: organizations, people, posts, accounts, sessions, tokens."""
