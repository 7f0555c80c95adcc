"""The annual compliance report: figures frozen in editions, documents made of them."""
