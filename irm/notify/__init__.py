"""Who is on duty, who is told what by which channel, and who confirmed it."""
