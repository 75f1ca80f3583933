"""Tables as documents, cell by cell, with the notes below them."""
