"""How far a count of dimensions can be trusted, learned from data of known dimension."""
