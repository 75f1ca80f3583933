"""Who takes part: literal tables of the built-in methods, datasets, metrics and studies. Adding one
is one line in one of them."""
