"""What measures a trained method: evidence on demand, features, arrays, untrained networks."""
