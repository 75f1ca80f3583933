"""What a trained method is measured by: evidence on demand, features, arrays, untrained networks."""
