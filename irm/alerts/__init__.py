"""What machines send: taken in, sorted, and an incident only by a person's word or a city rule's."""
