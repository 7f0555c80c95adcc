"""The outside world on loopback: real servers that record what they are given and answer as told."""
