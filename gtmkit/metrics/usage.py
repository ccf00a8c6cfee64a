"""Do people come back to the product: retention of usage, by day, week or month of the first event."""
