"""The duty screen (值班屏): a wall that counts and sounds, and tells nothing of what it is about."""
